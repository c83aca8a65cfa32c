"""The periodic jobs of the worker: held decisions, fingerprints, sums, orphaned images, and an outage's report."""

from collections.abc import Sequence
from datetime import timedelta

from chassis.database import Database
from chassis.images.store import image_store
from chassis.uptime.rules import BEAT_EVERY
from chassis.worker import Periodic

from payment.proofs.missing import fingerprint_waiting
from payment.proofs.sweep import sweep_orphans
from payment.reports.backfill import complete_old_invoices
from payment.reports.commands import fold_all_sums
from payment.review.commands import apply_held_decisions
from payment.settings import Settings
from payment.uptime.beats import report_closed


def periodic_jobs(settings: Settings, database: Database) -> Sequence[Periodic]:
    """Return the periodic jobs on `database`."""
    images = image_store(settings)
    sweep = Periodic(
        "sweep_orphans", timedelta(minutes=settings.orphan_sweep_minutes), lambda: sweep_orphans(database, images)
    )
    return [
        sweep,
        Periodic("report_closed", BEAT_EVERY, lambda: report_closed(database)),
        Periodic("held_decisions", timedelta(seconds=1), lambda: apply_held_decisions(database)),
        Periodic("fingerprints", timedelta(seconds=30), lambda: fingerprint_waiting(database, images)),
        Periodic("fold_sums", timedelta(minutes=5), lambda: fold_all_sums(database)),
        Periodic("complete_invoices", timedelta(minutes=10), lambda: complete_old_invoices(database)),
    ]
