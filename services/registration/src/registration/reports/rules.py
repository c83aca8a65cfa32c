"""Buckets of the timeline, and age groups."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from chassis.errors import InvalidFields
from chassis.wording import Wording

MOST_BUCKETS: Final = 750
"""A month of hours, or two years of days."""

TOO_MANY_BUCKETS: Final = Wording(
    en=f"That is more than {MOST_BUCKETS} buckets: choose a later start, or days instead of hours.",
    id=f"Itu lebih dari {MOST_BUCKETS} bagian: pilih awal yang lebih dekat, atau hari sebagai ganti jam.",
)
BEGINS_TOO_LATE: Final = Wording(en="The start must be before the end.", id="Awal harus sebelum akhir.")
OUTSIDE_THE_CALENDAR: Final = Wording(en="This is outside the calendar.", id="Ini di luar kalender.")


class Interval(StrEnum):
    """Length of a bucket of the timeline."""

    HOUR = "hour"
    DAY = "day"

    @property
    def default_span(self) -> timedelta:
        """Return how long a timeline is whose start is not given: today and yesterday by hour, or a month by day."""
        return timedelta(hours=48) if self is Interval.HOUR else timedelta(days=30)


def bucket_starts(
    since: datetime | None, until: datetime | None, interval: Interval, timezone: str, *, now: datetime
) -> Sequence[datetime]:
    """Return the starts of the buckets, and the end of the last one, in the time zone.

    The first bucket contains `since`; the last one contains the moment before `until`, which is now by default.

    Raises:
        InvalidFields: `until` is not after `since`, or there would be too many buckets.
    """
    try:
        end = until or now
        return _until(end, _starts(since or end - interval.default_span, interval, ZoneInfo(timezone)))
    except OverflowError:
        raise InvalidFields(("to", OUTSIDE_THE_CALENDAR)) from None


def _until(end: datetime, starts: Iterator[datetime]) -> Sequence[datetime]:
    found = [next(starts)]
    if found[0] >= end:
        raise InvalidFields(("from", BEGINS_TOO_LATE))
    while found[-1] < end:
        if len(found) > MOST_BUCKETS:
            raise InvalidFields(("from", TOO_MANY_BUCKETS))
        found.append(next(starts))
    return found


def _starts(since: datetime, interval: Interval, zone: ZoneInfo) -> Iterator[datetime]:
    local = since.astimezone(zone)
    if interval is Interval.DAY:
        day = local.date()
        while True:
            yield datetime(day.year, day.month, day.day, tzinfo=zone)
            day += timedelta(days=1)
    start = local - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    elapsed = timedelta()
    while True:
        yield (start.astimezone(_UTC) + elapsed).astimezone(zone)  # by the clock of UTC, which skips no hour
        elapsed += timedelta(hours=1)


_UTC: Final = ZoneInfo("UTC")

AGE_GROUPS: Final = ("0-12", "13-17", "18-29", "30-39", "40-49", "50-59", "60-69", "70+")
_FIRST_AGES: Final = (0, 13, 18, 30, 40, 50, 60, 70)


def age_group(birth_year: int, race_year: int) -> str:
    """Return the age group of a person by the age that they reach in the year of the race."""
    age = race_year - birth_year
    return next(
        (group for group, first in zip(reversed(AGE_GROUPS), reversed(_FIRST_AGES), strict=True) if age >= first),
        AGE_GROUPS[0],
    )
