"""Today against yesterday, in the time zone of a race."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Final, Self
from zoneinfo import ZoneInfo

from web.console.overview.answers import Bucket

MEASURES: Final = ("registered", "verified")
"""Names of what is compared."""


def midnight(now: datetime, zone: ZoneInfo, *, days_ago: int = 0) -> datetime:
    """Return when a day began in a zone."""
    return datetime.combine(now.astimezone(zone).date() - timedelta(days=days_ago), time(), zone)


@dataclass(frozen=True)
class Measure:
    """One measure of two days.

    Attributes:
        yesterday: until the last full hour of today; all of it before the first full hour of today.
    """

    today: Decimal
    yesterday: Decimal


@dataclass(frozen=True)
class TwoDays:
    """Today and yesterday.

    Attributes:
        until: the last full hour of today.
    """

    until: datetime
    measures: dict[str, Measure]

    @property
    def is_compared(self) -> bool:
        """Return whether an hour of today is over."""
        return self.until.hour > 0

    @classmethod
    def of(cls, hours: Sequence[Bucket], now: datetime, zone: ZoneInfo) -> Self:
        """Return the days of hours that begin with yesterday's first or earlier."""
        until = now.astimezone(zone).replace(minute=0, second=0, microsecond=0)
        local = [(each.at.astimezone(zone), each) for each in hours]
        today = [(at, each) for at, each in local if at.date() == until.date()]
        yesterday = [(at, each) for at, each in local if at.date() == until.date() - timedelta(days=1)]
        measures = {name: _measure(name, today, yesterday, until) for name in MEASURES}
        return cls(until, measures)


_Hours = Sequence[tuple[datetime, Bucket]]


def _measure(name: str, today: _Hours, yesterday: _Hours, until: datetime) -> Measure:
    def added(hours: Iterable[tuple[datetime, Bucket]]) -> Decimal:
        return sum((getattr(each, name) for _, each in hours), Decimal(0))

    def early(hours: _Hours) -> Decimal:
        return added((at, each) for at, each in hours if at.hour < until.hour)

    return Measure(added(today), early(yesterday) if until.hour else added(yesterday))
