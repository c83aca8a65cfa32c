"""Races as registration's API shows them to staff, with all that can be edited."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from chassis.errors import NotFound

from web.console.apis import StaffApi
from web.upstream.client import Answer
from web.upstream.registration import Category as PublicCategory
from web.upstream.registration import Picture
from web.upstream.registration import Race as PublicRace

KINDS = ("banner", "logo")
"""The pictures that a race may have."""


class Category(PublicCategory):
    """A category with its numbers."""

    registration_prefix: str
    bib_start_number: int
    bib_end_number: int
    payment_deadline_hours: int


class Race(PublicRace):
    """A race with all its fields and categories."""

    id: UUID
    is_active: bool
    changes_until: datetime | None
    logo_path: str | None
    banner_path: str | None
    categories: tuple[Category, ...]

    def category(self, category_id: UUID) -> Category:
        """Return one of the race's categories.

        Raises:
            NotFound.
        """
        found = next((each for each in self.categories if each.id == category_id), None)
        if found is None:
            raise NotFound
        return found

    def picture(self, kind: str) -> Picture | None:
        """Return the banner or the logo, with addresses that only staff can load; None if there is none."""
        found = self.banner if kind == "banner" else self.logo
        if found is None:
            return None
        return Picture(
            files=tuple(
                each.model_copy(update={"address": self._address(kind, each.address)})
                for each in sorted(found.files, key=lambda each: each.width)
            )
        )

    def _address(self, kind: str, public: str) -> str:
        return f"/console/races/{self.id}/images/{kind}/{public.rpartition('/')[2]}"

    def for_staff(self) -> Self:
        """Return the race with pictures that staff can load also while it is not published."""
        return self.model_copy(update={kind: self.picture(kind) for kind in KINDS})


class _Catalog(Answer):
    items: tuple[Race, ...]


async def every_race(registration: StaffApi) -> Sequence[Race]:
    """Return all races, the latest day first.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    return (await registration.get(_Catalog, "/catalog")).items


async def race_by_id(registration: StaffApi, race_id: UUID) -> Race:
    """Return a race.

    Raises:
        NotFound.
        Refused, Unavailable: see `ApiClient.call`.
    """
    return race_among(await every_race(registration), race_id)


def race_among(races: Sequence[Race], race_id: UUID) -> Race:
    """Return one of these races.

    Raises:
        NotFound.
    """
    found = next((race for race in races if race.id == race_id), None)
    if found is None:
        raise NotFound
    return found
