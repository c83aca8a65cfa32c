"""Reconciling: all that is read comes from one snapshot of the database."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from chassis.database import Database
from chassis.health import LATE_OUTBOX_SECONDS, lateness
from sqlalchemy.ext.asyncio import AsyncSession

from payment.ledger.rules import Account
from payment.reconciliation import commands
from payment.reconciliation.figures import Figures, read_figures
from payment.reconciliation.findings import find
from payment.reconciliation.models import ReconciliationView
from payment.reconciliation.queries import ran_since
from payment.reconciliation.rules import (
    CHANNELS,
    Channel,
    Finding,
    Item,
    ItemKind,
    channel_of,
    payout_finding,
)

_RUPIAH: Final = "IDR"
_PAID_OUT: Final = (Account.MIDTRANS, Account.QRIS)


async def reconcile(database: Database, zone: ZoneInfo) -> ReconciliationView:
    """Return the reconciliation of today as it is now. Nothing is stored."""
    now = database.clock()
    events = await _stuck_events(database)
    async with database.read() as session:
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        channels = await _channels(session, events, now=now, zone=zone)
    return ReconciliationView.of(channels, day=now.astimezone(zone).date(), zone=zone, ran_at=now)


async def _channels(
    session: AsyncSession, events: Sequence[Finding], *, now: datetime, zone: ZoneInfo
) -> Sequence[Channel]:
    figures = await read_figures(session, now=now)
    first = datetime.combine(figures.first_day, time(), zone) if figures.first_day else None
    found = [*events, *await find(session, figures, first=first, now=now)]
    for account in _PAID_OUT:
        for currency in _currencies(figures):
            payout = payout_finding(account, currency, figures.flows, now=now, statements_in_use=first is not None)
            found += [payout] if payout else []
    return [
        channel_of(account, currency, flows=figures.flows, facts=figures.facts, findings=found)
        for currency in _currencies(figures)
        for account in CHANNELS
        if account is not Account.USDT or figures.has_usdt
    ]


def _currencies(figures: Figures) -> Sequence[str]:
    of_facts = (currency for _, currency in figures.facts)
    return sorted({_RUPIAH, *(each.currency for each in figures.flows), *of_facts})


async def _stuck_events(database: Database) -> Sequence[Finding]:
    """Return whether registration may not know what was paid: events wait long, or were given up."""
    late = await lateness(database)
    count = late.dead_letters + (late.oldest_outbox_seconds > LATE_OUTBOX_SECONDS)
    kind = ItemKind.EVENTS_STUCK
    return [Finding(Account.RUNNERS, _RUPIAH, kind, [Item(kind=kind, count=count)], count)] if count else []


async def run(database: Database, zone: ZoneInfo, *, day: date | None = None) -> ReconciliationView:
    """Reconcile, store it as that of a day, and return it.

    Args:
        day: None for today. The run of a day that is over replaces those that ran before its end.
    """
    found = await reconcile(database, zone)
    if day is not None:
        found = found.model_copy(update={"date": day})
    async with database.work() as work:
        await commands.store(work, found)
    return found


async def run_for_yesterday(database: Database, zone: ZoneInfo) -> bool:
    """Store the reconciliation of the day that has ended, unless that was done; return whether it was missing."""
    midnight = datetime.combine(database.clock().astimezone(zone).date(), time(), zone)
    yesterday = midnight.date() - timedelta(days=1)
    async with database.read() as session:
        if await ran_since(session, yesterday, midnight):
            return False
    await run(database, zone, day=yesterday)
    return True
