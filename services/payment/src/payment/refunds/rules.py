"""The states of a refund, how it goes back, and when the gateway is asked about it next."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from contracts import RefundCause


class Origin(StrEnum):
    """What caused a refund.

    Attributes:
        EVENT: the registration ended, or its payment came too late.
        SURPLUS: another payment had paid the registration.
        GATEWAY: it was made at the gateway, and the gateway reported it.
    """

    EVENT = "event"
    SURPLUS = "surplus"
    STAFF = "staff"
    GATEWAY = "gateway"


TOO_LATE: Final = "The payment came too late: no place was left."
"""Reason of the refund of a payment that was verified after the registration had expired."""


def cause_of(origin: str, reason: str) -> RefundCause:
    """Return why money goes back, from a refund's origin and reason."""
    if origin == Origin.EVENT:
        return RefundCause.TOO_LATE if reason == TOO_LATE else RefundCause.CANCELLED
    return RefundCause.SURPLUS if origin == Origin.SURPLUS else RefundCause.STAFF


class RefundState(StrEnum):
    """The state of a refund.

    Attributes:
        WAITS_FOR_SECOND: a second person has to approve it.
        ASKED: the gateway was asked for it, or has accepted it; it has not confirmed it.
        DONE: the money went back, as a person or the gateway says.
    """

    WAITS_FOR_SECOND = "waits_for_second"
    DUE = "due"
    ASKED = "asked"
    DONE = "done"
    CANCELLED = "cancelled"


class Way(StrEnum):
    """How a refund goes back: a person transfers it, or the gateway gives it back."""

    HAND = "hand"
    GATEWAY = "gateway"


class GatewayError(StrEnum):
    """Why the gateway did not give a refund back, so that a person has to transfer it."""

    NO_BALANCE = "no_balance"
    WINDOW_OVER = "window_over"
    NOT_BY_GATEWAY = "not_by_gateway"
    REFUSED = "refused"


_SOON: Final = timedelta(minutes=10)
_FIRST_DAY: Final = timedelta(days=1)


def next_question(asked_at: datetime, now: datetime) -> datetime:
    """Return when to ask the gateway next about a refund that it was asked for at `asked_at`.

    Its confirmation takes minutes for some payers and days for others; a notification comes first as a rule.
    """
    age = now - asked_at
    if age < _SOON:
        return now + timedelta(minutes=1)
    return now + (timedelta(hours=1) if age < _FIRST_DAY else timedelta(hours=12))
