"""Statuses of waiting-list entries, and how long an offer is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from registration.access_codes import AccessCodes

PRIORITY: Final = 2**40
"""What staff take off a turn to call somebody ahead. Those who were called keep their order among themselves."""


class WaitlistStatus(StrEnum):
    """Where an entry stands. `expired` is an offer nobody answered, `closed` the end of registration."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


IN_LINE: Final = (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)
"""Not over yet: a person stands in a category's line once."""


@dataclass(frozen=True)
class OfferTerms:
    """What an offer from the waiting list comes with: the time to think about it, and the codes of its links."""

    time: timedelta
    codes: AccessCodes


def shares(sizes: Sequence[int], places: int) -> list[int]:
    """What each who was called ahead gets of so many places, in their order: all it needs, or what is left."""
    given = []
    for size in sizes:
        given.append(min(size, places))
        places -= given[-1]
    return given


def offer_ends(now: datetime, offer_time: timedelta, closes_at: datetime | None) -> datetime:
    """Until when an offer made now may be accepted: never longer than registration is open."""
    end = now + offer_time
    return end if closes_at is None else min(end, closes_at)


def prioritised(turn: int) -> int:
    """The turn of somebody called ahead; once is enough."""
    return turn - PRIORITY if turn > 0 else turn
