"""Refusals about money that no invoice took."""

from decimal import Decimal
from typing import Self

from chassis.errors import NotFound, StartlineError


class UnknownMoney(NotFound):
    """There is no such money."""

    code = "unknown_money"
    indonesian = "Uang ini tidak ada."


class MoneyDecided(StartlineError):
    """It was decided about this money already; `state` says how."""

    code = "money_decided"
    indonesian = "Uang ini sudah diputuskan; `state` menyebut keputusannya."


class MoneyPartlyBack(StartlineError):
    """A part of this money, `gone_back`, went back at the gateway; the rest, `left`, pays no invoice. Give it back."""

    code = "money_partly_back"
    indonesian = (
        "Sebagian uang ini, yaitu `gone_back`, sudah dikembalikan lewat gerbang pembayaran; sisanya, `left`, tidak"
        " melunasi tagihan. Kembalikan juga sisanya."
    )

    @classmethod
    def of(cls, gone_back: Decimal, left: Decimal) -> Self:
        """Return the error with what went back and what is left."""
        return cls(gone_back=f"{gone_back:.2f}", left=f"{left:.2f}")


class NoRefundDue(StartlineError):
    """No refund of this money is due; `state` says what was decided."""

    code = "no_refund_due"
    indonesian = "Uang ini tidak menunggu pengembalian; `state` menyebut keputusannya."
