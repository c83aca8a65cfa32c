"""Queries for settlement reports, and for what they are compared with."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, String, any_, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from payment.charges.rules import ChargeStatus
from payment.charges.tables import Charge
from payment.gateway_reports.errors import UnknownReport
from payment.gateway_reports.rules import FeePayout, KnownCharge
from payment.gateway_reports.tables import GatewayReport
from payment.invoices.tables import Invoice
from payment.ledger.rules import Account
from payment.statements.rules import LineState
from payment.statements.tables import StatementLine

_KNOWN: Final = (
    *(Charge.id, Charge.order_id, Charge.registration_id, Invoice.registration_number),
    *(Charge.method, Charge.amount, Charge.status, Charge.fee, Charge.created_at),
)
_SETTLED: Final = frozenset({ChargeStatus.PAID, ChargeStatus.CHARGED_BACK})
"""Whose money was settled, and the fee kept back; a chargeback comes later and gives no fee back."""


async def lock_charges(session: AsyncSession, order_ids: Sequence[str]) -> Mapping[str, KnownCharge]:
    """Return the charges with these order ids, by order id. They are locked in the order of their ids.

    So comparisons at once wait for each other, and do not deadlock.
    """
    wanted = Charge.order_id == any_(literal(list(order_ids), ARRAY(String)))
    query = select(*_KNOWN).join(Invoice, Invoice.registration_id == Charge.registration_id).where(wanted)
    rows = (await session.execute(query.order_by(Charge.id).with_for_update(of=Charge))).mappings().all()
    return {row["order_id"]: KnownCharge(**row, is_settled=row["status"] in _SETTLED) for row in rows}


async def last_fee_payout(session: AsyncSession) -> FeePayout | None:
    """Return the last payout of the gateway that was recorded with a fee; None if there is none."""
    with_fee = (
        StatementLine.state == LineState.PAYOUT,
        StatementLine.payout_channel == Account.MIDTRANS,
        StatementLine.payout_fee > 0,
    )
    query = select(StatementLine.id, StatementLine.booked_on).where(*with_fee)
    row = (await session.execute(query.order_by(StatementLine.booked_on.desc(), StatementLine.id).limit(1))).first()
    return None if row is None else FeePayout(row.id, row.booked_on)


async def report_by_id(session: AsyncSession, report_id: UUID) -> GatewayReport:
    """Return a report.

    Raises:
        UnknownReport.
    """
    found = await session.get(GatewayReport, report_id)
    if found is None:
        raise UnknownReport
    return found


async def list_reports(
    session: AsyncSession, *, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[GatewayReport]:
    """Return reports without what differs, the newest first."""
    order = (GatewayReport.uploaded_at, GatewayReport.id)
    without_items = defer(GatewayReport.items, raiseload=True)
    query = select(GatewayReport).options(without_items).order_by(*(column.desc() for column in order)).limit(limit)
    if before is not None:
        query = query.where(tuple_(*order) < tuple_(*before))
    return (await session.execute(query)).scalars().all()
