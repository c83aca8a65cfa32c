"""Creating and changing stations, logging devices in, revoking them."""

from datetime import timedelta
from typing import Any, Final, TypedDict, Unpack
from uuid import UUID, uuid4

from chassis.audit_log import before_and_after
from chassis.database import Database, UnitOfWork, already_stored
from chassis.errors import InvalidFields
from chassis.telemetry import logger
from sqlalchemy import case, func, or_, update
from sqlalchemy.dialects.postgresql import insert

from checkin.stations.errors import StationExists, StationLocked, UnknownDevice, UnknownStation, WrongPin
from checkin.stations.pins import Pins
from checkin.stations.rules import EASY_PIN, MAX_FAILURES, SEEN_INTERVAL, is_guessable
from checkin.stations.tables import Device, Station

log = logger(__name__)

_FAILURES: Final = Station.attempts - Station.forgiven_through


async def open_station(
    work: UnitOfWork,
    pins: Pins,
    *,
    name: str,
    location_name: str,
    pin_code: str,
    event_id: UUID | None,
    by: str,
    id: UUID | None = None,  # noqa: A002  # the field of the API
) -> Station:
    """Create a station for one race, or for any race if `event_id` is None.

    Args:
        id: chosen by the caller, so that a request that is sent twice creates one station.

    Raises:
        InvalidFields: the PIN is too easy to guess.
        StationExists.
    """
    values = {
        "id": id or uuid4(),
        "name": name,
        "location_name": location_name,
        "event_id": event_id,
        "pin_hash": await _hashed(pins, pin_code),
        "pin_changed_at": work.now,
        "is_active": True,
        "created_at": work.now,
        "updated_at": work.now,
    }
    added = insert(Station).values(values).on_conflict_do_nothing(index_elements=[Station.id]).returning(Station)
    station = (await work.session.execute(added)).scalar_one_or_none()
    if station is None:
        raise StationExists
    await work.session.refresh(station, ["event_name"])
    await work.audit(by, "station.open", f"station:{station.id}", **before_and_after({}, _state(station)))
    return station


class StationChanges(TypedDict, total=False):
    """Fields of a station to change; absent ones stay."""

    name: str
    location_name: str
    event_id: UUID | None
    is_active: bool
    pin_code: str
    unlock: bool


async def change_station(
    work: UnitOfWork, pins: Pins, station_id: UUID, *, by: str, **changes: Unpack[StationChanges]
) -> Station:
    """Change a station and return it. A new PIN or closing revokes its devices; a new PIN also unlocks it.

    Raises:
        InvalidFields: the new PIN is too easy to guess.
        UnknownStation.
    """
    requested = sorted(changes)
    pin_code, unlock = changes.pop("pin_code", None), changes.pop("unlock", False)
    columns: dict[str, Any] = {**changes, "updated_at": work.now}
    if pin_code is not None:
        columns |= {"pin_hash": await _hashed(pins, pin_code), "pin_changed_at": work.now}
    if unlock or pin_code is not None:
        columns |= {"forgiven_through": Station.attempts, "locked_at": None}
    lock = {"key_share": True}  # not FOR UPDATE: a device that sends scans holds its own row and refers to this one
    before = _state(await work.session.get(Station, station_id, with_for_update=lock, populate_existing=True))
    changing = update(Station).where(Station.id == station_id).values(columns)
    returned = changing.returning(Station).execution_options(populate_existing=True)
    station = (await work.session.execute(returned)).scalar_one_or_none()
    if station is None:
        raise UnknownStation
    await work.session.refresh(station, ["event_name"])
    if pin_code is not None or not changes.get("is_active", True):
        await _revoke_devices(work, station_id)
    changed = before_and_after(before, _state(station))
    await work.audit(by, "station.change", f"station:{station_id}", **changed, requested=requested)
    return station


def _state(station: Station | None) -> dict[str, Any]:
    """Return what the audit log shows of a station: all but its PIN."""
    if station is None:
        return {}
    return {name: getattr(station, name) for name in ("name", "location_name", "event_id", "is_active", "locked_at")}


async def _hashed(pins: Pins, pin_code: str) -> str:
    """Return the hash of a PIN. Called before the first statement, so that no transaction is open meanwhile."""
    if is_guessable(pin_code):
        raise InvalidFields(("pin_code", EASY_PIN))
    return await pins.hash(pin_code)


