"""All races with their categories, also those that are not active, and the one that a page is about."""

from collections.abc import Sequence
from uuid import UUID

from chassis.errors import NotFound

from web.console.apis import StaffApi, unless_away
from web.upstream.client import Answer
from web.upstream.registration import Category
from web.upstream.registration import Race as PublicRace


class Race(PublicRace):
    """A race as staff see it."""

    id: UUID
    is_active: bool
    categories: tuple[Category, ...]


class _Catalog(Answer):
    items: tuple[Race, ...]


async def all_races(registration: StaffApi) -> Sequence[Race]:
    """Return all races, the next one first, those that are over last.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    return (await registration.get(_Catalog, "/catalog")).items


async def races_and_one(registration: StaffApi, slug: str) -> tuple[Sequence[Race] | None, Race | None, str]:
    """Return all races, the one that a filter names, and the filter if it cannot be applied, else nothing.

    While races are away, they are None, and a filter cannot be applied: then nothing may be listed, as it would be of
    other races, too.

    Raises:
        NotFound: there is no such race.
        Refused: see `ApiClient.call`.
    """
    races = await unless_away(all_races(registration.briefly))
    if races is None:
        return None, None, slug
    return races, race_for(races, slug) if slug else None, ""


def race_of(races: Sequence[Race], slug: str | None) -> Race | None:
    """Return the race that an address names, or else the first that is active; None if there is none at all."""
    named = next((race for race in races if race.slug == slug), None)
    return named or next((race for race in races if race.is_active), races[0] if races else None)


def race_for(races: Sequence[Race], slug: str | None) -> Race:
    """Return the race that something is to be done about, as `race_of`, but no other than the one that is named.

    Raises:
        NotFound: there is no such race (any more), or none at all.
    """
    found = race_of(races, slug)
    if found is None or (slug and found.slug != slug):
        raise NotFound
    return found
