"""How a place in line stands, as its page says it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)


class Standing(StrEnum):
    """What a runner can expect of a place in line."""

    WAITING = "waiting"
    OFFERED = "offered"
    LAPSED = "lapsed"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


IN_LINE: Final = (Standing.WAITING, Standing.OFFERED)

_BY_STATUS: Final = {
    "waiting": Standing.WAITING,
    "offered": Standing.OFFERED,
    "accepted": Standing.ACCEPTED,
    "expired": Standing.LAPSED,
    "withdrawn": Standing.WITHDRAWN,
}


def standing(status: str, offer_expires_at: datetime | None, *, now: datetime) -> Standing:
    """Return how a place stands at `now`. An offer has lapsed at its end, also before its status says so."""
    found = _BY_STATUS.get(status, Standing.CLOSED)
    is_over = offer_expires_at is not None and now >= offer_expires_at
    return Standing.LAPSED if found is Standing.OFFERED and is_over else found


def hours_and_minutes(left: timedelta) -> tuple[int, int]:
    """Return whole hours and minutes of a time that is left; both 0 if none is."""
    left = max(left, timedelta())
    return left // _HOUR, left % _HOUR // _MINUTE
