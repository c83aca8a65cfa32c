"""The report of participants: sizes, ages, gender and types, and registrations over time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request, Response

from web.console.access import AnyStaff
from web.console.apis import Registration, StaffApi, unless_away
from web.console.catalog import Race, all_races, race_for, race_of
from web.console.exports.downloads import passed_on
from web.console.exports.kinds import FileFormat, file_name
from web.console.pages import console_page
from web.console.reports.days import of_days
from web.console.reports.period import Period
from web.console.routing import ConsoleRouter
from web.forms import FieldError, Form
from web.languages import language_of_path
from web.upstream.client import Answer
from web.upstream.registration import Category

router = ConsoleRouter()

PATH: Final = "/reports/participants"


class ValueCount(Answer):
    """Participants who have a value; `confirmed` of them have a BIB."""

    value: str
    participants: int
    confirmed: int


class Counts(Answer):
    """Participants of registrations that hold places, paid or not."""

    participants: int
    confirmed: int
    registration_type: tuple[ValueCount, ...]
    gender: tuple[ValueCount, ...]
    age_group: tuple[ValueCount, ...]
    jersey_size: tuple[ValueCount, ...]

    @property
    def sections(self) -> Sequence[tuple[str, Sequence[ValueCount], int]]:
        """Return by what is counted, the counts, and the largest of them."""
        names = ("jersey_size", "age_group", "gender", "registration_type")
        found = {name: getattr(self, name) for name in names}
        return [(name, each, max((one.participants for one in each), default=0)) for name, each in found.items()]


class _CategoryCounts(Counts):
    category_id: UUID
    category_name: str


class Report(Answer):
    """The report of a race."""

    categories: tuple[_CategoryCounts, ...]
    total: Counts

    def of(self, category: Category | None) -> Counts:
        """Return the counts of a category, or of all."""
        wanted = category.id if category else None
        return next((each for each in self.categories if each.category_id == wanted), self.total)


class Bucket(Answer):
    """A day in the race's zone: what was registered and what was verified on it."""

    at: datetime
    registered: int
    participants: int
    verified: int
    amount: Decimal


class Timeline(Answer):
    """Days in the order of time, with those on which nothing happened."""

    items: tuple[Bucket, ...]
    timezone: str

    @property
    def most(self) -> int:
        """Return the participants of the busiest day, which has the longest bar."""
        return max((each.participants for each in self.items), default=0)


@dataclass(frozen=True)
class _Asked(Period):
    """Race, category and days in the address."""

    race: Annotated[str, Query(max_length=255)] = ""
    category: Annotated[str, Query(max_length=255)] = ""

    def category_of(self, race: Race) -> Category | None:
        """Return the category that is asked for; None for all."""
        return next((each for each in race.categories if each.slug == self.category), None)

    def address(self, **changes: str) -> str:
        """Return the query string of the report with changes."""
        return urlencode({name: value for name, value in {**asdict(self), **changes}.items() if value})


Asked = Annotated[_Asked, Depends()]


@router.page(PATH)
async def show_participants(request: Request, staff: AnyStaff, registration: Registration, asked: Asked) -> Response:
    """Show who takes part in a race, and how that grew."""
    races = await unless_away(all_races(registration.briefly))
    chosen = race_of(races or (), asked.race)
    category = asked.category_of(chosen) if chosen else None
    errors = list(asked.errors(language_of_path(request.url.path)))
    report, timeline = None, None
    if chosen:
        report, (timeline, more) = await asyncio.gather(
            unless_away(registration.get(Report, PATH, event_id=chosen.id)),
            _timeline(registration, chosen, category, asked, is_wanted=not errors),
        )
        errors += more
    return console_page(
        request,
        staff,
        "reports/participants.html",
        status=422 if errors else 200,
        races=races,
        race=chosen,
        category=category,
        asked=asked,
        form=Form({"first_day": asked.first_day, "last_day": asked.last_day}, errors),
        counts=report.of(category) if report else None,
        timeline=timeline,
        now=request.app.state.clock(),
    )


async def _timeline(
    registration: StaffApi, race: Race, category: Category | None, asked: _Asked, *, is_wanted: bool
) -> tuple[Timeline | None, Sequence[FieldError]]:
    """Return what happened on each day, None if that is away, and what registration finds wrong with the days."""
    if not is_wanted:
        return None, ()
    since, until = asked.moments(ZoneInfo(race.timezone))
    query: Mapping[str, Any] = {
        "event_id": race.id,
        "category_id": category.id if category else None,
        "interval": "day",
        "from": since.isoformat() if since else None,
        "to": until.isoformat() if until else None,
    }
    return await of_days(registration.get(Timeline, "/stats/timeline", **query))


@router.page(f"{PATH}.{{file_format}}")
async def download_participants(
    request: Request,
    staff: AnyStaff,  # noqa: ARG001  # the gate
    registration: Registration,
    asked: Asked,
    file_format: FileFormat,
) -> Response:
    """Return the counts of all categories as a file.

    Raises:
        NotFound: there is no race.
    """
    race = race_for(await all_races(registration), asked.race)
    name = file_name(request, file_format, "participant-counts", race.slug)
    return await passed_on(registration, f"{PATH}.{file_format}", name, event_id=race.id)
