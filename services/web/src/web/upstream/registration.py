"""The client of registration's public routes."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import httpx
from chassis.clock import Clock
from chassis.errors import Unavailable
from chassis.single_flight import SingleFlightCache
from chassis.telemetry import correlation_id, logger
from pydantic import BaseModel, ConfigDict, ValidationError

log = logger(__name__)

_CACHED_FOR = timedelta(seconds=2)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Category(_Answer):
    """A category of a race. Prices are per participant; None if groups of that size are not offered."""

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


class Race(_Answer):
    """A race with its categories."""

    name: str
    slug: str
    description: str | None
    event_date: date
    location: str
    timezone: str
    rules: str | None = None
    pickup_info: str | None = None
    contact_whatsapp: str | None = None
    brand_color: str | None = None
    categories: tuple[Category, ...]


class _Races(_Answer):
    items: tuple[Race, ...]


class RegistrationApi:
    """Reads races. They are cached for two seconds, for all visitors of the process.

    Args:
        http: client with the base URL of registration's API.
    """

    def __init__(self, http: httpx.AsyncClient, *, clock: Clock) -> None:
        self._http = http
        self._races = SingleFlightCache(self._read_races, age=_CACHED_FOR, clock=clock)

    async def races(self) -> Sequence[Race]:
        """Return the active races in the order of the API.

        Raises:
            Unavailable: the API does not answer.
        """
        return await self._races.get()

    async def race(self, slug: str) -> Race | None:
        """Return an active race; None if there is none of that name.

        Raises:
            Unavailable: the API does not answer.
        """
        return next((race for race in await self.races() if race.slug == slug), None)

    async def _read_races(self) -> Sequence[Race]:
        try:
            answer = await self._http.get("/api/registration/v1/events", headers={"X-Correlation-Id": correlation_id()})
            answer.raise_for_status()
            return _Races.model_validate_json(answer.content).items
        except (httpx.HTTPError, ValidationError) as error:
            log.warning("registration_unavailable", error=type(error).__name__)
            raise Unavailable from None
