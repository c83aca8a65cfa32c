"""Opening and changing stations, logging devices in and out."""

from datetime import timedelta
from typing import Any, Final, TypedDict, Unpack
from uuid import UUID

from chassis.database import Database, UnitOfWork, already_stored
from chassis.errors import InvalidFields
from chassis.telemetry import logger
from sqlalchemy import case, func, update

from checkin.stations.errors import StationLocked, UnknownDevice, UnknownStation, WrongPin
from checkin.stations.pins import Pins
from checkin.stations.rules import EASY_PIN, MOST_FAILURES, is_guessable
from checkin.stations.tables import Device, Station

log = logger(__name__)

_FAILURES: Final = Station.attempts - Station.forgiven_through


async def open_station(
    work: UnitOfWork, pins: Pins, *, name: str, location_name: str, pin_code: str, event_id: UUID | None, by: str
) -> Station:
    """Set up a station that devices can log in to, for one race or, without `event_id`, for any.

    Raises:
        InvalidFields: the PIN is too easy.
    """
    pin_hash = await _hashed(pins, pin_code)
    station = Station(
        name=name,
        location_name=location_name,
        event_id=event_id,
        pin_hash=pin_hash,
        pin_changed_at=work.now,
        is_active=True,
        attempts=0,
        forgiven_through=0,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(station)
    await work.session.flush()
    await work.session.refresh(station, ["event_name"])
    await work.audit(by, "station.open", f"station:{station.id}", event_id=_shown(event_id))
    return station


class StationChanges(TypedDict, total=False):
    """What may change about a station; what is left out stays."""

    name: str
    location_name: str
    event_id: UUID | None
    is_active: bool
    pin_code: str
    unlock: bool


async def change_station(
    work: UnitOfWork, pins: Pins, station_id: UUID, *, by: str, **changes: Unpack[StationChanges]
) -> Station:
    """Change what is given. A new PIN or closing logs every device out; a new PIN also unlocks.

    Raises:
        InvalidFields: the new PIN is too easy.
        UnknownStation.
    """
    said = sorted(changes)
    pin_code, unlock = changes.pop("pin_code", None), changes.pop("unlock", False)
    columns: dict[str, Any] = {**changes, "updated_at": work.now}
    if pin_code is not None:
        columns |= {"pin_hash": await _hashed(pins, pin_code), "pin_changed_at": work.now}
    if unlock or pin_code is not None:
        columns |= {"forgiven_through": Station.attempts, "locked_at": None}
    changing = update(Station).where(Station.id == station_id).values(columns)
    station = (await work.session.execute(changing.returning(Station))).scalar_one_or_none()
    if station is None:
        raise UnknownStation
    await work.session.refresh(station, ["event_name"])
    if pin_code is not None or not changes.get("is_active", True):
        await _log_out_all(work, station_id)
    state = {"is_active": station.is_active, "event_id": _shown(station.event_id)}
    await work.audit(by, "station.change", f"station:{station_id}", changed=said, **state)
    return station


def _shown(event_id: UUID | None) -> str | None:
    return str(event_id) if event_id else None


async def _hashed(pins: Pins, pin_code: str) -> str:
    """Called before a unit of work's first statement: no transaction is open while it computes."""
    if is_guessable(pin_code):
        raise InvalidFields(("pin_code", EASY_PIN))
    return await pins.hash(pin_code)


async def _log_out_all(work: UnitOfWork, station_id: UUID) -> None:
    there = (Device.station_id == station_id) & Device.revoked_at.is_(None)
    await work.session.execute(update(Device).where(there).values(revoked_at=work.now))


async def revoke_device(work: UnitOfWork, device_id: UUID, *, by: str) -> None:
    """Log a device out for good; again it changes nothing.

    Raises:
        UnknownDevice.
    """
    revoked = update(Device).where(Device.id == device_id, Device.revoked_at.is_(None)).values(revoked_at=work.now)
    if (await work.session.execute(revoked.returning(Device.id))).first() is not None:
        await work.audit(by, "device.revoke", f"device:{device_id}")
    elif await work.session.get(Device, device_id) is None:
        raise UnknownDevice


async def log_in(
    database: Database, pins: Pins, station_id: UUID, *, pin_code: str, device_name: str, lifetime: timedelta
) -> tuple[Station, Device]:
    """Let a device that knows the PIN work at a station.

    The attempt is counted and committed before the PIN is looked at, so guesses fired at once, at any number of
    processes, share one count, and a crash gives no try back. No transaction is open while the hash is computed.

    Raises:
        WrongPin: also for a station that is closed or does not exist, and after as much time.
        StationLocked, Unavailable.
    """
    async with pins.place_in_line():
        attempt = await _count_attempt(database, station_id)
        matches = await pins.matches(pin_code, attempt.pin_hash if attempt else None)
        admitted = await _admit(database, attempt, device_name, lifetime) if attempt and matches else None
    if admitted:
        return admitted
    raise WrongPin(attempts_left=await _tries_after(database, attempt))


async def _count_attempt(database: Database, station_id: UUID) -> Station | None:
    """The station as it was when this attempt got its number; None if there is no such station."""
    failures = _FAILURES + 1
    counting = (
        update(Station)
        .where(Station.id == station_id, _FAILURES < MOST_FAILURES)
        .values(
            attempts=Station.attempts + 1,
            locked_at=case((failures == MOST_FAILURES, database.clock()), else_=Station.locked_at),
        )
        .returning(Station)
    )
    async with database.work() as work:
        station = (await work.session.execute(counting)).scalar_one_or_none()
        if station is None and await work.session.get(Station, station_id) is not None:
            raise StationLocked
    return station


async def _admit(
    database: Database, attempt: Station, device_name: str, lifetime: timedelta
) -> tuple[Station, Device] | None:
    """Log the device in, unless the station was closed or got another PIN since.

    Forgives this attempt and those numbered before it, never later ones. The station's row is locked by this, so a
    change of PIN comes wholly before (and nobody gets in) or wholly after (and logs this device out again).
    """
    forgiven = func.greatest(Station.forgiven_through, attempt.attempts)
    still_right = (Station.pin_changed_at == attempt.pin_changed_at) & Station.is_active
    forgiving = (
        update(Station)
        .where(Station.id == attempt.id, still_right)
        .values(
            forgiven_through=forgiven,
            locked_at=case((Station.attempts - forgiven < MOST_FAILURES, None), else_=Station.locked_at),
        )
        .returning(Station)
    )
    async with database.work() as work:
        station = (await work.session.execute(forgiving)).scalar_one_or_none()
        if station is None:
            return None
        device = Device(station_id=station.id, name=device_name, created_at=work.now, expires_at=work.now + lifetime)
        work.session.add(device)
        await work.session.flush()
        await work.session.refresh(station, ["event_name"])
        await work.audit(f"device:{device.id}", "device.log_in", f"station:{station.id}")
    return station, device


async def _tries_after(database: Database, attempt: Station | None) -> int:
    """How many tries are left after this wrong one, for the answer; a lock is noted for staff."""
    if attempt is None:
        return MOST_FAILURES - 1
    left = MOST_FAILURES - attempt.failed_attempts
    if left == 0:
        log.warning("station_locked", station_id=str(attempt.id))
        with already_stored():  # the attempt, and the lock
            async with database.work() as work:
                await work.audit("system", "station.lock", f"station:{attempt.id}")
    return left
