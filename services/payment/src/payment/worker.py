"""The periodic jobs of the worker: held decisions, charges, fingerprints, sums, movements,
orphaned images, and an outage's report."""

from collections.abc import Sequence
from datetime import timedelta

import httpx
from chassis.database import Database
from chassis.images.store import image_store
from chassis.uptime.rules import BEAT_EVERY
from chassis.worker import Periodic

from payment.charges.asking import ask_due
from payment.charges.strangers import ask_about_strangers
from payment.gateways.account import GatewayAccess
from payment.proofs.booking import book_missing_payments
from payment.proofs.missing import fingerprint_waiting
from payment.proofs.sweep import sweep_orphans
from payment.refunds.booking import book_missing_refunds
from payment.reports.backfill import complete_old_invoices
from payment.reports.commands import fold_all_sums
from payment.review.commands import apply_held_decisions
from payment.settings import Settings
from payment.uptime.beats import report_closed


def periodic_jobs(settings: Settings, database: Database) -> Sequence[Periodic]:
    """Return the periodic jobs on `database`."""
    images = image_store(settings)
    # Its connections close themselves when they have been idle for seconds.
    gateway = GatewayAccess(settings.secret_box(), httpx.AsyncClient(), settings.midtrans_base_url)
    sweep = Periodic(
        "sweep_orphans", timedelta(minutes=settings.orphan_sweep_minutes), lambda: sweep_orphans(database, images)
    )
    return [
        sweep,
        Periodic("report_closed", BEAT_EVERY, lambda: report_closed(database)),
        Periodic("held_decisions", timedelta(seconds=1), lambda: apply_held_decisions(database)),
        Periodic("fingerprints", timedelta(seconds=30), lambda: fingerprint_waiting(database, images)),
        Periodic("fold_sums", timedelta(minutes=5), lambda: fold_all_sums(database)),
        Periodic("charges", timedelta(seconds=1), lambda: ask_due(database, gateway)),
        Periodic("gateway_notices", timedelta(seconds=10), lambda: ask_about_strangers(database, gateway)),
        Periodic("book_payments", timedelta(minutes=5), lambda: book_missing_payments(database)),
        Periodic("book_refunds", timedelta(minutes=5), lambda: book_missing_refunds(database)),
        Periodic("complete_invoices", timedelta(minutes=10), lambda: complete_old_invoices(database)),
    ]
