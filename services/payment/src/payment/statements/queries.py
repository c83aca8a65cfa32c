"""Queries for statements, their lines, and the invoices that lines may pay."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, RowMapping, Select, and_, case, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from payment.incoming.rules import MoneyState
from payment.incoming.tables import UnassignedMoney
from payment.instructions.tables import PaymentSettings
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice, TransferAmount
from payment.ledger.rules import Channel
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.refunds.rules import RefundState, Way
from payment.refunds.tables import Refund
from payment.statements.line_errors import UnknownStatement, UnknownStatementLine
from payment.statements.model import RUPIAH
from payment.statements.outgoing import Returned, SentBack
from payment.statements.rules import LineState
from payment.statements.tables import ImportedStatement, LinePayment, StatementLine, UndoneDecision

MOST_CANDIDATES: Final = 200_000
"""Maximum number of invoices that lines are matched with: open ones first, then those that ended last."""

_PART: Final = 1000

_is_open: Final = Invoice.status.in_((InvoiceStatus.OPEN, InvoiceStatus.PROOF_UPLOADED))
_WHOSE: Final = (Invoice.registration_id, Invoice.registration_number, Invoice.payer_name)
_ended_at: Final = func.coalesce(Payment.verified_at, Invoice.updated_at)
_awaits_line: Final = and_(
    Payment.channel == Channel.PROOF,
    Payment.payment_method == "bank_transfer",
    ~exists().where(LinePayment.payment_id == Payment.id),
)


async def own_account(session: AsyncSession) -> str | None:
    """Return the number of the account that runners pay to; None if the settings name none."""
    return (await session.execute(select(PaymentSettings.account_number))).scalar_one()


async def credits_between(session: AsyncSession, account: str | None, first: date, last: date) -> Sequence[Row[Any]]:
    """Return what came in to an account from `first` to `last`, by all its statements.

    A row has the day, amount, text and fingerprint of a line, and the format of its statement. The rows come in parts,
    so that other requests are answered meanwhile.

    Args:
        account: None for the statements that name none.
    """
    columns = (StatementLine.booked_on, StatementLine.amount, StatementLine.text, StatementLine.fingerprint)
    query: Select[*tuple[Any, ...]] = select(*columns, ImportedStatement.format)
    query = query.join(ImportedStatement, ImportedStatement.id == StatementLine.statement_id)
    of_account = ImportedStatement.account.is_not_distinct_from(account)
    query = query.where(of_account, StatementLine.booked_on.between(first, last), StatementLine.amount > 0)
    return await _in_parts(session, query)


async def invoices_for_lines(session: AsyncSession, *, since: datetime) -> Sequence[Row[Any]]:
    """Return the invoices in rupiah that are open or ended `since`, at most `MOST_CANDIDATES`.

    A row has the columns that `Candidate` needs; `ended_at` is null for open ones, `awaits_line` is null for unpaid
    ones. The rows come in parts, so that other requests are answered meanwhile.
    """
    verified = and_(Payment.registration_id == Invoice.registration_id, Payment.status == PaymentStatus.VERIFIED)
    query: Select[*tuple[Any, ...]] = (
        select(
            Invoice.registration_id,
            Invoice.registration_number,
            Invoice.amount,
            Invoice.payer_name,
            Invoice.status,
            Invoice.created_at,
            TransferAmount.code,
            TransferAmount.payable_amount,
            TransferAmount.created_at.label("asked_at"),
            Payment.received,
            _awaits_line.label("awaits_line"),
            case((_is_open, None), else_=_ended_at).label("ended_at"),
        )
        .join_from(Invoice, Payment, verified, isouter=True)
        .join(TransferAmount, TransferAmount.registration_id == Invoice.registration_id, isouter=True)
        .where(Invoice.amount > 0, Invoice.currency == RUPIAH, or_(_is_open, _ended_at >= since))
        .order_by(_is_open.desc(), _ended_at.desc())
        .limit(MOST_CANDIDATES)
    )
    return await _in_parts(session, query)


async def _in_parts(session: AsyncSession, query: Select[*tuple[Any, ...]]) -> Sequence[Row[Any]]:
    found: list[Row[Any]] = []
    async for part in (await session.stream(query)).partitions(_PART):
        found.extend(part)
    return found


async def money_sent_back(session: AsyncSession) -> Sequence[SentBack]:
    """Return refunds and kept money in rupiah that went back by hand, or are to, and that no line shows yet."""
    shown = exists().where(StatementLine.refund_id == Refund.id)
    refunds: Select[*tuple[Any, ...]] = (
        select(Refund.id, Refund.amount, Refund.reference, *_WHOSE)
        .join_from(Refund, Payment, Payment.id == Refund.payment_id)
        .join(Invoice, Invoice.registration_id == Payment.registration_id)
        .where(Refund.way == Way.HAND, Refund.state != RefundState.CANCELLED, Payment.currency == RUPIAH, ~shown)
    )
    of_line = exists().where(StatementLine.money_id == UnassignedMoney.id)
    left = (UnassignedMoney.amount - UnassignedMoney.gone_back).label("amount")
    goes_back = UnassignedMoney.state.in_((MoneyState.REFUND_DUE, MoneyState.REFUNDED))
    kept: Select[*tuple[Any, ...]] = (
        select(UnassignedMoney.id, left, UnassignedMoney.refund_reference.label("reference"), *_WHOSE)
        .join_from(UnassignedMoney, Invoice, Invoice.registration_id == UnassignedMoney.registration_id, isouter=True)
        .where(goes_back, UnassignedMoney.currency == RUPIAH, ~of_line)
    )
    return [
        *(_sent_back(Returned.REFUND, row) for row in await session.execute(refunds.limit(MOST_CANDIDATES))),
        *(_sent_back(Returned.KEPT_MONEY, row) for row in await session.execute(kept.limit(MOST_CANDIDATES))),
    ]


def _sent_back(what: Returned, row: Row[Any]) -> SentBack:
    return SentBack(
        what=what,
        id=row.id,
        amount=row.amount,
        registration_id=row.registration_id,
        number=row.registration_number or "",
        payer_name=row.payer_name or "",
        reference=row.reference,
    )


async def statement_by_id(session: AsyncSession, statement_id: UUID) -> RowMapping:
    """Return a statement with the columns of the list.

    Raises:
        UnknownStatement.
    """
    found = (await session.execute(_statements().where(ImportedStatement.id == statement_id))).mappings().first()
    if found is None:
        raise UnknownStatement
    return found


def _statements() -> Select[*tuple[Any, ...]]:
    undecided = and_(StatementLine.statement_id == ImportedStatement.id, StatementLine.state == LineState.OPEN)
    still = select(func.count()).where(undecided).scalar_subquery()
    return select(*ImportedStatement.__table__.columns, still.label("open"))


async def list_statements(
    session: AsyncSession, *, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[RowMapping]:
    """Return statements, the newest first, with the number of their lines that are still open."""
    order = (ImportedStatement.uploaded_at, ImportedStatement.id)
    query = _statements().order_by(*(column.desc() for column in order)).limit(limit)
    if before is not None:
        query = query.where(tuple_(*order) < tuple_(*before))
    return (await session.execute(query)).mappings().all()


async def list_lines(
    session: AsyncSession,
    statement_id: UUID,
    state: LineState | None,
    *,
    limit: int,
    after: tuple[int, UUID] | None,
) -> Sequence[StatementLine]:
    """Return lines that a statement added, in the order of the file, of one state unless it is None.

    Raises:
        UnknownStatement.
    """
    if await session.get(ImportedStatement, statement_id) is None:
        raise UnknownStatement
    order = (StatementLine.number, StatementLine.id)
    query = select(StatementLine).where(StatementLine.statement_id == statement_id).order_by(*order).limit(limit)
    if state is not None:
        query = query.where(StatementLine.state == state)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return (await session.execute(query)).scalars().all()


async def line_by_id(session: AsyncSession, line_id: UUID) -> StatementLine:
    """Return a line.

    Raises:
        UnknownStatementLine.
    """
    line = await session.get(StatementLine, line_id)
    if line is None:
        raise UnknownStatementLine
    return line


class PaymentOfLine(NamedTuple):
    """A payment that a line is or confirms."""

    payment_id: UUID
    registration_id: UUID


async def payments_of_lines(session: AsyncSession, lines: Iterable[StatementLine]) -> dict[UUID, list[PaymentOfLine]]:
    """Return the payments of lines, by the line."""
    of_them = LinePayment.line_id.in_([line.id for line in lines if line.payment_id is not None])
    query = select(LinePayment.line_id, LinePayment.payment_id, Payment.registration_id)
    query = query.join(Payment, Payment.id == LinePayment.payment_id).where(of_them).order_by(Payment.registration_id)
    found: dict[UUID, list[PaymentOfLine]] = {}
    for line_id, payment_id, registration_id in (await session.execute(query)).all():
        found.setdefault(line_id, []).append(PaymentOfLine(payment_id, registration_id))
    return found


async def undone_by_line(session: AsyncSession, lines: Iterable[StatementLine]) -> dict[UUID, UndoneDecision]:
    """Return the last decision about each line that was taken back, by the line."""
    of_them = UndoneDecision.line_id.in_([line.id for line in lines])
    rows = (await session.execute(select(UndoneDecision).where(of_them).order_by(UndoneDecision.number))).scalars()
    return {row.line_id: row for row in rows}


async def invoices_by_id(session: AsyncSession, registration_ids: Iterable[str]) -> dict[str, RowMapping]:
    """Return what is shown of the invoices of registrations, by the registration's id as text."""
    columns = (
        Invoice.registration_id,
        Invoice.registration_number,
        Invoice.payer_name,
        Invoice.amount,
        Invoice.currency,
        Invoice.status,
    )
    wanted = Invoice.registration_id.in_({UUID(each) for each in registration_ids})
    rows = (await session.execute(select(*columns).where(wanted))).mappings()
    return {str(row["registration_id"]): row for row in rows}
