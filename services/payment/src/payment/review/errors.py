"""Refusals of the review."""

from chassis.errors import NotFound, StartlineError


class UnknownPayment(NotFound):
    """There is no such payment."""

    code = "unknown_payment"
    indonesian = "Pembayaran ini tidak ada."


class AlreadyDecided(StartlineError):
    """This payment was verified or rejected already."""

    code = "already_decided"
    indonesian = "Pembayaran ini sudah diverifikasi atau ditolak."
