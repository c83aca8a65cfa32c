"""Registration's background half: events in and out, and the sweep of expired registrations."""

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

_KEYS_KEPT = timedelta(hours=24)


def build_worker(settings: Settings, database: Database, transport: Transport) -> Worker:
    """The worker, to be started by whoever owns the process."""
    grace = timedelta(minutes=settings.expiry_grace_minutes)
    return Worker(
        database,
        transport,
        handlers,
        periodic=[
            Periodic("expiry", timedelta(seconds=settings.expiry_sweep_seconds), lambda: sweep(database, grace)),
            Periodic("forget_keys", timedelta(minutes=10), lambda: forget_keys(database)),
        ],
        relay_workers=settings.relay_workers,
        relay_lease_seconds=settings.relay_lease_seconds,
    )


async def sweep(database: Database, grace: timedelta) -> int:
    """Expire all that is due, a bounded number in each transaction; how many."""
    expired = 0
    while True:
        async with database.work() as work:
            found = await commands.expire_due(work, grace=grace)
        expired += found
        if not found:
            return expired


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
