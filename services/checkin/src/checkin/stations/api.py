"""Routes for stations, the login of devices, and devices."""

import re
from datetime import datetime
from typing import Annotated, Self, cast
from uuid import UUID

from chassis.auth.access import DEVICE_ISSUER, Admin, public
from chassis.auth.principals import TokenKind
from chassis.auth.signing import SigningKeys
from chassis.auth.tokens import issue
from chassis.database import already_stored
from chassis.errors import InvalidFields, Unavailable
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase, Read, Work, from_state
from chassis.web.models import NOTHING_TO_CHANGE, Body, Cursor, Label, Limit, Matching, Page, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Refused, Wording
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from checkin.settings import Settings
from checkin.stations import commands, queries
from checkin.stations.commands import StationChanges
from checkin.stations.errors import StationExists, StationLocked, UnknownDevice, UnknownStation, WrongPin
from checkin.stations.pins import Pins

TRUE_OR_NOTHING = Wording(en="Send true, or leave this out.", id="Kirim true, atau kosongkan.")
SIX_DIGITS = Wording(en="A PIN has six digits.", id="PIN terdiri dari enam angka.")
PinCode = Annotated[str, Matching("[0-9]{6}", SIX_DIGITS)]
TypedPin = Annotated[
    PinCode, BeforeValidator(lambda value: re.sub("[ \xa0-]", "", value) if isinstance(value, str) else value)
]
TiedTo = Annotated[UUID | None, Field(description="the race whose packs the station hands out; null for any race")]

router = Router()

_cursors = CursorOf(queries.Position)


def _only_true(unlock: bool) -> bool:  # a validator
    if not unlock:
        raise Refused(TRUE_OR_NOTHING)
    return unlock


# `Literal[True]` would accept 1, too.
Unlock = Annotated[bool, AfterValidator(_only_true), Field(json_schema_extra={"const": True})]


class NewStation(Body):
    """A station to open.

    `event_id` may be a race that no event was received of yet; `event_name` is null until then. With an `id`, a repeat
    creates nothing and gets 409.
    """

    id: UUID | None = None
    name: Label
    location_name: Label
    pin_code: PinCode
    event_id: TiedTo = None


class StationChange(Body):
    """Fields to change. An absent or null field stays, except `event_id`: null sets it to any race."""

    name: Label | None = None
    location_name: Label | None = None
    event_id: TiedTo = None
    is_active: bool | None = None
    pin_code: PinCode | None = None
    unlock: Unlock | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.changes():
            raise Refused(NOTHING_TO_CHANGE)
        return self

    def changes(self) -> StationChanges:
        """Return the fields that were given."""
        given = self.model_dump(exclude_unset=True).items()
        return cast("StationChanges", {name: value for name, value in given if value is not None or name == "event_id"})


class StationSummary(View):
    """A station as devices see it."""

    id: UUID
    name: str
    location_name: str
    event_id: TiedTo
    event_name: str | None


class StationView(StationSummary):
    """A station as staff see it; the PIN is never shown."""

    is_active: bool
    failed_attempts: int
    locked_at: datetime | None
    pin_changed_at: datetime
    created_at: datetime
    updated_at: datetime


class DeviceLogin(Body):
    """The PIN of the station and a name for the device, which staff see. Spaces and hyphens in the PIN are ignored."""

    pin_code: TypedPin
    device_name: Label


class DeviceLoggedIn(View):
    """The device token, valid for `expires_in` seconds unless revoked."""

    device_token: str
    expires_in: int
    station: StationSummary


class DeviceView(View):
    """A device that has logged in, and its station.

    `last_seen_at` is the time of its last request or its login, late by a minute at most; null if an older release
    logged it in and it was not seen since.
    """

    id: UUID
    station_id: UUID
    station_name: str
    location_name: str
    name: str
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None


OwnPins = Annotated[Pins, from_state("pins")]
OwnKeys = Annotated[SigningKeys, from_state("signing_keys")]
OwnSettings = Annotated[Settings, from_state("settings")]


@router.get("/stations")
async def list_stations(_: Admin, session: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[StationView]:
    """Return all stations, oldest first."""
    found = await queries.list_stations(session, limit=limit + 1, after=_cursors.decode(cursor))
    items = [StationView.model_validate(each) for each in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=_cursors.encode(items[-1].created_at, items[-1].id) if more else None)


@router.post("/stations", status_code=201, responses=errors(InvalidFields, StationExists))
async def open_station(body: NewStation, staff: Admin, pins: OwnPins, work: Work) -> StationView:
    """Create a station."""
    station = await commands.open_station(work, pins, **body.model_dump(), by=staff.actor)
    return StationView.model_validate(station)


@router.patch("/stations/{station_id}", responses=errors(UnknownStation, InvalidFields))
async def change_station(station_id: UUID, body: StationChange, staff: Admin, pins: OwnPins, work: Work) -> StationView:
    """Change a station: names, race, PIN, open or closed; or unlock it."""
    station = await commands.change_station(work, pins, station_id, **body.changes(), by=staff.actor)
    return StationView.model_validate(station)


@router.post(
    "/stations/{station_id}/login", dependencies=[public], responses=errors(WrongPin, StationLocked, Unavailable)
)
async def log_in(
    station_id: UUID, body: DeviceLogin, database: OwnDatabase, pins: OwnPins, keys: OwnKeys, settings: OwnSettings
) -> DeviceLoggedIn:
    """Exchange a station's PIN for a device token."""
    lifetime = settings.device_token_lifetime
    station, device = await commands.log_in(database, pins, station_id, **body.model_dump(), lifetime=lifetime)
    with already_stored():
        key = await keys.current()
    issued = issue(
        key,
        kind=TokenKind.DEVICE,
        issuer=DEVICE_ISSUER,
        subject=str(device.id),
        now=device.created_at,
        lifetime=lifetime,
        claims={"station_id": str(station.id)},
    )
    return DeviceLoggedIn(
        device_token=issued.token,
        expires_in=int(lifetime.total_seconds()),
        station=StationSummary.model_validate(station),
    )


@router.get("/devices")
async def list_devices(
    _: Admin, session: Read, station_id: UUID | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[DeviceView]:
    """Return the devices that have logged in, latest first."""
    found = await queries.list_devices(session, limit=limit + 1, after=_cursors.decode(cursor), station_id=station_id)
    items = [DeviceView(**each) for each in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=_cursors.encode(items[-1].created_at, items[-1].id) if more else None)


@router.delete("/devices/{device_id}", status_code=204, responses=errors(UnknownDevice))
async def revoke_device(device_id: UUID, staff: Admin, work: Work) -> None:
    """Revoke the token of a device."""
    await commands.revoke_device(work, device_id, by=staff.actor)
