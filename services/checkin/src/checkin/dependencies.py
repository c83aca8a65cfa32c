"""FastAPI dependencies shared by the routes of several folders.

A valid device token is not enough: the device must not be revoked, and its station must be open.
"""

from typing import Annotated

from chassis.auth.access import Allow, AnyDevice, DeviceOrStaff
from chassis.auth.principals import Device, Role, Staff
from chassis.database import Database
from chassis.web.dependencies import OwnDatabase
from fastapi import Depends

from checkin.settings import LATE_SCANS
from checkin.stations.commands import record_seen
from checkin.stations.errors import DeviceRevoked
from checkin.stations.queries import active_session, any_session
from checkin.stations.rules import StationSession

_DeviceOrAdmin = Annotated[Device | Staff, Depends(Allow(staff=[Role.ADMIN], device=True))]
_LateDevice = Annotated[Device, Depends(Allow(device=True, late=LATE_SCANS))]


async def current_station(device: AnyDevice, database: OwnDatabase) -> StationSession:
    """Return the session of the calling device, read from the database.

    Raises:
        DeviceRevoked.
    """
    return await _station_session(database, device)


async def current_station_or_staff(caller: DeviceOrStaff, database: OwnDatabase) -> StationSession | Staff:
    """Return the session of the calling device, or the calling member of staff.

    Raises:
        DeviceRevoked.
    """
    return caller if isinstance(caller, Staff) else await _station_session(database, caller)


async def current_station_or_admin(caller: _DeviceOrAdmin, database: OwnDatabase) -> StationSession | Staff:
    """Return the session of the calling device, or the calling admin.

    Raises:
        DeviceRevoked.
    """
    return caller if isinstance(caller, Staff) else await _station_session(database, caller)


async def syncing_station(device: _LateDevice, database: OwnDatabase) -> StationSession:
    """Return the session of the calling device, even if it was revoked or ran out: what it did before is kept.

    Raises:
        DeviceRevoked: there is no such device.
    """
    async with database.read() as session:
        found = await any_session(session, device.id)
    if found is None:
        raise DeviceRevoked
    return found[0]


async def _station_session(database: Database, device: Device) -> StationSession:
    async with database.read() as session:
        station = await active_session(session, device.id)
    if station is None:
        raise DeviceRevoked
    if station.seen_long_ago(database.clock()):
        async with database.work() as work:
            await record_seen(work, device.id)
    return station


SyncingStation = Annotated[StationSession, Depends(syncing_station)]
CurrentStationOrAdmin = Annotated[StationSession | Staff, Depends(current_station_or_admin)]
CurrentStation = Annotated[StationSession, Depends(current_station)]
CurrentStationOrStaff = Annotated[StationSession | Staff, Depends(current_station_or_staff)]
