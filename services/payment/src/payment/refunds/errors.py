"""Refusals about refunds."""

from chassis.errors import NotFound, StartlineError


class UnknownRefund(NotFound):
    """No refund is due for this payment."""

    code = "unknown_refund"
    indonesian = "Tidak ada pengembalian dana untuk pembayaran ini."


class AlreadyRefunded(StartlineError):
    """This payment was given back already."""

    code = "already_refunded"
    indonesian = "Dana pembayaran ini sudah dikembalikan."
