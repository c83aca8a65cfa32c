"""Registration's background half: events in and out, the sweep of expired registrations, the waiting lists."""

from datetime import timedelta

from chassis.database import Database
from chassis.process import worker_from_environment
from chassis.transports import Transport
from chassis.worker import Periodic, Worker
from sqlalchemy import delete

from registration.admission.tables import IdempotencyKey
from registration.base import service_tables
from registration.entries import commands
from registration.entries.handlers import handlers
from registration.settings import Settings
from registration.waitlist import queries as lines
from registration.waitlist.commands import tend

_KEYS_KEPT = timedelta(hours=24)


def build_worker(settings: Settings, database: Database, transport: Transport) -> Worker:
    """The worker, to be started by whoever owns the process."""
    grace, offer_time = timedelta(minutes=settings.expiry_grace_minutes), settings.waitlist_offer_time
    often = timedelta(seconds=settings.expiry_sweep_seconds)
    return Worker(
        database,
        transport,
        handlers,
        periodic=[
            Periodic("expiry", often, lambda: sweep(database, grace, offer_time)),
            Periodic("waitlist", often, lambda: tend_lines(database, offer_time)),
            Periodic("fold_counts", timedelta(seconds=10), lambda: fold_counts(database)),
            Periodic("forget_keys", timedelta(minutes=10), lambda: forget_keys(database)),
        ],
        relay_workers=settings.relay_workers,
        relay_lease_seconds=settings.relay_lease_seconds,
    )


async def sweep(database: Database, grace: timedelta, offer_time: timedelta) -> int:
    """Expire all that is due, a bounded number in each transaction; how many."""
    expired = 0
    while True:
        async with database.work() as work:
            found = await commands.expire_due(work, grace=grace, offer_time=offer_time)
        expired += found
        if not found:
            return expired


async def tend_lines(database: Database, offer_time: timedelta) -> None:
    """End what is over on the waiting lists and offer what is free, one category after the other."""
    async with database.read() as session:
        categories = await lines.categories_with_a_line(session)
    for category_id in categories:
        async with database.work() as work:
            await tend(work, category_id, offer_time=offer_time)


async def fold_counts(database: Database) -> None:
    """Keep the counts that statistics add up few."""
    async with database.work() as work:
        await commands.fold_counts(work)


async def forget_keys(database: Database) -> None:
    """Drop idempotency keys after a day."""
    async with database.work() as work:
        old = IdempotencyKey.created_at < work.now - _KEYS_KEPT
        await work.session.execute(delete(IdempotencyKey).where(old))


def main() -> None:
    """Run until told to stop."""
    worker_from_environment(Settings, build_worker, service="registration", tables=service_tables)


if __name__ == "__main__":
    main()
