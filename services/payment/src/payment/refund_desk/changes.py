"""Changes of what goes back through the gateway, a refund or kept money. Each is made under the lock of its row."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from chassis.database import UnitOfWork
from sqlalchemy import select

from payment.incoming.rules import MoneyState
from payment.incoming.tables import UnassignedMoney
from payment.refunds.rules import GatewayError, RefundState, Way, next_question
from payment.refunds.tables import Refund

Row = TypeVar("Row", Refund, UnassignedMoney)

_AT_ONCE: Final = 10
_LEASE: Final = timedelta(minutes=1)
"""A process that dies while it asks leaves the rest to others after this."""


async def claim_rows(work: UnitOfWork, table: type[Row]) -> Sequence[Row]:
    """Return some rows that are due to be asked about, and lease them to this process."""
    is_due = (table.ask_at <= work.now, table.state == RefundState.ASKED)
    due = select(table).where(*is_due).order_by(table.ask_at).limit(_AT_ONCE)
    rows = (await work.session.execute(due.with_for_update(skip_locked=True))).scalars().all()
    for row in rows:
        row.ask_at = work.now + _LEASE
    return rows


def ask_later(row: Refund | UnassignedMoney, now: datetime) -> None:
    """Set when the gateway is asked about it next, if it still is."""
    if row.state == RefundState.ASKED:
        row.ask_at = next_question(row.sent_at or row.accepted_at or now, now)


def accept(row: Refund | UnassignedMoney, now: datetime) -> None:
    """Store that the gateway has accepted it, which it confirms later."""
    if is_unanswered(row):
        row.accepted_at = now


def is_unanswered(row: Refund | UnassignedMoney) -> bool:
    """Return whether the gateway was asked for it, and was not seen to know it."""
    return row.state == RefundState.ASKED and row.accepted_at is None


def leave_to_people(row: Refund | UnassignedMoney, state: RefundState | MoneyState, error: GatewayError) -> None:
    """Let it be due again, in this state, to be transferred by hand."""
    row.state, row.way, row.gateway_key = state, Way.HAND, None
    row.sent_at = row.sent_by = row.ask_at = None
    row.gateway_error = error
