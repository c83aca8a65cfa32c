"""Why the quota of a category is what it is: where its places are, in parts that add up to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import Request, Response

from web.console.access import AnyStaff
from web.console.apis import Registration, StaffApi, unless_away
from web.console.pages import console_page
from web.console.races.race_page import ONE
from web.console.races.upstream import Race, race_by_id
from web.console.routing import ConsoleRouter
from web.upstream.client import Answer

router = ConsoleRouter()

WIDTH: Final = 1000
"""Of a bar, in its own units."""

_OF_STATUS: Final = {"paid": "payment_verified", "review": "payment_uploaded", "pending": "pending_payment"}
_ENDED: Final = ("expired", "cancelled")


class Count(Answer):
    """Participants of a category in one state."""

    category_id: UUID
    status: str
    participants: int


class Summary(Answer):
    """The places of a category, and the length of its waiting list."""

    category_id: UUID
    category_name: str
    registered: int
    quota: int
    places_left: int
    places_offered: int
    places_burned: int
    waitlist_entries: int
    waitlist_participants: int


class _Stats(Answer):
    items: tuple[Count, ...]
    categories: tuple[Summary, ...]


@dataclass(frozen=True)
class Part:
    """Places of one kind, with their stretch of the bar, in its units."""

    name: str
    places: int
    x: int
    width: int


@dataclass(frozen=True)
class Places:
    """Where the places of a category are."""

    summary: Summary
    counts: Sequence[Count]

    def participants(self, *statuses: str) -> int:
        """Return the participants in these states."""
        return sum(each.participants for each in self.counts if each.status in statuses)

    @property
    def came_back(self) -> int:
        """Return the participants whose places came back, as they did not pay or were cancelled."""
        return self.participants(*_ENDED)

    @property
    def parts(self) -> Sequence[Part]:
        """Return the places by kind; together they are the quota.

        `uncounted` are those taken or given back between the two counts of the API, if there are any; it may be less
        than nothing.
        """
        found = {name: self.participants(status) for name, status in _OF_STATUS.items()}
        found |= {"offered": self.summary.places_offered, "burned": self.summary.places_burned}
        uncounted = self.summary.quota - self.summary.places_left - sum(found.values())
        found |= {"uncounted": uncounted} if uncounted else {}
        return _drawn({**found, "left": self.summary.places_left})


def _drawn(found: Mapping[str, int]) -> Sequence[Part]:
    """Return the parts, each beginning where the one before ends."""
    whole = max(1, sum(each for each in found.values() if each > 0))
    parts, before = [], 0
    for name, count in found.items():
        x, end = (round(WIDTH * each / whole) for each in (before, before + max(0, count)))
        parts.append(Part(name, count, x, end - x))
        before += max(0, count)
    return parts


async def places_of(registration: StaffApi, race: Race) -> Mapping[UUID, Places]:
    """Return where the places of a race's categories are, by category.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    stats = await registration.get(_Stats, "/stats", event_id=str(race.id))
    return {
        each.category_id: Places(each, [count for count in stats.items if count.category_id == each.category_id])
        for each in stats.categories
    }


@router.page(f"{ONE}/quota")
async def show_quotas(request: Request, staff: AnyStaff, registration: Registration, race_id: UUID) -> Response:
    """Show where the places of a race's categories are."""
    race = await race_by_id(registration, race_id)
    places = await unless_away(places_of(registration, race))
    return console_page(request, staff, "races/quota.html", race=race, places=places)
