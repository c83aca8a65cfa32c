"""The worker: handles and publishes events, and sweeps orphaned images."""

from datetime import timedelta

from chassis.database import Database
from chassis.process import worker_from_environment
from chassis.transports import Transport
from chassis.worker import Periodic, Worker

from payment.handlers import handlers
from payment.images.store import image_store
from payment.proofs.sweep import sweep_orphans
from payment.settings import Settings
from payment.tables import service_tables
from payment.uptime.beats import report_closed
from payment.uptime.rules import BEAT_EVERY


def build_worker(settings: Settings, database: Database, transport: Transport) -> Worker:
    """Build the worker. The caller opens and closes `database` and `transport`."""
    images = image_store(settings)
    sweep = Periodic(
        "sweep_orphans", timedelta(minutes=settings.orphan_sweep_minutes), lambda: sweep_orphans(database, images)
    )
    return Worker(
        database,
        transport,
        handlers,
        periodic=[sweep, Periodic("report_closed", BEAT_EVERY, lambda: report_closed(database))],
        relay_workers=settings.relay_workers,
        relay_lease_seconds=settings.relay_lease_seconds,
    )


def main() -> None:
    """Run until a stop signal arrives."""
    worker_from_environment(Settings, build_worker, service="payment", tables=service_tables)


if __name__ == "__main__":
    main()
