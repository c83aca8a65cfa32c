"""Refusals about money that no invoice took."""

from chassis.errors import NotFound, StartlineError


class UnknownMoney(NotFound):
    """There is no such money."""

    code = "unknown_money"
    indonesian = "Uang ini tidak ada."


class MoneyDecided(StartlineError):
    """It was decided about this money already; `state` says how."""

    code = "money_decided"
    indonesian = "Uang ini sudah diputuskan; `state` menyebut keputusannya."


class NoRefundDue(StartlineError):
    """No refund of this money is due; `state` says what was decided."""

    code = "no_refund_due"
    indonesian = "Uang ini tidak menunggu pengembalian; `state` menyebut keputusannya."
