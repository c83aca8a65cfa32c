"""The client of registration's public routes."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

import httpx
from chassis.clock import Clock
from chassis.errors import Unavailable
from chassis.single_flight import SingleFlightCache
from chassis.telemetry import correlation_id, logger
from pydantic import ValidationError

from web.upstream.client import Answer, ApiClient, whole_answer
from web.visitors import Visitor

log = logger(__name__)

_TENTH: Final = Decimal("0.1")
_CACHED_FOR = timedelta(seconds=2)
_EVENTS = "/api/registration/v1/events"


class Phase(Answer):
    """The phase of prices in force; it ends at a time, when no more runners are left, or at the first of both."""

    name: str
    ends_at: datetime | None
    left: int | None
    code_required: bool


class Prices(Answer):
    """Prices of each participant by type of registration; None for types that are not offered."""

    individual: Decimal | None = None
    collective_5: Decimal | None = None
    collective_10: Decimal | None = None

    def by_size(self) -> Mapping[int, Decimal]:
        """Return the prices by the size of the group, the smallest first."""
        found = {1: self.individual, 5: self.collective_5, 10: self.collective_10}
        return {size: price for size, price in found.items() if price is not None}


class NextPrices(Answer):
    """The prices after the phase in force: of the phase of that name, or the regular ones if it is None."""

    name: str | None
    prices: Prices


class Category(Answer):
    """A category of a race. Prices are per participant; None if groups of that size are not offered.

    `price_*` are what has to be paid now; in answers to staff the regular prices, as they set them.
    """

    id: UUID
    name: str
    slug: str
    description: str | None
    distance: str | None
    price_individual: Decimal
    price_collective_5: Decimal | None
    price_collective_10: Decimal | None
    quota: int
    places_left: int
    is_active: bool
    registration_open_at: datetime | None
    registration_close_at: datetime | None
    price_phase: Phase | None = None
    next_prices: NextPrices | None = None
    current_prices: Prices | None = None
    regular_prices: Prices | None = None
    code_required: bool = False

    def prices_now(self) -> Mapping[int, Decimal]:
        """Return what has to be paid now, by the size of the group, the smallest first."""
        own = Prices(
            individual=self.price_individual,
            collective_5=self.price_collective_5,
            collective_10=self.price_collective_10,
        )
        return (self.current_prices or own).by_size()

    def reduced_from(self) -> Mapping[int, Decimal]:
        """Return the regular prices by the size of the group, where the price of now is lower."""
        now, regular = self.prices_now(), self.regular_prices.by_size() if self.regular_prices else {}
        return {size: price for size, price in regular.items() if size in now and now[size] < price}

    def needs_code(self) -> bool:
        """Return whether registrations need a promo code that grants access."""
        return self.code_required or (self.price_phase is not None and self.price_phase.code_required)


class PictureFile(Answer):
    """A file of a picture. Its address is a path of the site and changes with the picture."""

    address: str
    width: int
    height: int


class Picture(Answer):
    """A picture in several sizes, the smallest first, and one for previews of links."""

    files: tuple[PictureFile, ...]
    share: PictureFile | None = None


class Race(Answer):
    """A race with its categories. In lists its texts are missing."""

    name: str
    slug: str
    description: str | None = None
    event_date: date
    location: str
    timezone: str
    rules: str | None = None
    pickup_info: str | None = None
    contact_whatsapp: str | None = None
    brand_color: str | None = None
    banner: Picture | None = None
    logo: Picture | None = None
    strava_club_url: str | None = None
    strava_event_url: str | None = None
    strava_route_url: str | None = None
    has_course: bool = False
    course_meters: int | None = None
    course_version: str | None = None
    categories: tuple[Category, ...]

    @property
    def kilometers(self) -> Decimal:
        """Return the length of the course with one decimal; 0 if there is none."""
        return (Decimal(self.course_meters or 0) / 1000).quantize(_TENTH, ROUND_HALF_UP)


class RacePage(Answer):
    """Races, with the cursor of those that follow; None if there are no more."""

    items: tuple[Race, ...]
    next_cursor: str | None = None


AnswerT = TypeVar("AnswerT", bound=Answer)


class RegistrationApi:
    """Reads races. They are cached for two seconds, for all visitors of the process.

    Args:
        http: client with the base URL of registration's API.
    """

    def __init__(self, http: httpx.AsyncClient, *, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._races = SingleFlightCache(self._read_races, age=_CACHED_FOR, clock=clock)
        self._whole: dict[str, SingleFlightCache[Race | None]] = {}

    async def races(self) -> Sequence[Race]:
        """Return the active races in the order of the API, without their texts.

        Raises:
            Unavailable: the API does not answer.
        """
        return await self._races.get()

    async def race(self, slug: str) -> Race | None:
        """Return an active race with its texts; None if there is none of that name.

        Raises:
            Unavailable: the API does not answer.
        """
        known = {race.slug for race in await self.races()}
        if slug not in known:  # made-up names are not asked for
            return None
        if slug not in self._whole:
            self._whole = {each: cached for each, cached in self._whole.items() if each in known}
            read = partial(self._read_race, slug)
            self._whole[slug] = SingleFlightCache(read, age=_CACHED_FOR, clock=self._clock)
        return await self._whole[slug].get()

    async def _read_races(self) -> Sequence[Race]:
        found = await self._read(RacePage, f"{_EVENTS}?fields=summary")
        return found.items if found else ()

    async def _read_race(self, slug: str) -> Race | None:
        return await self._read(Race, f"{_EVENTS}/{slug}")

    async def _read(self, kind: type[AnswerT], path: str) -> AnswerT | None:
        """Return the answer of the API; None if there is no such thing."""
        try:
            async with whole_answer(self._http.timeout.read):
                answer = await self._http.get(path, headers={"X-Correlation-Id": correlation_id()})
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            answer.raise_for_status()
            return kind.model_validate_json(answer.content)
        except (httpx.HTTPError, TimeoutError, ValidationError) as error:
            log.warning("registration_unavailable", error=type(error).__name__)
            raise Unavailable from None


async def search_races(
    registration: ApiClient, visitor: Visitor, words: str, *, since: date, limit: int, cursor: str | None
) -> RacePage:
    """Return a page of the races that have all words, soonest first. The search counts as the visitor's.

    Args:
        since: first day of the races.

    Raises:
        Refused: 429 after too many searches; 422 for words or a cursor that cannot be.
        Unavailable.
    """
    asked = {"q": words, "from": since.isoformat(), "limit": str(limit), "fields": "summary"}
    if cursor:
        asked["cursor"] = cursor
    return await registration.get(RacePage, "/events", visitor, params=asked)
