"""The columns of CSVs of other banks: chosen once by a person, then used for every file with the same header."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid4

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from chassis.errors import InvalidFields
from chassis.wording import Wording
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from payment.statements.dates import DateOrder
from payment.statements.line_errors import UnknownMapping
from payment.statements.mapping import ColumnMapping, folded_name, header_key
from payment.statements.numbers import DecimalMark
from payment.statements.tables import StatementMapping

_FEWEST_NAMES: Final = 3
_NO_NAMES: Final = Wording(
    en="The header must have the names of at least three columns: by them the next file is recognised.",
    id="Judul harus memuat nama paling sedikit tiga kolom: dengan itu berkas berikutnya dikenali.",
)


class WrittenOrder(StrEnum):
    """The order of day, month and year in dates. A year of four digits in front is always recognised."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"
    YEAR_FIRST = "ymd"


_ORDERS: Final = {
    WrittenOrder.DAY_FIRST: DateOrder.DAY_FIRST,
    WrittenOrder.MONTH_FIRST: DateOrder.MONTH_FIRST,
    WrittenOrder.YEAR_FIRST: DateOrder.YEAR_FIRST,
}


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Which column holds what, counted from 0, as in `ColumnMapping`."""

    date: int
    text: Sequence[int]
    amount: int | None = None
    side: int | None = None
    credit: int | None = None
    debit: int | None = None
    balance: int | None = None
    reference: int | None = None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The columns that a person chose for files with a header.

    Attributes:
        decimal_mark: used only if no number of a file proves its own; None for a point.
    """

    name: str
    header: Sequence[str]
    columns: Columns
    date_order: WrittenOrder
    decimal_mark: DecimalMark | None = None


async def known_mappings(session: AsyncSession) -> Sequence[ColumnMapping]:
    """Return the columns of all CSVs that people chose."""
    rows = (await session.execute(select(StatementMapping))).scalars()
    return [_mapping(row.header, row.columns, row.date_order, row.decimal_mark) for row in rows]


async def list_mappings(session: AsyncSession) -> Sequence[StatementMapping]:
    """Return the columns of all CSVs that people chose, with their names, in the order of these."""
    query = select(StatementMapping).order_by(StatementMapping.name, StatementMapping.id)
    return (await session.execute(query)).scalars().all()


async def store_mapping(work: UnitOfWork, choice: Choice, *, by: Staff) -> StatementMapping:
    """Store the columns of a CSV and return them; they replace those of another choice for the same header.

    Raises:
        InvalidFields: the choice is incomplete or contradicts itself; a field may be `columns.amount`.
    """
    _check(choice)
    columns = {name: value for name, value in vars(choice.columns).items() if value is not None}
    chosen: dict[str, Any] = {
        "name": choice.name,
        "header": list(choice.header),
        "columns": columns | {"text": list(choice.columns.text)},
        "date_order": choice.date_order,
        "decimal_mark": choice.decimal_mark,
        "created_by": by.id,
        "created_at": work.now,
    }
    key = hashlib.sha256(header_key(choice.header).encode()).hexdigest()
    new = insert(StatementMapping).values(id=uuid4(), header_key=key, **chosen)
    stored = new.on_conflict_do_update(index_elements=["header_key"], set_=chosen).returning(StatementMapping)
    row = (await work.session.execute(stored, execution_options={"populate_existing": True})).scalar_one()
    await work.audit(by.actor, "statement_mapping.store", str(row.id), name=choice.name, columns=chosen["columns"])
    return row


async def delete_mapping(work: UnitOfWork, mapping_id: UUID, *, by: Staff) -> None:
    """Delete the columns of a CSV. What was imported with them stays.

    Raises:
        UnknownMapping.
    """
    this = delete(StatementMapping).where(StatementMapping.id == mapping_id).returning(StatementMapping.name)
    name = (await work.session.execute(this)).scalar_one_or_none()
    if name is None:
        raise UnknownMapping
    await work.audit(by.actor, "statement_mapping.delete", str(mapping_id), name=name)


def _check(choice: Choice) -> None:
    if sum(bool(folded_name(cell)) for cell in choice.header) < _FEWEST_NAMES:
        raise InvalidFields(("header", _NO_NAMES))
    try:
        _mapping(choice.header, vars(choice.columns), choice.date_order, choice.decimal_mark)
    except InvalidFields as refused:
        raise InvalidFields(*_in_columns(refused.fields)) from None


def _in_columns(fields: Iterable[tuple[str, Wording]]) -> Iterable[tuple[str, Wording]]:
    return [(name if name == "header" else f"columns.{name}", wording) for name, wording in fields]


def _mapping(
    header: Sequence[str], columns: Mapping[str, Any], date_order: str, decimal_mark: str | None
) -> ColumnMapping:
    chosen = Columns(**columns)
    return ColumnMapping(
        header=tuple(header),
        date=chosen.date,
        text=tuple(chosen.text),
        amount=chosen.amount,
        side=chosen.side,
        credit=chosen.credit,
        debit=chosen.debit,
        balance=chosen.balance,
        reference=chosen.reference,
        date_order=_ORDERS[WrittenOrder(date_order)],
        usual_mark=DecimalMark(decimal_mark) if decimal_mark else DecimalMark.POINT,
    )
