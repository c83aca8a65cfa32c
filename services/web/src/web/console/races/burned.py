"""BIBs that are never given again, as their runners were cancelled."""

from collections.abc import Mapping
from uuid import UUID

from web.console.apis import StaffApi, unless_away
from web.upstream.client import Answer


class _Category(Answer):
    """The count of a category; a registration service of the release before names none."""

    category_id: UUID
    bibs_burned: int = 0


class _Stats(Answer):
    categories: tuple[_Category, ...]


async def burned_bibs(registration: StaffApi, race_id: UUID) -> Mapping[UUID, int]:
    """Return how many BIBs of each category of a race are never given again; nothing while counts are away.

    Raises:
        Refused: see `ApiClient.call`.
    """
    found = await unless_away(registration.briefly.get(_Stats, "/stats", event_id=race_id))
    return {each.category_id: each.bibs_burned for each in found.categories} if found else {}
