"""Devices at stations: who is connected, when they were last seen, and taking their access away."""

import asyncio
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request, Response

from web.console.access import Admin
from web.console.apis import Checkin, unless_away
from web.console.lists import ListState
from web.console.menu import ROOT
from web.console.pages import console_page, done
from web.console.pickup.answers import Devices, all_stations, device_of
from web.console.routing import ConsoleRouter

router = ConsoleRouter()

PATH: Final = "/devices"
_REVOKE: Final = f"{PATH}/{{device_id}}/revoke"
_AT_ONCE: Final = 50

StationId = Annotated[UUID | None, Query()]


@router.page(PATH)
async def list_devices(request: Request, staff: Admin, checkin: Checkin, station: StationId = None) -> Response:
    """List the devices that have logged in, at one station or at all."""
    state = ListState.of(request, ("station",))
    found, stations = await asyncio.gather(
        unless_away(checkin.get(Devices, PATH, station_id=station, limit=_AT_ONCE, cursor=state.cursor)),
        unless_away(all_stations(checkin)),
    )
    return console_page(
        request,
        staff,
        "pickup/devices.html",
        found=found,
        state=state,
        station=next((each for each in stations or () if each.id == station), None),
        now=request.app.state.clock(),
    )


@router.page(_REVOKE)
async def ask_to_revoke(request: Request, staff: Admin, checkin: Checkin, device_id: UUID) -> Response:
    """What revoking a device does, before it is done."""
    device = await device_of(checkin, device_id)
    is_connected = device.is_connected(request.app.state.clock())
    return console_page(request, staff, "pickup/device_revoke.html", device=device, is_connected=is_connected)


@router.action(_REVOKE)
async def revoke(request: Request, staff: Admin, checkin: Checkin, device_id: UUID) -> Response:  # noqa: ARG001  # the gate
    """Revoke a device; again, nothing changes."""
    await checkin.call("DELETE", f"{PATH}/{device_id}")
    return done(request, f"{ROOT}{PATH}", "revoked")
