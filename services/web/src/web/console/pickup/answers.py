"""What check-in answers about stations and devices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from chassis.errors import NotFound

from web.console.apis import StaffApi
from web.upstream.client import Answer

_MOST: Final = 200
_PAGES: Final = 25
"""Of a whole list. It has 5,000 devices, which is years of races."""


class Station(Answer):
    """A station.

    Attributes:
        event_id: the race whose packs it hands out; None for any race.
        locked_at: when too many wrong PINs locked it; None if it is not locked.
    """

    id: UUID
    name: str
    location_name: str
    event_id: UUID | None
    event_name: str | None
    is_active: bool
    failed_attempts: int
    locked_at: datetime | None
    pin_changed_at: datetime

    @property
    def place(self) -> tuple[str, str, UUID | None]:
        """Return what tells it from other stations for those who log a device in."""
        return self.name, self.location_name, self.event_id

    @property
    def app_path(self) -> str:
        """Return the path at which the check-in app opens with this station chosen."""
        return app_path(self.id)


class Device(Answer):
    """A device that has logged in at a station."""

    id: UUID
    station_id: UUID
    station_name: str
    location_name: str
    name: str
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None

    def is_connected(self, now: datetime) -> bool:
        """Return whether it may hand packs out."""
        return self.revoked_at is None and now < self.expires_at


class _Stations(Answer):
    items: tuple[Station, ...]
    next_cursor: str | None = None


class Devices(Answer):
    """A page of devices, the latest login first."""

    items: tuple[Device, ...]
    next_cursor: str | None = None


def app_path(station_id: UUID) -> str:
    """Return the path at which the check-in app opens with a station chosen."""
    return f"/checkin?station={station_id}"


async def all_stations(checkin: StaffApi) -> Sequence[Station]:
    """Return all stations, oldest first.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    found: list[Station] = []
    cursor = None
    for _ in range(_PAGES):
        page = await checkin.get(_Stations, "/stations", limit=_MOST, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def station_of(checkin: StaffApi, station_id: UUID) -> Station:
    """Return a station.

    Raises:
        NotFound.
        Refused, Unavailable: see `ApiClient.call`.
    """
    found = next((each for each in await all_stations(checkin) if each.id == station_id), None)
    if found is None:
        raise NotFound
    return found


async def devices_of(checkin: StaffApi, station_id: UUID | None = None) -> Sequence[Device]:
    """Return the devices of a station, or of all, the latest login first.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    found: list[Device] = []
    cursor = None
    for _ in range(_PAGES):
        page = await checkin.get(Devices, "/devices", limit=_MOST, cursor=cursor, station_id=station_id)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def device_of(checkin: StaffApi, device_id: UUID) -> Device:
    """Return a device.

    Raises:
        NotFound.
        Refused, Unavailable: see `ApiClient.call`.
    """
    found = next((each for each in await devices_of(checkin) if each.id == device_id), None)
    if found is None:
        raise NotFound
    return found
