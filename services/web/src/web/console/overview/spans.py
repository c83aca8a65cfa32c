"""The spans of the chart over time: which hours, days, weeks or months it shows, and their names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from chassis.wording import Language

from web import formats
from web.console.charts import label_every
from web.console.overview.answers import Bucket


class Span(StrEnum):
    """A span, as the address names it."""

    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    ALL = "all"


class Unit(StrEnum):
    """What a column stands for."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


MONTH_OF_DAYS: Final = 30
ALL_DAYS: Final = 740
"""Two years, less than the timeline answers at most."""

_HOURS: Final = 24
_WEEK: Final = 7
_MOST_DAYS: Final = 45
_MOST_WEEKS: Final = 52
_HOURS_BETWEEN_LABELS: Final = 4


@dataclass(frozen=True)
class Moment:
    """One column of the chart.

    Attributes:
        name: in full, for the table.
        label: below the column; None if it has none.
        is_minor: whether narrow screens leave the label out.
    """

    name: str
    label: str | None
    is_minor: bool
    registered: int
    participants: int
    verified: int
    amount: Decimal


@dataclass(frozen=True)
class Line:
    """The moments of a span, oldest first."""

    unit: Unit
    moments: Sequence[Moment]

    @property
    def most(self) -> Moment | None:
        """Return the moment with the most registrations; None if there were none at all."""
        best = max(self.moments, key=lambda each: each.registered, default=None)
        return best if best is not None and best.registered else None

    def total(self, name: str) -> int:
        """Return a sum over all moments."""
        return sum(getattr(each, name) for each in self.moments)


def line_of(span: Span, hours: Sequence[Bucket], days: Sequence[Bucket], zone: ZoneInfo, language: Language) -> Line:
    """Return the moments of a span. `days` begin before all registrations if the span is all of them."""
    match span:
        case Span.DAY:
            unit, buckets = Unit.HOUR, hours[-_HOURS:]
        case Span.WEEK:
            unit, buckets = Unit.DAY, days[-_WEEK:]
        case Span.MONTH:
            unit, buckets = Unit.DAY, days[-MONTH_OF_DAYS:]
        case Span.ALL:
            unit, buckets = _all_of(days, zone)
    local = [each.model_copy(update={"at": each.at.astimezone(zone)}) for each in buckets]
    return Line(unit, _moments(local, span, unit, language))


def _all_of(days: Sequence[Bucket], zone: ZoneInfo) -> tuple[Unit, Sequence[Bucket]]:
    """Return everything since the first registration, in days, weeks or months, as there is room for."""
    first = next((at for at, each in enumerate(days) if each.registered or each.verified), len(days) - _WEEK)
    shown = days[max(0, first) :]
    if len(shown) <= _MOST_DAYS:
        return Unit.DAY, shown
    if len(shown) <= _MOST_WEEKS * _WEEK:
        return Unit.WEEK, _added(shown, lambda day: day - timedelta(days=day.weekday()), zone)
    return Unit.MONTH, _added(shown, lambda day: day.replace(day=1), zone)


def _added(days: Sequence[Bucket], begin: Callable[[date], date], zone: ZoneInfo) -> Sequence[Bucket]:
    """Return buckets of the days that have the same `begin`."""
    found = []
    for first, group in groupby(days, key=lambda each: begin(each.at.astimezone(zone).date())):
        together = list(group)
        sums = {name: sum(getattr(each, name) for each in together) for name in Bucket.model_fields if name != "at"}
        found.append(Bucket(at=datetime(first.year, first.month, first.day, tzinfo=zone), **sums))
    return found


def _moments(buckets: Sequence[Bucket], span: Span, unit: Unit, language: Language) -> Sequence[Moment]:
    every = _HOURS_BETWEEN_LABELS if unit is Unit.HOUR else label_every(len(buckets))
    last = len(buckets) - 1
    found = []
    for at, each in enumerate(buckets):
        place = each.at.hour if unit is Unit.HOUR else last - at
        label = _label(each.at, span, unit, language) if place % every == 0 else None
        found.append(
            Moment(
                _name(each.at, unit, language),
                label,
                bool((place // every) % 2),
                **{name: getattr(each, name) for name in Bucket.model_fields if name != "at"},
            )
        )
    return found


def _label(at: datetime, span: Span, unit: Unit, language: Language) -> str:
    if unit is Unit.HOUR:
        return formats.clock(at, language)
    if span is Span.WEEK:
        return formats.short_weekday(at, language)
    month = formats.short_month(at, language)
    return f"{month} {at.year}" if unit is Unit.MONTH else f"{at.day} {month}"


def _name(at: datetime, unit: Unit, language: Language) -> str:
    match unit:
        case Unit.HOUR:
            return f"{formats.short_weekday(at, language)} {formats.clock(at, language)}"
        case Unit.MONTH:
            return formats.month(at, language)
        case _:
            return formats.day(at, language)
