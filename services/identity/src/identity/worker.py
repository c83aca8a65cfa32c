"""The worker: publishes events, rotates signing keys, deletes old sessions and attempts."""

from datetime import timedelta

from chassis.database import Database
from chassis.inbox import Handlers
from chassis.process import worker_from_environment
from chassis.transports import Transport
from chassis.worker import Periodic, Worker

from identity.keys import signing_keys_of
from identity.sessions.commands import forget_old_sessions
from identity.sessions.throttle import forget_old_attempts
from identity.settings import Settings
from identity.tables import service_tables


def build_worker(settings: Settings, database: Database, transport: Transport) -> Worker:
    """Build the worker. The caller opens and closes `database` and `transport`."""
    keys = signing_keys_of(settings, database)
    key_age = timedelta(days=settings.signing_key_days)
    return Worker(
        database,
        transport,
        Handlers(),
        periodic=[
            Periodic("rotate_signing_keys", timedelta(hours=1), lambda: keys.rotate_when_older(key_age)),
            Periodic("forget", timedelta(hours=1), lambda: forget(database)),
        ],
        relay_workers=settings.relay_workers,
        relay_lease_seconds=settings.relay_lease_seconds,
    )


async def forget(database: Database) -> None:
    """Delete old sessions and attempts."""
    await forget_old_sessions(database)
    await forget_old_attempts(database)


def main() -> None:
    """Run until a stop signal arrives."""
    worker_from_environment(Settings, build_worker, service="identity", tables=service_tables)


if __name__ == "__main__":
    main()
