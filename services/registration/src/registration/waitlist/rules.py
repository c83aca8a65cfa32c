"""Statuses of waiting list entries, and how long an offer is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from chassis.uptime.rules import is_closed

from registration.access_codes import AccessCodes

PRIORITY: Final = 2**40
"""Subtracted from the turn of a prioritised entry. Prioritised entries keep their order among themselves."""


class WaitlistStatus(StrEnum):
    """Status of an entry. `expired` means that an offer was not answered, `closed` that registration ended."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


IN_LINE: Final = (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)
"""Statuses of live entries: a person can be in one such entry per category."""


@dataclass(frozen=True)
class OfferTerms:
    """Terms of an offer: how long it is open, and the codes for its links."""

    time: timedelta
    codes: AccessCodes


def shares(sizes: Sequence[int], places: int) -> list[int]:
    """Return the places that each prioritised entry gets, in order: all it needs, or what is left."""
    given = []
    for size in sizes:
        given.append(min(size, places))
        places -= given[-1]
    return given


def offer_ends(now: datetime, offer_time: timedelta, closes_at: datetime | None) -> datetime:
    """Return the end of an offer made now, which is never later than the end of registration."""
    end = now + offer_time
    return end if closes_at is None else min(end, closes_at)


def end_with_outages(
    offered_at: datetime, ends: datetime, outages: Sequence[tuple[datetime, datetime]], *, closes_at: datetime | None
) -> datetime:
    """Return the end of an offer with the time of outages added, but not past the end of registration.

    An outage counts from when the offer was made, if it began before the offer was over. Less than the longest gap
    between two beats does not count.

    Args:
        outages: beginning and end of each, oldest first.
    """
    later = ends
    for began, ended in outages:
        since = max(began, offered_at)
        if since < later and is_closed(since, ended):
            later += ended - since
    return later if closes_at is None else max(ends, min(later, closes_at))


def prioritised(turn: int) -> int:
    """Return the turn of a prioritised entry. Prioritising it again has no effect."""
    return turn - PRIORITY if turn > 0 else turn
