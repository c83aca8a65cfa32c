"""Queries for statements, their lines, and the invoices that lines may pay."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, RowMapping, and_, case, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from payment.instructions.tables import PaymentSettings
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.ledger.rules import Channel
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.statements.line_errors import UnknownStatement
from payment.statements.model import RUPIAH
from payment.statements.rules import LineState
from payment.statements.tables import ImportedStatement, StatementLine

MOST_CANDIDATES: Final = 200_000
"""Maximum number of invoices that lines are matched with: open ones first, then those that ended last."""

_is_open: Final = Invoice.status.in_((InvoiceStatus.OPEN, InvoiceStatus.PROOF_UPLOADED))
_ended_at: Final = func.coalesce(Payment.verified_at, Invoice.updated_at)
_awaits_line: Final = and_(
    Payment.channel == Channel.PROOF,
    Payment.payment_method == "bank_transfer",
    ~exists().where(StatementLine.payment_id == Payment.id),
)


async def own_account(session: AsyncSession) -> str | None:
    """Return the number of the account that runners pay to; None if the settings name none."""
    return (await session.execute(select(PaymentSettings.account_number))).scalar_one()


async def invoices_for_lines(session: AsyncSession, *, since: datetime) -> Sequence[Row[Any]]:
    """Return the invoices in rupiah that are open or ended `since`, at most `MOST_CANDIDATES`.

    A row has the columns that `Candidate` needs; `ended_at` is null for open ones, `awaits_line` is null for unpaid
    ones. The rows come in parts, so that other requests are answered meanwhile.
    """
    verified = and_(Payment.registration_id == Invoice.registration_id, Payment.status == PaymentStatus.VERIFIED)
    query = (
        select(
            Invoice.registration_id,
            Invoice.registration_number,
            Invoice.amount,
            Invoice.payer_name,
            Invoice.status,
            Invoice.created_at,
            _awaits_line.label("awaits_line"),
            case((_is_open, None), else_=_ended_at).label("ended_at"),
        )
        .join_from(Invoice, Payment, verified, isouter=True)
        .where(Invoice.amount > 0, Invoice.currency == RUPIAH, or_(_is_open, _ended_at >= since))
        .order_by(_is_open.desc(), _ended_at.desc())
        .limit(MOST_CANDIDATES)
    )
    found: list[Row[Any]] = []
    async for part in (await session.stream(query)).partitions(1000):
        found.extend(part)
    return found


async def list_statements(
    session: AsyncSession, *, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[RowMapping]:
    """Return statements, the newest first, with the number of their lines that are still open."""
    order = (ImportedStatement.uploaded_at, ImportedStatement.id)
    undecided = and_(StatementLine.statement_id == ImportedStatement.id, StatementLine.state == LineState.OPEN)
    still = select(func.count()).where(undecided).scalar_subquery()
    query = select(*ImportedStatement.__table__.columns, still.label("open"))
    query = query.order_by(*(column.desc() for column in order)).limit(limit)
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
