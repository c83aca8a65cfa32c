"""How a category stands: what a visitor may expect of it now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_FEW_PERCENT = 10


class Availability(StrEnum):
    """Whether places of a category can be had."""

    NOT_OPEN = "not_open"
    OPEN = "open"
    FEW_LEFT = "few_left"
    SOLD_OUT = "sold_out"
    CLOSED = "closed"


@dataclass(frozen=True)
class Times:
    """When registration opens and closes; None means that it is open already, or until the race."""

    opens_at: datetime | None
    closes_at: datetime | None


def availability(times: Times, *, quota: int, places_left: int, race_is_over: bool, now: datetime) -> Availability:
    """Return how a category stands at `now`. Sold out is said only while registration is open."""
    if race_is_over or (times.closes_at is not None and now >= times.closes_at):
        return Availability.CLOSED
    if times.opens_at is not None and now < times.opens_at:
        return Availability.NOT_OPEN
    if places_left <= 0:
        return Availability.SOLD_OUT
    return Availability.FEW_LEFT if places_left * 100 <= quota * _FEW_PERCENT else Availability.OPEN


def taken_percent(quota: int, places_left: int) -> int:
    """Return the share of places that are taken, 0 to 100; 100 only if none is left."""
    if places_left <= 0:
        return 100
    return min(99, (quota - places_left) * 100 // quota) if quota else 100
