"""Changes of a station's state: a new PIN, the lock after too many wrong ones, on and off."""

import asyncio
from typing import Any, Final
from uuid import UUID

from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Checkin, Failure, StaffApi, unless_away
from web.console.menu import ROOT
from web.console.pages import console_page, done
from web.console.pickup.answers import devices_of, station_of
from web.console.pickup.pins import PIN_FIELD, with_new_pin
from web.console.pickup.stations import PATH
from web.console.routing import ConsoleRouter
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_ONE: Final = f"{PATH}/{{station_id}}"


@router.page(f"{_ONE}/pin")
async def ask_for_pin(request: Request, staff: Admin, checkin: Checkin, station_id: UUID) -> Response:
    """What a new PIN does, before it is made."""
    return await _ask(request, staff, checkin, station_id, "pickup/pin_new.html")


@router.action(f"{_ONE}/pin")
async def renew_pin(request: Request, staff: Admin, checkin: Checkin, station_id: UUID) -> Response:
    """Make a new PIN and show it once; the devices of the station are logged out."""
    station = await station_of(checkin, station_id)

    async def renew(pin: str) -> Failure | None:
        return await checkin.change("PATCH", f"{PATH}/{station_id}", {PIN_FIELD: pin})

    pin, failure = await with_new_pin(renew)
    if failure is not None:
        return await _ask(request, staff, checkin, station_id, "pickup/pin_new.html", failure)
    return console_page(request, staff, "pickup/pin.html", pin=pin, name=station.name, station=station, is_renewed=True)


@router.page(f"{_ONE}/off")
async def ask_to_switch_off(request: Request, staff: Admin, checkin: Checkin, station_id: UUID) -> Response:
    """What switching a station off does, before it is done."""
    return await _ask(request, staff, checkin, station_id, "pickup/station_off.html")


@router.action(f"{_ONE}/off")
async def switch_off(request: Request, staff: Admin, checkin: Checkin, station_id: UUID) -> Response:
    """Switch a station off; its devices are logged out."""
    failure = await _change(checkin, station_id, is_active=False)
    if failure is not None:
        return await _ask(request, staff, checkin, station_id, "pickup/station_off.html", failure)
    return done(request, f"{ROOT}{PATH}/{station_id}", "off")


@router.action(f"{_ONE}/on")
async def switch_on(request: Request, staff: Admin, checkin: Checkin, station_id: UUID) -> Response:  # noqa: ARG001  # the gate
    """Switch a station on; devices log in again."""
    failure = await _change(checkin, station_id, is_active=True)
    return done(request, f"{ROOT}{PATH}/{station_id}", "on" if failure is None else "failed")


@router.action(f"{_ONE}/unlock")
async def unlock(request: Request, staff: Admin, checkin: Checkin, station_id: UUID) -> Response:  # noqa: ARG001  # the gate
    """Allow logins again after too many wrong PINs."""
    failure = await _change(checkin, station_id, unlock=True)
    return done(request, f"{ROOT}{PATH}/{station_id}", "unlocked" if failure is None else "failed")


async def _change(checkin: StaffApi, station_id: UUID, **change: Any) -> Failure | None:
    return await checkin.change("PATCH", f"{PATH}/{station_id}", change)


async def _ask(
    request: Request,
    staff: StaffSession,
    checkin: StaffApi,
    station_id: UUID,
    template: str,
    failure: Failure | None = None,
) -> Response:
    station, devices = await asyncio.gather(
        station_of(checkin, station_id), unless_away(devices_of(checkin, station_id))
    )
    now = request.app.state.clock()
    connected = None if devices is None else sum(each.is_connected(now) for each in devices)
    status, message = (failure.status, failure.message) if failure else (200, None)
    return console_page(request, staff, template, status=status, station=station, connected=connected, message=message)
