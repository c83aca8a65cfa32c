"""What a form is for: a category, the size of the group and its price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from contracts import RegistrationType

from web.site.rules import Availability, Times, availability
from web.upstream.registration import Category, Race

TYPES: Final = {each.size: each for each in RegistrationType}
"""Types of registrations by their size."""


class Purpose(StrEnum):
    """What sending the form does; also a part of its address."""

    REGISTER = "register"
    WAITLIST = "waitlist"


class Stage(StrEnum):
    """What the page shows: the form, or why there is none now."""

    FORM = "form"
    NOT_OPEN = "not_open"
    CLOSED = "closed"
    FULL = "full"
    PLACES_LEFT = "places_left"


@dataclass(frozen=True)
class Offer:
    """A registration, or a place in line, as it is offered now.

    Attributes:
        price: of each participant.
    """

    race: Race
    category: Category
    purpose: Purpose
    size: int
    price: Decimal
    availability: Availability

    @property
    def total(self) -> Decimal:
        """Return the price for all."""
        return self.price * self.size

    @property
    def total_before(self) -> Decimal | None:
        """Return the regular price for all, if that of now is lower."""
        regular = self.category.reduced_from().get(self.size)
        return regular * self.size if regular is not None else None

    @property
    def type(self) -> RegistrationType:
        """Return the type of registration, as the API names it."""
        return TYPES[self.size]

    @property
    def path(self) -> str:
        """Return the address of the form in Indonesian."""
        return self.address()

    def address(self, *, category: str | None = None, size: int | None = None, purpose: Purpose | None = None) -> str:
        """Return the address in Indonesian of a form that differs from this one as given."""
        parts = (self.race.slug, purpose or self.purpose, category or self.category.slug, size or self.size)
        return "/races/{}/{}/{}/{}".format(*parts)

    @property
    def stage(self) -> Stage:
        """Return what to show. Places may be up to some seconds old; the API decides."""
        if self.availability is Availability.NOT_OPEN:
            return Stage.NOT_OPEN
        if self.availability is Availability.CLOSED:
            return Stage.CLOSED
        fits = self.category.places_left >= self.size
        if self.purpose is Purpose.REGISTER:
            return Stage.FORM if fits else Stage.FULL
        return Stage.PLACES_LEFT if fits else Stage.FORM

    @property
    def sizes(self) -> Sequence[tuple[int, Decimal]]:
        """Return the sizes of groups that the category takes, with the price of each participant."""
        return prices(self.category)

    @property
    def categories(self) -> Sequence[tuple[Category, int]]:
        """Return the categories of the race, each with this size, or 1 if it does not take such groups."""
        active = [each for each in self.race.categories if each.is_active]
        return [(each, self.size if self.size in dict(prices(each)) else 1) for each in active]

    def changes_at(self, now: datetime) -> datetime | None:
        """Return when the page must be another one; None if no time is set."""
        phase = self.category.price_phase
        price_changes_at = phase.ends_at if phase else None
        times = (self.category.registration_open_at, self.category.registration_close_at, price_changes_at)
        return min((each for each in times if each is not None and each > now), default=None)


def prices(category: Category) -> Sequence[tuple[int, Decimal]]:
    """Return the sizes of groups that a category takes, with the price of each participant now."""
    return list(category.prices_now().items())


def offer_of(race: Race, purpose: Purpose, category: str, size: int, now: datetime) -> Offer | None:
    """Return what a form is for; None if the race has no such category, or that does not take such groups."""
    found = next((each for each in race.categories if each.slug == category and each.is_active), None)
    price = dict(prices(found)).get(size) if found else None
    if found is None or price is None:
        return None
    stands = availability(
        Times(found.registration_open_at, found.registration_close_at),
        quota=found.quota,
        places_left=found.places_left,
        race_is_over=now.astimezone(ZoneInfo(race.timezone)).date() > race.event_date,
        now=now,
    )
    return Offer(race, found, purpose, size, price, stands)
