"""What the pages show of a race."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from web.site.brand import fallback_of, stylesheet_of
from web.site.rules import Availability, Times, availability, taken_percent
from web.upstream.registration import Category, NextPrices, Phase, Picture, Race


@dataclass(frozen=True)
class CategoryView:
    """A category as a page shows it. Prices are per participant, by the size of the group.

    Attributes:
        prices: what has to be paid now.
        reduced_from: the regular prices, where they are higher.
        phase: of prices that is in force; None while the regular ones apply.
        following: the prices after the phase.
    """

    name: str
    slug: str
    distance: str | None
    description: str | None
    availability: Availability
    quota: int
    places_left: int
    taken_percent: int
    opens_at: datetime | None
    closes_at: datetime | None
    prices: Sequence[tuple[int, Decimal]]
    reduced_from: Mapping[int, Decimal]
    phase: Phase | None
    following: NextPrices | None
    needs_code: bool


@dataclass(frozen=True)
class Course:
    """The course of a race: the address of its file, and its length in km."""

    address: str
    kilometers: Decimal


@dataclass(frozen=True)
class RaceView:
    """A race as a page shows it.

    `places_left` counts the places that can be had now, `stylesheet` is the address of the race's colour, `fallback`
    that of a picture for lists if there is no banner. `opens_at` is when the next category opens. `strava` are its
    addresses there, by `club`, `event` and `route`.
    """

    name: str
    slug: str
    description: str | None
    date: date
    location: str
    timezone: str
    rules: str | None
    pickup_info: str | None
    contact_whatsapp: str | None
    stylesheet: str | None
    fallback: str
    banner: Picture | None
    logo: Picture | None
    strava: Mapping[str, str]
    course: Course | None
    is_over: bool
    availability: Availability
    places_left: int
    lowest_price: Decimal | None
    opens_at: datetime | None
    categories: Sequence[CategoryView]


def view_of(race: Race, now: datetime) -> RaceView:
    """Return what is shown of a race at `now`."""
    is_over = now.astimezone(ZoneInfo(race.timezone)).date() > race.event_date
    categories = [_category(each, now, race_is_over=is_over) for each in race.categories if each.is_active]
    return RaceView(
        name=race.name,
        slug=race.slug,
        description=race.description,
        date=race.event_date,
        location=race.location,
        timezone=race.timezone,
        rules=race.rules,
        pickup_info=race.pickup_info,
        contact_whatsapp=race.contact_whatsapp,
        stylesheet=stylesheet_of(race.brand_color),
        fallback=fallback_of(race.brand_color),
        banner=race.banner,
        logo=race.logo,
        strava={name: address for name, address in _strava(race).items() if address},
        course=_course(race),
        is_over=is_over,
        availability=_best([each.availability for each in categories]),
        places_left=sum(each.places_left for each in categories if each.availability in _TO_BE_HAD),
        lowest_price=_lowest_price(categories),
        opens_at=min((each.opens_at for each in categories if each.opens_at and each.opens_at > now), default=None),
        categories=categories,
    )


_TO_BE_HAD = (Availability.OPEN, Availability.FEW_LEFT)
_FROM_BEST = (*_TO_BE_HAD, Availability.NOT_OPEN, Availability.SOLD_OUT, Availability.CLOSED)


def _strava(race: Race) -> Mapping[str, str | None]:
    return {"event": race.strava_event_url, "club": race.strava_club_url, "route": race.strava_route_url}


def _course(race: Race) -> Course | None:
    if not race.has_course:
        return None
    address = f"/api/registration/v1/events/{race.slug}/course.gpx?v={race.course_version}"
    return Course(address, race.kilometers)


def _lowest_price(categories: Sequence[CategoryView]) -> Decimal | None:
    """Return the lowest price of what is not over yet; None if there is nothing."""
    ahead = (each for each in categories if each.availability is not Availability.CLOSED)
    return min((price for each in ahead for _, price in each.prices), default=None)


def _best(found: Sequence[Availability]) -> Availability:
    return min(found, key=_FROM_BEST.index, default=Availability.CLOSED)


def _category(category: Category, now: datetime, *, race_is_over: bool) -> CategoryView:
    times = Times(category.registration_open_at, category.registration_close_at)
    places_left = max(0, category.places_left)
    return CategoryView(
        name=category.name,
        slug=category.slug,
        distance=category.distance,
        description=category.description,
        availability=availability(
            times, quota=category.quota, places_left=places_left, race_is_over=race_is_over, now=now
        ),
        quota=category.quota,
        places_left=places_left,
        taken_percent=taken_percent(category.quota, places_left),
        opens_at=times.opens_at,
        closes_at=times.closes_at,
        prices=list(category.prices_now().items()),
        reduced_from=category.reduced_from(),
        phase=category.price_phase,
        following=category.next_prices,
        needs_code=category.needs_code(),
    )
