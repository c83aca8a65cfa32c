"""The periodic jobs of the worker: sweep orphaned images, report an outage."""

from collections.abc import Sequence
from datetime import timedelta

from chassis.database import Database
from chassis.images.store import image_store
from chassis.uptime.rules import BEAT_EVERY
from chassis.worker import Periodic

from payment.proofs.sweep import sweep_orphans
from payment.settings import Settings
from payment.uptime.beats import report_closed


def periodic_jobs(settings: Settings, database: Database) -> Sequence[Periodic]:
    """Return the periodic jobs on `database`."""
    images = image_store(settings)
    sweep = Periodic(
        "sweep_orphans", timedelta(minutes=settings.orphan_sweep_minutes), lambda: sweep_orphans(database, images)
    )
    return [sweep, Periodic("report_closed", BEAT_EVERY, lambda: report_closed(database))]
