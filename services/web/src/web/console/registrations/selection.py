"""The registrations that something is done to: those chosen one by one, or all that match, step by step."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from chassis.errors import NotFound
from fastapi import Request
from starlette.datastructures import QueryParams

from web.console.apis import StaffApi
from web.console.catalog import all_races, race_for
from web.console.registrations.answers import Chosen, Matching
from web.console.registrations.wanted import Wanted
from web.languages import language_of_path
from web.upstream.client import Refused

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")

_CALLS_AT_ONCE: Final = 8


@dataclass(frozen=True)
class Selection:
    """What a bulk action is about.

    Attributes:
        is_all: whether it is about all that match, not about registrations chosen one by one.
        ids: of the registrations of this step; those of other steps follow or are done.
        left: how many are in this step and after it.
        until: of all that match, only those that were registered before; others were not seen.
        after: all that match are taken in the order of their ids; this is the last one of the step before.
        is_too_large: more match than can be listed.
    """

    wanted: Wanted
    is_all: bool
    ids: Sequence[UUID]
    left: int
    until: datetime
    after: UUID | None = None
    is_too_large: bool = False

    @classmethod
    async def of(cls, request: Request, asked: QueryParams, registration: StaffApi, *, at_once: int) -> Self:
        """Return what an address asks for.

        Args:
            at_once: the most registrations of one step.

        Raises:
            NotFound: there is no race.
            Refused, Unavailable: see `ApiClient.call`.
        """
        selection = await cls.described(request, asked, registration)
        if not selection.is_all:
            ids = tuple(dict.fromkeys(ids_in(asked.getlist("id"))))[:at_once]
            return replace(selection, ids=ids, left=len(ids))
        return await selection.matching(registration, at_once=at_once)

    @classmethod
    async def described(cls, request: Request, asked: QueryParams, registration: StaffApi) -> Self:
        """Return what an address asks for, without its ids.

        Raises:
            NotFound: the race, or something that it is filtered by, is not there (any more), or no such days.
            Refused, Unavailable: see `ApiClient.call`.
        """
        race = race_for(await all_races(registration), asked.get("race"))
        wanted = Wanted.of(asked, race, language_of_path(request.url.path))
        if wanted.errors or wanted.has_dropped(asked):
            raise NotFound
        until = _moment(asked.get("until")) or request.app.state.clock()
        after = next(iter(ids_in([asked.get("after", "")])), None)
        return cls(wanted, asked.get("all") == "yes", (), 0, until, after)

    async def matching(self, registration: StaffApi, *, at_once: int) -> Self:
        """Return all that match now, with the ids of the next step."""
        asked = self.wanted.asked(until=self.until)
        found = await registration.get(Matching, "/registrations", **asked, ids_only="true")
        ids = sorted(each for each in found.registration_ids if self.after is None or each > self.after)
        return replace(self, ids=tuple(ids[:at_once]), left=len(ids), is_too_large=found.more)

    def of_form(self, ids: Sequence[UUID]) -> Self:
        """Return the selection with the registrations that a form names, whatever matches now."""
        return replace(self, ids=ids, left=len(ids))

    def behind(self, last: UUID) -> Self:
        """Return the selection without what is done."""
        return replace(self, after=last, ids=())

    @property
    def query(self) -> str:
        """Return the query string of this selection, without the ids of those chosen."""
        steps = {"all": "yes", "until": self.until.isoformat()} if self.is_all else {}
        after = {"after": str(self.after)} if self.after else {}
        return "&".join((self.wanted.state.query(), urlencode({**steps, **after}))).rstrip("&")

    @property
    def list_query(self) -> str:
        """Return the query string of the list that it comes from."""
        return self.wanted.state.query()


def ids_in(texts: Sequence[Any]) -> Sequence[UUID]:
    """Return the ids that texts begin with; others are left out."""
    found = []
    for text in texts:
        try:
            found.append(UUID(str(text).partition(" ")[0]))
        except ValueError:
            continue
    return found


def numbers_in(texts: Sequence[Any]) -> dict[UUID, str]:
    """Return the number of each registration in texts such as `<id> FR5K-00042`."""
    pairs = [str(text).partition(" ") for text in texts]
    return {found: number for before, _, number in pairs for found in ids_in([before])}


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


async def each_of(items: Sequence[ItemT], ask: Callable[[ItemT], Awaitable[ResultT]]) -> Sequence[ResultT]:
    """Return the result for each, in order; a few are asked for at the same time."""
    few = asyncio.Semaphore(_CALLS_AT_ONCE)

    async def one(item: ItemT) -> ResultT:
        async with few:
            return await ask(item)

    return await asyncio.gather(*(one(item) for item in items))


async def rows_of(registration: StaffApi, ids: Sequence[UUID]) -> Sequence[Chosen]:
    """Return the registrations with these ids, in order; those that are not there are left out."""

    async def row(registration_id: UUID) -> Chosen | None:
        try:
            return await registration.get(Chosen, f"/registrations/{registration_id}")
        except Refused as refused:
            if refused.status != NotFound.status:
                raise
            return None

    return [each for each in await each_of(ids, row) if each is not None]
