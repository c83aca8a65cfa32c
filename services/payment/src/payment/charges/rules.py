"""The status of a charge, what a gateway's report changes, and when the gateway is asked next."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from secrets import choice
from typing import Final
from uuid import UUID

from payment.gateways.port import REVERSIBLE, GatewayStatus


class ChargeStatus(StrEnum):
    """Status of a charge.

    Attributes:
        ASKING: the gateway was asked for it, or will be; whether it exists there is not known.
        PENDING: the runner can pay it.
        SETTLING: paid by a bank that may reverse it within minutes; confirmed after that.
        PAID: its money was received. Refunds do not change this.
        REVERSED, CHARGED_BACK: the money was received and taken back. A person decides about the registration.
        FAILED: denied, refused, or reversed before it was confirmed.
    """

    ASKING = "asking"
    PENDING = "pending"
    SETTLING = "settling"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"
    REVERSED = "reversed"
    CHARGED_BACK = "charged_back"


ACTIVE: Final = frozenset({ChargeStatus.ASKING, ChargeStatus.PENDING})
UNPAID: Final = frozenset(
    {*ACTIVE, ChargeStatus.SETTLING, ChargeStatus.EXPIRED, ChargeStatus.CANCELLED, ChargeStatus.FAILED}
)
"""Without money of theirs. Money may still come to those that are over."""
RECEIVED: Final = frozenset({ChargeStatus.PAID, ChargeStatus.REVERSED, ChargeStatus.CHARGED_BACK})
"""Whose money was received, also if it was taken back since."""

REVERSAL_WINDOW: Final = timedelta(minutes=6)
"""Source: Midtrans, status cycle: settlements of some banks are reversed within about five minutes."""

_FIRST_QUESTIONS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 3, 10, 30))
_AFTER_EXPIRY: Final = timedelta(minutes=2)
_HOURLY_UNTIL: Final = timedelta(hours=24)
_DAILY_UNTIL: Final = timedelta(days=7)
_PAID_UNTIL: Final = timedelta(days=30)

_OVER_WORDS: Final[Mapping[str, ChargeStatus]] = {"expire": ChargeStatus.EXPIRED, "cancel": ChargeStatus.CANCELLED}
_AFTER: Final[Mapping[tuple[ChargeStatus, GatewayStatus], ChargeStatus]] = {
    (ChargeStatus.ASKING, GatewayStatus.PENDING): ChargeStatus.PENDING,
    (ChargeStatus.SETTLING, GatewayStatus.OVER): ChargeStatus.FAILED,
    (ChargeStatus.PAID, GatewayStatus.OVER): ChargeStatus.REVERSED,
    (ChargeStatus.PAID, GatewayStatus.CHARGED_BACK): ChargeStatus.CHARGED_BACK,
}
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def charge_source(charge_id: UUID) -> str:
    """Return the source of the money of a charge."""
    return f"charge:{charge_id}"


def new_order_id(registration_number: str) -> str:
    """Return an id for one charge: the registration's number and four random characters.

    It is never used twice: a gateway refuses an order id that it has seen. Allowed are 50 letters, digits and `-_~.`.
    """
    allowed = "".join(
        letter for letter in registration_number if letter.isascii() and (letter.isalnum() or letter == "-")
    )
    return f"{allowed[:40]}-{''.join(choice(_ALPHABET) for _ in range(6))}"


def status_after(
    current: ChargeStatus, report: GatewayStatus, word: str, *, settled_for: timedelta, bank: str | None
) -> ChargeStatus:
    """Return the status after a report of the gateway; the same if it changes nothing.

    Args:
        word: the gateway's own status.
        settled_for: how long ago the money arrived there.
    """
    if report is GatewayStatus.PAID and current in UNPAID:
        held = bank in REVERSIBLE and settled_for < REVERSAL_WINDOW
        return ChargeStatus.SETTLING if held else ChargeStatus.PAID
    if report is GatewayStatus.OVER and current in ACTIVE:
        return _OVER_WORDS.get(word, ChargeStatus.FAILED)
    return _AFTER.get((current, report), current)


def next_question(
    status: ChargeStatus, *, created_at: datetime, expires_at: datetime, now: datetime
) -> datetime | None:
    """Return when to ask the gateway about a charge next, if no notification comes before; None for never."""
    if status is ChargeStatus.SETTLING:
        return now + timedelta(minutes=1)
    if status in {ChargeStatus.REVERSED, ChargeStatus.CHARGED_BACK}:
        return None
    age = now - created_at
    if status is ChargeStatus.PAID:
        return now + timedelta(days=1) if age < _PAID_UNTIL else None
    planned: Sequence[datetime] = (
        *(created_at + after for after in _FIRST_QUESTIONS),
        expires_at + _AFTER_EXPIRY,
    )
    soon = min((moment for moment in planned if moment > now), default=None)
    if age < _HOURLY_UNTIL:
        return min(soon or now + timedelta(hours=1), now + timedelta(hours=1))
    return now + timedelta(days=1) if age < _DAILY_UNTIL else None
