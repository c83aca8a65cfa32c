"""What the pages show of a race."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from web.site.brand import fallback_of, stylesheet_of
from web.site.rules import Availability, Times, availability, taken_percent
from web.upstream.registration import Category, Picture, Race


@dataclass(frozen=True)
class CategoryView:
    """A category as a page shows it. `prices` are per participant, by the size of the group."""

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


@dataclass(frozen=True)
class RaceView:
    """A race as a page shows it.

    `places_left` counts the places that can be had now, `stylesheet` is the address of the race's colour, `fallback`
    that of a picture for lists if there is no banner. `opens_at` is when the next category opens.
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
        is_over=is_over,
        availability=_best([each.availability for each in categories]),
        places_left=sum(each.places_left for each in categories if each.availability in _TO_BE_HAD),
        lowest_price=_lowest_price(categories),
        opens_at=min((each.opens_at for each in categories if each.opens_at and each.opens_at > now), default=None),
        categories=categories,
    )


_TO_BE_HAD = (Availability.OPEN, Availability.FEW_LEFT)
_FROM_BEST = (*_TO_BE_HAD, Availability.NOT_OPEN, Availability.SOLD_OUT, Availability.CLOSED)


def _lowest_price(categories: Sequence[CategoryView]) -> Decimal | None:
    """Return the lowest price of what is not over yet; None if there is nothing."""
    ahead = (each for each in categories if each.availability is not Availability.CLOSED)
    return min((price for each in ahead for _, price in each.prices), default=None)


def _best(found: Sequence[Availability]) -> Availability:
    return min(found, key=_FROM_BEST.index, default=Availability.CLOSED)


def _category(category: Category, now: datetime, *, race_is_over: bool) -> CategoryView:
    times = Times(category.registration_open_at, category.registration_close_at)
    places_left = max(0, category.places_left)
    by_size = {1: category.price_individual, 5: category.price_collective_5, 10: category.price_collective_10}
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
        prices=[(size, price) for size, price in by_size.items() if price is not None],
    )
