"""Who is at the desk: a token alone is not enough, the device must still be logged in and its station open."""

from typing import Annotated

from chassis.auth.access import AnyDevice, DeviceOrStaff
from chassis.auth.principals import Device, Staff
from chassis.database import Database
from chassis.web.dependencies import OwnDatabase
from fastapi import Depends

from checkin.stations.errors import DeviceRevoked
from checkin.stations.queries import working_desk
from checkin.stations.rules import Desk


async def desk_of(device: AnyDevice, database: OwnDatabase) -> Desk:
    """The calling device's desk, as it is now.

    Raises:
        DeviceRevoked.
    """
    return await _desk(database, device)


async def desk_or_staff(caller: DeviceOrStaff, database: OwnDatabase) -> Desk | Staff:
    """The calling device's desk, or whoever of staff is calling.

    Raises:
        DeviceRevoked.
    """
    return caller if isinstance(caller, Staff) else await _desk(database, caller)


async def _desk(database: Database, device: Device) -> Desk:
    async with database.read() as session:
        desk = await working_desk(session, device.id)
    if desk is None:
        raise DeviceRevoked
    return desk


AtDesk = Annotated[Desk, Depends(desk_of)]
AtDeskOrStaff = Annotated[Desk | Staff, Depends(desk_or_staff)]
