"""Routes of the first page, and of the part of it that refreshes itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from chassis.errors import Unavailable
from fastapi import Depends, Query, Request, Response

from web.console import charts
from web.console.access import ADMIN, AnyStaff
from web.console.overview.answers import STATUSES
from web.console.overview.days import MEASURES, TwoDays
from web.console.overview.needs import needs_of
from web.console.overview.reading import Asked, OfRace, Reader
from web.console.overview.spans import Span, line_of
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.console.services import AllServices
from web.languages import language_of_path

router = ConsoleRouter()

_SPARK_DAYS: Final = 14

Slug = Annotated[str | None, Query(max_length=255)]


async def _reader(request: Request, staff: AnyStaff, services: AllServices) -> Reader:
    state = request.app.state
    return Reader(services.apis, state.last_answers, state.clock, staff.account.role)


OwnReader = Annotated[Reader, Depends(_reader)]


@router.page()
async def show_overview(
    request: Request, staff: AnyStaff, reader: OwnReader, race: Slug = None, span: str = Span.MONTH
) -> Response:
    """Show what needs staff, and how a race stands."""
    chosen = Span(span) if span in set(Span) else Span.MONTH
    of_race, needs = await reader.read(Asked(race, all_days=chosen is Span.ALL))
    now = reader.clock()
    values = {**_live(request, of_race, now), **_drawn(request, of_race, chosen)}
    needs_shown = needs_of(needs, staff.account.role, now)
    may_create = ADMIN.admits(staff.account.role)
    return console_page(request, staff, "overview/page.html", needs=needs_shown, may_create=may_create, **values)


@router.page("/tiles")
async def show_tiles(request: Request, staff: AnyStaff, reader: OwnReader, race: Slug = None) -> Response:
    """Answer with the part of the page that refreshes itself.

    Raises:
        Unavailable: the race is not known, as registration is away; the page keeps what it shows.
    """
    of_race, needs = await reader.read(Asked(race))
    if of_race.races.value is None:
        raise Unavailable
    now = reader.clock()
    values = _live(request, of_race, now)
    return console_page(request, staff, "overview/live.html", needs=needs_of(needs, staff.account.role, now), **values)


def _live(request: Request, found: OfRace, now: datetime) -> Mapping[str, Any]:
    """Return what the tiles show."""
    zone = ZoneInfo(found.race.timezone if found.race else request.app.state.settings.timezone)
    days = found.days.value.items[-_SPARK_DAYS:] if found.days.value else ()
    return {
        "races": found.races.value,
        "race": found.race,
        "race_zone": zone.key,
        "now": now,
        "here": now.astimezone(zone),
        "stats": found.stats,
        "total": found.stats.value.total if found.stats.value else None,
        "hours": found.hours,
        "two_days": TwoDays.of(found.hours.value.items, now, zone) if found.hours.value else None,
        "sparks": {name: charts.sparkline([float(getattr(each, name)) for each in days]) for name in MEASURES},
        "packs": found.packs,
        "payment": found.payment,
        "fills": _fills(found),
        "off": {each.id for each in found.race.categories if not each.is_active} if found.race else (),
    }


def _fills(found: OfRace) -> Sequence[Any]:
    categories = found.stats.value.categories if found.stats.value else ()
    return [(each, charts.segments(each.places)) for each in categories]


@dataclass(frozen=True)
class Share:
    """A part of a whole, with its bar."""

    name: str
    count: int
    percent: int
    segment: charts.Segment


def _drawn(request: Request, found: OfRace, span: Span) -> Mapping[str, Any]:
    """Return what the charts show."""
    language = language_of_path(request.url.path)
    line = chart = None
    if found.race and found.hours.value and found.days.value:
        zone = ZoneInfo(found.race.timezone)
        line = line_of(span, found.hours.value.items, found.days.value.items, zone, language)
        moments = line.moments
        chart = charts.column_chart([[each.registered for each in moments], [each.verified for each in moments]])
    return {
        "span": span,
        "spans": list(Span),
        "line": line,
        "chart": chart,
        "days": found.days,
        "states": _states(found),
        "methods": _methods(found),
    }


def _states(found: OfRace) -> Sequence[Share]:
    if found.stats.value is None:
        return []
    total = found.stats.value.total
    counts = [getattr(total, name) for name in STATUSES]
    every = max(1, sum(counts))
    parts = zip(STATUSES, counts, charts.segments(counts), strict=True)
    return [Share(name, count, round(100 * count / every), segment) for name, count, segment in parts]


def _methods(found: OfRace) -> Sequence[Any]:
    """Return the methods with the bars of their amounts, the largest first."""
    methods = sorted(found.payment.value.methods if found.payment.value else (), key=lambda each: -each.amount)
    most = int(max((each.amount for each in methods), default=0))
    return [(each, charts.segments([int(each.amount)], whole=most)[0]) for each in methods]
