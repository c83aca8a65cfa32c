"""The periodic job of payment's worker: delete images that no proof refers to."""

from collections.abc import Sequence
from datetime import timedelta

from chassis.database import Database
from chassis.worker import Periodic

from payment.proofs.store import image_store
from payment.proofs.sweep import sweep_orphans
from payment.settings import Settings


def periodic_jobs(settings: Settings, database: Database) -> Sequence[Periodic]:
    """Return the job."""
    images = image_store(settings)
    sweep = Periodic(
        "sweep_orphans", timedelta(minutes=settings.orphan_sweep_minutes), lambda: sweep_orphans(database, images)
    )
    return [sweep]
