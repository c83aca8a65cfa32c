"""The worker."""

from datetime import timedelta

from chassis.database import Database
from chassis.process import worker_from_environment
from chassis.transports import Transport
from chassis.worker import Periodic, Worker

from checkin.handlers import handlers
from checkin.keys import device_keys
from checkin.roster.commands import fold_names
from checkin.settings import Settings
from checkin.tables import service_tables


def build_worker(settings: Settings, database: Database, transport: Transport) -> Worker:
    """Build the worker: handles and publishes events, rotates the signing key, folds names stored by older releases."""
    keys = device_keys(settings, database)
    oldest = timedelta(days=settings.signing_key_days)
    return Worker(
        database,
        transport,
        handlers,
        periodic=[
            Periodic("signing_key", timedelta(hours=1), lambda: keys.rotate_when_older(oldest)),
            Periodic("fold_names", timedelta(minutes=1), lambda: fold_names(database)),
        ],
        relay_workers=settings.relay_workers,
        relay_lease_seconds=settings.relay_lease_seconds,
    )


def main() -> None:
    """Run until a stop signal arrives."""
    worker_from_environment(Settings, build_worker, service="checkin", tables=service_tables)


if __name__ == "__main__":
    main()
