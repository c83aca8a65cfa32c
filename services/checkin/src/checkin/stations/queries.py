"""Queries for stations and devices."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from chassis.web.models import Moment
from sqlalchemy import RowMapping, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from checkin.stations.rules import StationSession
from checkin.stations.tables import Device, Station

IS_REVOKED: Final = or_(Device.revoked_at.is_not(None), ~Station.is_active)
"""The condition that a device is revoked or its station closed."""


class Position(NamedTuple):
    """The position of a row in a list: its creation time and id."""

    at: Moment
    id: UUID


async def list_stations(session: AsyncSession, *, limit: int, after: Position | None) -> Sequence[Station]:
    """Return a page of stations, oldest first."""
    query = select(Station).order_by(Station.created_at, Station.id).limit(limit)
    if after:
        query = query.where(tuple_(Station.created_at, Station.id) > tuple_(*after))
    return (await session.execute(query)).scalars().all()


async def list_devices(
    session: AsyncSession, *, limit: int, after: Position | None, station_id: UUID | None
) -> Sequence[RowMapping]:
    """Return a page of devices with their station, latest login first, of one station if it is given."""
    query = (
        select(*Device.__table__.columns, Station.name.label("station_name"), Station.location_name)
        .select_from(Device)
        .join(Station, Station.id == Device.station_id)
        .order_by(Device.created_at.desc(), Device.id.desc())
        .limit(limit)
    )
    if after:
        query = query.where(tuple_(Device.created_at, Device.id) < tuple_(*after))
    if station_id:
        query = query.where(Device.station_id == station_id)
    return (await session.execute(query)).mappings().all()


async def active_session(session: AsyncSession, device_id: UUID) -> StationSession | None:
    """Return the session of a device; None if it is revoked or its station closed."""
    found = await any_session(session, device_id)
    return found[0] if found is not None and not found[1] else None


async def any_session(session: AsyncSession, device_id: UUID) -> tuple[StationSession, bool] | None:
    """Return the session of a device, and whether it is revoked or its station closed; None if there is no device."""
    query = (
        select(
            Device.id,
            Station.id,
            Station.name,
            Station.location_name,
            Station.event_id,
            Device.last_seen_at,
            IS_REVOKED,
        )
        .join(Station, Station.id == Device.station_id)
        .where(Device.id == device_id)
    )
    row = (await session.execute(query)).one_or_none()
    return (StationSession(*row[:-1]), row[-1]) if row else None
