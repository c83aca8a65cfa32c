"""Routes for the columns of CSVs of other banks, for finance."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from chassis.auth.access import Finance
from chassis.errors import InvalidFields
from chassis.web.dependencies import Read, Work
from chassis.web.models import Body, Line, LineOrEmpty, OrNone, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from pydantic import Field

from payment.statements import mappings
from payment.statements.line_errors import UnknownMapping
from payment.statements.mapping import MOST_COLUMNS
from payment.statements.mappings import Choice, Columns, WrittenOrder
from payment.statements.numbers import DecimalMark
from payment.statements.tables import StatementMapping

router = Router(prefix="/statement-mappings", tags=["statements"])

_MOST_TEXTS: Final = 10
Column = Annotated[int, Field(ge=0, lt=MOST_COLUMNS)]


class ColumnsOf(Body):
    """Which column holds what, counted from 0.

    An amount is in `amount`, signed or with CR or DB in its cell or in `side`; or in `credit` and, if there is one, in
    `debit`. `text` are columns with descriptions.
    """

    date: Column
    text: Annotated[list[Column], Field(min_length=1, max_length=_MOST_TEXTS)]
    amount: Column | None = None
    side: Column | None = None
    credit: Column | None = None
    debit: Column | None = None
    balance: Column | None = None
    reference: Column | None = None


class NewMapping(Body):
    """The columns of the CSV whose header is `header`. `decimal_mark` is used if no number of a file proves its own."""

    name: Annotated[Line, Field(max_length=100)]
    header: Annotated[list[Annotated[LineOrEmpty, Field(max_length=200)]], Field(max_length=MOST_COLUMNS)]
    columns: ColumnsOf
    date_order: WrittenOrder = Field(strict=False)
    decimal_mark: OrNone[Annotated[DecimalMark, Field(strict=False)]] = None

    def choice(self) -> Choice:
        """Return what is stored."""
        return Choice(
            name=self.name,
            header=self.header,
            columns=Columns(**self.columns.model_dump()),
            date_order=self.date_order,
            decimal_mark=self.decimal_mark,
        )


class ColumnsView(View):
    """Which column holds what, counted from 0; null for what the CSV does not have."""

    date: int
    text: Sequence[int]
    amount: int | None = None
    side: int | None = None
    credit: int | None = None
    debit: int | None = None
    balance: int | None = None
    reference: int | None = None


class MappingView(View):
    """The columns by which files with this header are read."""

    mapping_id: UUID
    name: str
    header: Sequence[str]
    columns: ColumnsView
    date_order: WrittenOrder
    decimal_mark: DecimalMark | None
    created_by: UUID
    created_at: datetime

    @classmethod
    def of(cls, row: StatementMapping) -> Self:
        """Build the view of stored columns."""
        names = ("name", "header", "columns", "date_order", "decimal_mark", "created_by", "created_at")
        return cls.model_validate({"mapping_id": row.id, **{name: getattr(row, name) for name in names}})


class Mappings(View):
    """All columns that people chose."""

    items: Sequence[MappingView]


@router.get("")
async def list_mappings(_: Finance, session: Read) -> Mappings:
    """Return the columns of CSVs of other banks, in the order of their names."""
    return Mappings(items=[MappingView.of(row) for row in await mappings.list_mappings(session)])


@router.post("", status_code=201, responses=errors(InvalidFields))
async def store_mapping(body: NewMapping, staff: Finance, work: Work) -> MappingView:
    """Store the columns of a CSV: files with its header are read by them from now on. The same header is replaced."""
    return MappingView.of(await mappings.store_mapping(work, body.choice(), by=staff))


@router.delete("/{mapping_id}", status_code=204, responses=errors(UnknownMapping))
async def delete_mapping(mapping_id: UUID, staff: Finance, work: Work) -> None:
    """Delete the columns of a CSV. What was imported with them stays."""
    await mappings.delete_mapping(work, mapping_id, by=staff)
