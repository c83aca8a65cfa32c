"""Refusals about reconciliations."""

from chassis.errors import NotFound


class UnknownReconciliation(NotFound):
    """No reconciliation ran for this day."""

    code = "unknown_reconciliation"
    indonesian = "Tidak ada rekonsiliasi untuk tanggal ini."
