"""What transfers are worth for an invoice, and whether that is enough. Pure: no database, no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, localcontext
from enum import StrEnum
from typing import Final
from uuid import UUID

TOLERANCE_SHARE: Final = Decimal("0.005")
TOLERANCE_USDT: Final = Decimal("0.05")
"""An exchange takes its fee from what is sent: so much less is enough, the larger of both."""
TOLERANCE_MOST: Final = Decimal("0.05")
"""Share of an invoice that is tolerated at most, however small it is."""
DUST: Final = Decimal("0.05")
"""USDT; less is not worth a decision, nor the fee of sending it back."""

_CENT: Final = Decimal("0.01")


class PayState(StrEnum):
    """How far the payment of an invoice in USDT is.

    Attributes:
        PARTIAL: something arrived, and more is missing.
        SEEN: enough arrived, and is not confirmed yet.
        CLOSED: the registration has ended without it.
    """

    WAITING = "waiting"
    PARTIAL = "partial"
    SEEN = "seen"
    PAID = "paid"
    CLOSED = "closed"


@dataclass(frozen=True)
class Lock:
    """A rate, in rupiah for one USDT, and when it held."""

    idr_per_usdt: Decimal
    locked_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Arrived:
    """A transfer of USDT to an invoice's address, in a block of this time."""

    id: UUID
    amount: Decimal
    block_time: datetime
    confirmed: bool


@dataclass(frozen=True)
class Receipt:
    """What arrived for an invoice.

    Attributes:
        seen: USDT, confirmed or not; `seen_idr` is what that is worth in rupiah.
        confirmed: those that are confirmed.
    """

    seen: Decimal
    seen_idr: Decimal
    confirmed: Decimal
    confirmed_idr: Decimal


def rate_at(locks: Sequence[Lock], moment: datetime) -> Decimal:
    """Return the rate of the lock that holds at a moment; else of the newest before it, else of the first.

    Args:
        locks: at least one, oldest first.
    """
    before = [lock for lock in locks if lock.locked_at <= moment]
    return (before[-1] if before else locks[0]).idr_per_usdt


def worth(arrived: Arrived, locks: Sequence[Lock]) -> Decimal:
    """Return what a transfer is worth in rupiah, at the rate that held when its block was made."""
    return (arrived.amount * rate_at(locks, arrived.block_time)).quantize(_CENT, rounding=ROUND_HALF_EVEN)


def receipt_of(transfers: Iterable[Arrived], locks: Sequence[Lock]) -> Receipt:
    """Add up transfers."""
    seen = seen_idr = confirmed = confirmed_idr = Decimal()
    for each in transfers:
        value = worth(each, locks)
        seen, seen_idr = seen + each.amount, seen_idr + value
        if each.confirmed:
            confirmed, confirmed_idr = confirmed + each.amount, confirmed_idr + value
    return Receipt(seen, seen_idr, confirmed, confirmed_idr)


def is_enough(value_idr: Decimal, amount_idr: Decimal, idr_per_usdt: Decimal) -> bool:
    """Return whether so much pays an invoice, with the tolerance."""
    tolerated = min(max(amount_idr * TOLERANCE_SHARE, TOLERANCE_USDT * idr_per_usdt), amount_idr * TOLERANCE_MOST)
    return value_idr > 0 and value_idr >= amount_idr - tolerated


def surplus_of(value_idr: Decimal, amount_idr: Decimal, idr_per_usdt: Decimal) -> Decimal:
    """Return what is too much and worth giving back, in rupiah; zero if it is dust or nothing."""
    more = value_idr - amount_idr
    return more if more > DUST * idr_per_usdt else Decimal()


def given_back(amount_idr: Decimal, receipt: Receipt) -> Decimal:
    """Return how many USDT so many rupiah are, at the rate at which a receipt was taken; rounded down to 2 places."""
    if not receipt.seen_idr:
        return Decimal()
    with localcontext(prec=60):
        return (amount_idr * receipt.seen / receipt.seen_idr).quantize(_CENT, rounding=ROUND_DOWN)


def state_of(*, paid: bool, closed: bool, receipt: Receipt, enough: bool) -> PayState:
    """Return how far the payment of an invoice is."""
    if paid:
        return PayState.PAID
    if enough:
        return PayState.SEEN
    if closed:
        return PayState.CLOSED
    return PayState.PARTIAL if receipt.seen else PayState.WAITING
