"""What a copy of a race has: its facts, and its categories with their times moved by the days between the races."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from web.console.races.phases import Phase
from web.console.races.upstream import Category, Race

_A_YEAR_OF_WEEKS: Final = timedelta(weeks=52)
_LONGEST_PREFIX: Final = 20
_YEAR: Final = re.compile(r"[-_]?(20)?[0-9]{2}$")
_LONG_YEAR: Final = re.compile(r"20[0-9]{2}")
_FACTS: Final = (
    "location",
    "timezone",
    "description",
    "rules",
    "pickup_info",
    "contact_whatsapp",
    "brand_color",
    "banner_path",
    "logo_path",
    "strava_club_url",
    "strava_event_url",
    "strava_route_url",
)
_KEPT: Final = (
    "name",
    "slug",
    "description",
    "distance",
    "quota",
    "bib_start_number",
    "bib_end_number",
    "is_active",
    "payment_deadline_hours",
    "code_required",
)
_PRICES: Final = ("price_individual", "price_collective_5", "price_collective_10")


@dataclass(frozen=True)
class CategoryCopy:
    """A category of the copy.

    Attributes:
        prefix: of its registrations, which no other category may have.
    """

    source: Category
    prefix: str
    opens_at: datetime | None
    closes_at: datetime | None

    def body(self) -> Mapping[str, Any]:
        """Return the category as the API creates it."""
        prices: Mapping[str, Decimal | None] = {name: getattr(self.source, name) for name in _PRICES}
        return {
            **{name: getattr(self.source, name) for name in _KEPT},
            **{name: f"{price:.2f}" for name, price in prices.items() if price is not None},
            "registration_prefix": self.prefix,
            "registration_open_at": self.opens_at.isoformat() if self.opens_at else None,
            "registration_close_at": self.closes_at.isoformat() if self.closes_at else None,
        }


def phase_body(phase: Phase, source: Race, day: date) -> Mapping[str, Any]:
    """Return a phase of the copy as the API creates it: its end moves with the race, and its uses begin at 0."""
    end = moved(phase.ends_at, source, day)
    prices: Mapping[str, Decimal | None] = {name: getattr(phase, name) for name in _PRICES}
    return {
        **{name: getattr(phase, name) for name in ("name", "code_required", "max_participants", "is_active")},
        **{name: f"{price:.2f}" for name, price in prices.items() if price is not None},
        "ends_at": end.isoformat() if end else None,
    }


def missing(phases: Sequence[Phase], there: Sequence[Phase]) -> Sequence[Phase]:
    """Return the phases of the source that the copy does not have; of those with one name, as many as are missing."""
    left = Counter(each.name for each in there)
    found = []
    for phase in phases:
        if left[phase.name]:
            left[phase.name] -= 1
        else:
            found.append(phase)
    return found


@dataclass(frozen=True)
class RaceCopy:
    """A copy that is planned."""

    source: Race
    name: str
    slug: str
    event_date: date
    changes_until: datetime | None
    categories: Sequence[CategoryCopy]

    def body(self) -> Mapping[str, Any]:
        """Return the race as the API creates it; it is not published."""
        return {
            **{name: getattr(self.source, name) for name in _FACTS},
            "name": self.name,
            "slug": self.slug,
            "event_date": self.event_date.isoformat(),
            "changes_until": self.changes_until.isoformat() if self.changes_until else None,
            "is_active": False,
        }

    def is_begun_as(self, race: Race) -> bool:
        """Return whether a race is this copy, made by an attempt that failed half-way."""
        same = (race.slug, race.name, race.event_date) == (self.slug, self.name, self.event_date)
        return same and not race.is_active and race.id != self.source.id


def plan(
    source: Race, *, name: str, slug: str, day: date, prefixes: Mapping[str, str], known: Collection[str] = ()
) -> RaceCopy:
    """Return a copy of a race on another day.

    Args:
        prefixes: that were typed, by the id of the category; a missing one is chosen.
        known: prefixes in use.

    Raises:
        OverflowError: a time would be outside the calendar.
    """
    taken = {each.upper() for each in known}
    categories = []
    for each in source.categories:
        prefix = prefixes.get(str(each.id)) or free_prefix(each.registration_prefix, day.year, taken)
        taken.add(prefix.upper())
        opens, closes = (moved(at, source, day) for at in (each.registration_open_at, each.registration_close_at))
        categories.append(CategoryCopy(each, prefix, opens, closes))
    until = moved(source.changes_until, source, day)
    return RaceCopy(source, name, slug, day, until if until and until.date() <= day else None, categories)


def moved(at: datetime | None, source: Race, day: date) -> datetime | None:
    """Return a time moved by the days between two races, at the same time of the clock where the race is."""
    if at is None:
        return None
    zone = ZoneInfo(source.timezone)
    local = at.astimezone(zone).replace(tzinfo=None) + (day - source.event_date)
    return local.replace(tzinfo=zone)


def next_day(source: Race, today: date) -> date:
    """Return the same day of the week about a year after a race, and after today."""
    day = source.event_date + _A_YEAR_OF_WEEKS
    while day <= today:
        day += _A_YEAR_OF_WEEKS
    return day


def for_year(text: str, old: int, new: int) -> str:
    """Return a name or slug with its year replaced; with the new year at its end if it has none."""
    if str(old) in text:
        return text.replace(str(old), str(new))
    return text if _LONG_YEAR.search(text) else f"{text}-{new}" if " " not in text else f"{text} {new}"


def free_prefix(prefix: str, year: int, taken: Collection[str]) -> str:
    """Return a prefix for another year that no category has: `FR5K` becomes `FR5K-27`.

    Args:
        taken: in upper case.
    """
    stem = (_YEAR.sub("", prefix) if _YEAR.search(prefix) and len(prefix) > len("27") else prefix) or prefix
    ending, attempt = f"-{year % 100:02}", 1
    found = f"{stem[: _LONGEST_PREFIX - len(ending)]}{ending}"
    while found.upper() in taken:
        attempt += 1
        longer = f"{ending}-{attempt}"
        found = f"{stem[: _LONGEST_PREFIX - len(longer)]}{longer}"
    return found.upper()
