"""Stations: the list of a race, a new one, and one with what can be changed about it."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Query, Request, Response

from web.console.access import Admin
from web.console.apis import Checkin, Failure, Registration, StaffApi, unless_away
from web.console.catalog import Race, all_races, race_of
from web.console.menu import ROOT
from web.console.pages import console_page, done, form_after
from web.console.pickup.answers import Device, Station, all_stations, devices_of, station_of
from web.console.pickup.pins import PIN_FIELD, with_new_pin
from web.console.races import forms
from web.console.routing import ConsoleRouter
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/stations"
_NEW: Final = f"{PATH}/new"
_ONE: Final = f"{PATH}/{{station_id}}"
ANY_RACE: Final = "any"
_EXISTS: Final = "station_exists"

_TAKEN: Final = Wording(
    en="There is a station of this name at this place already. Choose another name.",
    id="Sudah ada meja dengan nama ini di tempat ini. Pilih nama lain.",
)

RaceSlug = Annotated[str | None, Query(max_length=255)]


@router.page(PATH)
async def list_stations(
    request: Request, staff: Admin, registration: Registration, checkin: Checkin, race: RaceSlug = None
) -> Response:
    """List the stations that hand out packs of a race."""
    races, stations, devices = await asyncio.gather(
        unless_away(all_races(registration.briefly)),
        unless_away(all_stations(checkin)),
        unless_away(devices_of(checkin)),
    )
    chosen = race_of(races or (), race)
    return console_page(
        request,
        staff,
        "pickup/stations.html",
        races=races,
        race=chosen,
        stations=None if stations is None else _of_race(stations, races or (), chosen),
        connected=None if devices is None else _connected(request, devices),
    )


def _of_race(stations: Sequence[Station], races: Sequence[Race], chosen: Race | None) -> Sequence[Station]:
    """Return the stations of a race or of any, and those of races that are not there any more."""
    others = {race.id for race in races} - {chosen.id if chosen else None}
    return [each for each in stations if each.event_id not in others]


def _connected(request: Request, devices: Sequence[Device]) -> Mapping[UUID, int]:
    now = request.app.state.clock()
    return Counter(each.station_id for each in devices if each.is_connected(now))


@router.page(_NEW)
async def show_new(request: Request, staff: Admin, registration: Registration, race: RaceSlug = None) -> Response:
    """The form for a new station."""
    races = await unless_away(all_races(registration))
    chosen = race_of(races or (), race)
    values = {"race": str(chosen.id) if chosen else ANY_RACE}
    return _new_page(request, staff, values, choices=_choices(races or ()), race=chosen)


@router.action(_NEW)
async def create(request: Request, staff: Admin, registration: Registration, checkin: Checkin) -> Response:
    """Create a station, and show its PIN once.

    A second one of the same name at the same place is refused: those who log a device in could not tell them apart. A
    form that a browser sends again creates nothing, and leads to the station that it created; with other values, it is
    shown again.
    """
    values = await _typed(request)
    body, key = _fields(values), forms.key_of(values)
    failure = await _refused_name(request, checkin, body, but=key)
    pin = ""
    if failure is None:
        sent = body if key is None else {**body, "id": str(key)}
        pin, failure = await with_new_pin(lambda pin: checkin.change("POST", PATH, {**sent, PIN_FIELD: pin}))
    if failure is not None and failure.code == _EXISTS and key is not None:
        if _is_as_sent(await station_of(checkin, key), body):
            return done(request, f"{ROOT}{PATH}/{key}", "added_before")
        failure = forms.in_words(Failure(409, forms.KEY_REUSED), language_of_path(request.url.path))
    if failure is None:
        made = await _station_like(checkin, body)
        return console_page(
            request, staff, "pickup/pin.html", pin=pin, name=body["name"], station=made, is_renewed=False
        )
    races = await unless_away(all_races(registration))
    return _new_page(request, staff, values, failure, choices=_choices(races or ()))


async def _refused_name(
    request: Request, checkin: StaffApi, body: Mapping[str, Any], but: UUID | None = None
) -> Failure | None:
    if await _station_like(checkin, body, but) is None:
        return None
    message = _TAKEN.said(language_of_path(request.url.path))
    return Failure(422, "name_taken", errors=[FieldError("name", message)])


async def _station_like(checkin: StaffApi, body: Mapping[str, Any], but: UUID | None = None) -> Station | None:
    """Return the station with these names and this race; None if there is none, or while check-in is away."""
    found = await unless_away(all_stations(checkin)) or ()
    return next((each for each in found if each.id != but and _is_as_sent(each, body)), None)


def _is_as_sent(station: Station, body: Mapping[str, Any]) -> bool:
    name, place, event_id = station.place
    sent = body["name"], body["location_name"], body["event_id"]
    return (name, place, str(event_id) if event_id else None) == sent


@router.page(_ONE)
async def show_station(
    request: Request, staff: Admin, registration: Registration, checkin: Checkin, station_id: UUID
) -> Response:
    """One station with its devices, and the form that changes it."""
    return await _page(request, staff, registration, checkin, station_id)


@router.action(_ONE)
async def save(
    request: Request, staff: Admin, registration: Registration, checkin: Checkin, station_id: UUID
) -> Response:
    """Change the names and the race of a station."""
    values = await _typed(request)
    body = _fields(values)
    failure = await _refused_name(request, checkin, body, but=station_id)
    if failure is None:
        failure = await checkin.change("PATCH", f"{PATH}/{station_id}", body)
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{station_id}", "saved")
    return await _page(request, staff, registration, checkin, station_id, values, failure)


async def _typed(request: Request) -> Mapping[str, str]:
    async with form_of(request) as form:
        return typed(form)


def _fields(values: Mapping[str, str]) -> Mapping[str, Any]:
    race = values.get("race", ANY_RACE)
    names = {name: values.get(name, "") for name in ("name", "location_name")}
    return {**names, "event_id": None if race in ("", ANY_RACE) else race}


async def _page(
    request: Request,
    staff: StaffSession,
    registration: StaffApi,
    checkin: StaffApi,
    station_id: UUID,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    races, station, devices = await asyncio.gather(
        unless_away(all_races(registration)),
        station_of(checkin, station_id),
        unless_away(devices_of(checkin, station_id)),
    )
    now = {"name": station.name, "location_name": station.location_name, "race": str(station.event_id or ANY_RACE)}
    return _form_page(
        request,
        staff,
        "pickup/station.html",
        now if values is None else values,
        failure,
        choices=_choices(races or (), station),
        station=station,
        connected=None if devices is None else _connected(request, devices).get(station_id, 0),
    )


def _choices(races: Sequence[Race], station: Station | None = None) -> list[tuple[str, str]]:
    """Return the races to choose from; that of the station is among them, also if races do not answer."""
    found = {str(race.id): race.name for race in races}
    if station is not None and station.event_id is not None:
        found.setdefault(str(station.event_id), station.event_name or str(station.event_id))
    return list(found.items())


def _new_page(
    request: Request, staff: StaffSession, values: Mapping[str, str], failure: Failure | None = None, **shown: Any
) -> Response:
    key = forms.next_key(values, failure)
    return _form_page(request, staff, "pickup/station_new.html", values, failure, key=key, **shown)


def _form_page(
    request: Request,
    staff: StaffSession,
    template: str,
    values: Mapping[str, str],
    failure: Failure | None = None,
    **shown: Any,
) -> Response:
    status, message = (failure.status, failure.message) if failure else (200, None)
    form = form_after(values, _on_the_form(failure) if failure else None)
    return console_page(request, staff, template, status=status, form=form, message=message, **shown)


def _on_the_form(failure: Failure) -> Failure:
    """Return a failure whose errors name the fields of the form."""
    names = {"event_id": "race"}
    errors = [FieldError(names.get(each.field, each.field), each.message) for each in failure.errors]
    return Failure(failure.status, failure.code, failure.message, errors)