async def _revoke_devices(work: UnitOfWork, station_id: UUID) -> None:
    there = (Device.station_id == station_id) & Device.revoked_at.is_(None)
    await work.session.execute(update(Device).where(there).values(revoked_at=work.now))


async def revoke_device(work: UnitOfWork, device_id: UUID, *, by: str) -> None:
    """Revoke a device. Idempotent.

    Raises:
        UnknownDevice.
    """
    revoked = update(Device).where(Device.id == device_id, Device.revoked_at.is_(None)).values(revoked_at=work.now)
    if (await work.session.execute(revoked.returning(Device.id))).first() is not None:
        await work.audit(by, "device.revoke", f"device:{device_id}", before={"active": True}, after={"active": False})
    elif await work.session.get(Device, device_id) is None:
        raise UnknownDevice


async def record_seen(work: UnitOfWork, device_id: UUID) -> None:
    """Record that a device made a request, unless another request was recorded within `SEEN_INTERVAL`."""
    seldom = or_(Device.last_seen_at.is_(None), Device.last_seen_at <= work.now - SEEN_INTERVAL)
    seen = update(Device).where(Device.id == device_id, seldom).values(last_seen_at=work.now)
    await work.session.execute(seen)


async def log_in(
    database: Database, pins: Pins, station_id: UUID, *, pin_code: str, device_name: str, lifetime: timedelta
) -> tuple[Station, Device]:
    """Log a device in with the station's PIN.

    The attempt is counted and committed before the PIN is verified: concurrent guesses share one count over all
    processes, and a crash does not restore an attempt. No transaction is open while the hash is computed.

    Raises:
        WrongPin: also for a station that is closed or unknown, after the same time.
        StationLocked, Unavailable.
    """
    async with pins.queue_slot():
        attempt = await _count_attempt(database, station_id)
        matches = await pins.matches(pin_code, attempt.pin_hash if attempt else None)
        admitted = await _admit(database, attempt, device_name, lifetime) if attempt and matches else None
    if admitted:
        return admitted
    raise WrongPin(attempts_left=await _attempts_left(database, attempt))


async def _count_attempt(database: Database, station_id: UUID) -> Station | None:
    """Count an attempt and return the station as of then; None if there is no such station."""
    failures = _FAILURES + 1
    counting = (
        update(Station)
        .where(Station.id == station_id, _FAILURES < MAX_FAILURES)
        .values(
            attempts=Station.attempts + 1,
            locked_at=case((failures == MAX_FAILURES, database.clock()), else_=Station.locked_at),
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
    """Log the device in; None if the station was closed or got another PIN since the attempt was counted.

    Forgives this attempt and earlier ones, never later ones. The station's row is locked, so a change of the PIN is
    committed either before, and the login fails, or after, and revokes this device.
    """
    forgiven = func.greatest(Station.forgiven_through, attempt.attempts)
    still_right = (Station.pin_changed_at == attempt.pin_changed_at) & Station.is_active
    forgiving = (
        update(Station)
        .where(Station.id == attempt.id, still_right)
        .values(
            forgiven_through=forgiven,
            locked_at=case((Station.attempts - forgiven < MAX_FAILURES, None), else_=Station.locked_at),
        )
        .returning(Station)
    )
    async with database.work() as work:
        station = (await work.session.execute(forgiving)).scalar_one_or_none()
        if station is None:
            return None
        device = Device(
            station_id=station.id,
            name=device_name,
            created_at=work.now,
            expires_at=work.now + lifetime,
            last_seen_at=work.now,
        )
        work.session.add(device)
        await work.session.flush()
        await work.session.refresh(station, ["event_name"])
        await work.audit(f"device:{device.id}", "device.log_in", f"station:{station.id}")
    return station, device


async def _attempts_left(database: Database, attempt: Station | None) -> int:
    """Return how many attempts are left after a wrong PIN. A lock is written to log and audit log."""
    if attempt is None:
        return MAX_FAILURES - 1
    left = MAX_FAILURES - attempt.failed_attempts
    if left == 0:
        log.warning("station_locked", station_id=str(attempt.id))
        with already_stored():  # the attempt, and the lock
            async with database.work() as work:
                await work.audit("system", "station.lock", f"station:{attempt.id}")
    return left
