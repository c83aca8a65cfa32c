"""Refusals about refunds."""

from decimal import Decimal
from typing import Self

from chassis.errors import NotFound, StartlineError


class UnknownRefund(NotFound):
    """There is no such refund."""

    code = "unknown_refund"
    indonesian = "Pengembalian dana ini tidak ada."


class AlreadyRefunded(StartlineError):
    """This money was given back already."""

    code = "already_refunded"
    indonesian = "Dana ini sudah dikembalikan."


class RefundNotOpen(StartlineError):
    """This cannot be done with the refund as it is now; `state_now` says how it is."""

    code = "refund_not_open"
    indonesian = "Ini tidak bisa dilakukan pada pengembalian dana ini; `state_now` menyebut keadaannya."


class RefundExceedsPayment(StartlineError):
    """More would go back than what came in and was not given back yet: at most `refundable`."""

    code = "refund_exceeds_payment"
    indonesian = "Yang dikembalikan akan melebihi sisa uang yang diterima: paling banyak `refundable`."

    @classmethod
    def of(cls, refundable: Decimal) -> Self:
        """Return the error with what may still go back."""
        return cls(refundable=f"{refundable:.2f}")
