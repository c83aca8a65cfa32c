"""Packs by hour of the race's days, as a table and as bars."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self
from zoneinfo import ZoneInfo

from web.upstream.client import Answer

_DAYS: Final = 5
"""Of which the hours are shown; packs are handed out on two or three days."""


class HourCount(Answer):
    """Packs handed out within the hour that begins at `at`."""

    at: datetime
    handed_out: int


@dataclass(frozen=True)
class DayCounts:
    """Packs handed out on a day, by the hours of `ByHour`."""

    day: date
    counts: Sequence[int]

    @property
    def total(self) -> int:
        """Return the packs of the hours together."""
        return sum(self.counts)


@dataclass(frozen=True)
class ByHour:
    """Packs by hour. All days have the same hours, so that their bars can be compared.

    Attributes:
        hours: of the clock in the race's zone, from the first to the last with a pack on any of the days.
        days: those with packs, the newest last.
    """

    hours: range
    days: Sequence[DayCounts]

    @classmethod
    def of(cls, counted: Iterable[HourCount], zone: ZoneInfo) -> Self:
        """Return the last days with packs; earlier ones are left out."""
        local = Counter[datetime]()
        for each in counted:
            local[each.at.astimezone(zone)] += each.handed_out
        days = sorted({at.date() for at in local})[-_DAYS:]
        found = Counter[tuple[date, int]]()
        for at, count in local.items():
            if at.date() in days:
                found[at.date(), at.hour] += count
        used = [hour for _, hour in found] or [0]
        hours = range(min(used), max(used) + 1)
        return cls(hours, [DayCounts(day, [found[day, hour] for hour in hours]) for day in days])

    @property
    def most(self) -> int:
        """Return the packs of the busiest hour, which has the longest bar."""
        return max((count for day in self.days for count in day.counts), default=0)
