"""Scans that staff have to look at: listing them, and deciding about them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.web.models import Moment
from sqlalchemy import Row, Select, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from checkin.pickup.errors import AlreadyCheckedIn, CannotAccept, ConflictResolved, UnknownConflict
from checkin.pickup.merging import check_in, publish, settle, standing
from checkin.pickup.rules import ConflictKind
from checkin.pickup.tables import Checkin, Scan
from checkin.roster.queries import CATEGORY_NAME, EVENT_NAME
from checkin.roster.tables import RosterEntry
from checkin.stations.tables import Device


class ConflictState(StrEnum):
    """Whether staff have decided about a conflict."""

    OPEN = "open"
    RESOLVED = "resolved"


class Position(NamedTuple):
    """The position of a conflict in the list: when it was received, and its id."""

    at: Moment
    id: UUID


ConflictRow = Row[Scan, str, RosterEntry | None, Checkin | None, str | None, str, str]


async def list_conflicts(
    session: AsyncSession,
    *,
    state: ConflictState | None = None,
    event_id: UUID | None = None,
    device_id: UUID | None = None,
    limit: int,
    after: Position | None = None,
) -> Sequence[ConflictRow]:
    """Return a page of conflicts with device, participant and the check-in that holds, the newest first."""
    query = _conflicts().order_by(Scan.received_at.desc(), Scan.id.desc()).limit(limit)
    if state:
        is_open = Scan.resolved_at.is_(None)
        query = query.where(is_open if state is ConflictState.OPEN else ~is_open)
    if event_id:
        query = query.where(RosterEntry.event_id == event_id)
    if device_id:
        query = query.where(Scan.device_id == device_id)
    if after:
        query = query.where(tuple_(Scan.received_at, Scan.id) < tuple_(*after))
    return (await session.execute(query)).all()


def _conflicts() -> Select[Scan, str, RosterEntry, Checkin, str, str, str]:
    holder = aliased(Device)
    holds = (Checkin.participant_id == Scan.participant_id) & Checkin.undone_at.is_(None)
    return (
        select(
            Scan,
            Device.name.label("device_name"),
            RosterEntry,
            Checkin,
            holder.name.label("holding_device"),
            EVENT_NAME,
            CATEGORY_NAME,
        )
        .join(Device, Device.id == Scan.device_id)
        .outerjoin(RosterEntry, RosterEntry.participant_id == Scan.participant_id)
        .outerjoin(Checkin, holds)
        .outerjoin(holder, holder.id == Checkin.device_id)
        .where(Scan.conflict.is_not(None))
    )


async def resolve(work: UnitOfWork, conflict_id: UUID, *, reason: str, accept: bool, by: str) -> None:
    """Decide about a conflict: nothing is to be done, or the scan of a revoked device counts after all.

    Raises:
        UnknownConflict, ConflictResolved.
        CannotAccept, AlreadyCheckedIn: it cannot be accepted.
    """
    entry = await _lock_pack_of(work, conflict_id)
    found = select(Scan).where(Scan.id == conflict_id, Scan.conflict.is_not(None)).with_for_update()
    scan = (await work.session.execute(found)).scalar_one_or_none()
    if scan is None:
        raise UnknownConflict
    if scan.resolved_at is not None:
        raise ConflictResolved(resolved_by=scan.resolved_by, resolution=scan.resolution)
    if accept:
        await _accept(work, scan, entry)
    scan.resolved_at, scan.resolved_by, scan.resolution = work.now, by, reason
    await work.audit(
        by,
        "conflict.resolve",
        f"participant:{scan.participant_id}",
        conflict_id=str(conflict_id),
        reason=reason,
        before={"state": ConflictState.OPEN.value},
        after={"state": ConflictState.RESOLVED.value, "accepted": accept},
    )


async def _lock_pack_of(work: UnitOfWork, conflict_id: UUID) -> RosterEntry | None:
    """Lock the pack that a conflict is about, before its scan as in a merge; None if it is about an unknown ticket."""
    of_conflict = (
        RosterEntry.participant_id == select(Scan.participant_id).where(Scan.id == conflict_id).scalar_subquery()
    )
    query = select(RosterEntry).where(of_conflict).with_for_update(key_share=True)
    return (await work.session.execute(query)).scalar_one_or_none()


async def _accept(work: UnitOfWork, scan: Scan, entry: RosterEntry | None) -> None:
    if scan.conflict != ConflictKind.DEVICE_REVOKED or entry is None or entry.cancelled_at is not None:
        raise CannotAccept
    holder = await standing(work, entry.participant_id)
    if holder is not None:
        raise AlreadyCheckedIn(
            checked_in_at=holder.checked_in_at.isoformat(),
            station_name=holder.station_name,
            location_name=holder.location_name,
        )
    check_in(work, scan, entry)
    publish(work, scan, entry)


async def lock_pack(work: UnitOfWork, participant_id: UUID) -> RosterEntry | None:
    """Lock the roster's row of a participant, which all changes of a pack hold, and return it."""
    query = select(RosterEntry).where(RosterEntry.participant_id == participant_id).with_for_update(key_share=True)
    return (await work.session.execute(query)).scalar_one_or_none()


async def hold_next(work: UnitOfWork, entry: RosterEntry, *, instead_of: UUID, reason: str, by: str) -> None:
    """After a check-in was undone, let the first scan of another device hold, if one handed the pack out as well.

    Args:
        instead_of: the device whose check-in was undone; its scans of the pack are settled by that.
    """
    of_pack = Scan.participant_id == entry.participant_id
    own = of_pack & (Scan.device_id == instead_of) & Scan.resolved_at.is_(None)
    undone = {"resolved_at": work.now, "resolved_by": by, "resolution": reason}
    await work.session.execute(update(Scan).where(own).values(undone))
    twice = Scan.conflict == ConflictKind.HANDED_OUT_TWICE
    others = select(Scan).where(of_pack, twice, Scan.resolved_at.is_(None))
    first = (await work.session.execute(others.order_by(Scan.scanned_at, Scan.device_id).limit(1))).scalar_one_or_none()
    if first is not None:
        check_in(work, first, entry)
        await settle(work, [entry.participant_id])
