"""Merging scans that devices made without a network.

Of several devices that handed out the same pack, the scan that was made first holds, in whatever order they are
received: it becomes the check-in, and the others are conflicts. All changes of a pack hold the lock on its roster row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import ParticipantCheckedIn
from sqlalchemy import case, or_, select, update

from checkin.pickup.rules import ConflictKind, OfflineScan, ScanResult, judged_time, normalized_code
from checkin.pickup.tables import Checkin, Scan
from checkin.roster.tables import RosterEntry
from checkin.stations.rules import StationSession
from checkin.stations.tables import Device

_ABOUT_THE_PACK: Final = ("collected_by", "letter_seen", "identity_seen", "handed_size")
_PLACE: Final = ("device_id", "station_id", "station_name", "location_name")
_RESULTS: Final = {
    ConflictKind.UNKNOWN: ScanResult.UNKNOWN,
    ConflictKind.NOT_VALID: ScanResult.NOT_VALID,
    ConflictKind.OTHER_EVENT: ScanResult.OTHER_EVENT,
    ConflictKind.DEVICE_REVOKED: ScanResult.CONFLICT,
}


@dataclass(frozen=True)
class Merged:
    """What became of a scan. `entry` is None for an unknown ticket; `holder` is the check-in of the pack, if any."""

    key: str
    result: ScanResult
    entry: RosterEntry | None
    holder: Checkin | None


async def merge(
    work: UnitOfWork, station: StationSession, scans: Sequence[OfflineScan], *, offset: timedelta, is_revoked: bool
) -> Sequence[Merged]:
    """Store scans, each once, and return what became of them, in their order.

    Args:
        offset: how far this server's clock is ahead of the device's, by which their times are judged.
        is_revoked: whether the device was revoked; its scans are then only kept for staff to decide.
    """
    earliest = await _note_clock(work, station, offset)
    entries = await _locked(work, scans)
    known = await _known(work, station, [scan.key for scan in scans])
    for scan in sorted(scans, key=lambda scan: scan.scanned_at):
        if scan.key in known:
            continue
        at = judged_time(scan.scanned_at, offset=offset, earliest=earliest, now=work.now)
        entry = _entry_of(scan, entries)
        row = _row(work, station, scan, entry, at=at)
        row.conflict = ConflictKind.DEVICE_REVOKED if is_revoked else _refused(station, entry)
        is_contested = False
        if row.conflict is None and entry is not None:
            is_contested = await _hand_over(work, row, entry)
        else:
            row.result = _RESULTS[row.conflict or ConflictKind.UNKNOWN]
        work.session.add(row)
        await work.session.flush()
        known[scan.key] = row
        if is_contested and entry is not None:
            await settle(work, entry.participant_id)
    holders = await _holders(work, [each.participant_id for each in known.values() if each.participant_id])
    return [_merged(known[scan.key], entries, holders) for scan in scans]


async def _note_clock(work: UnitOfWork, station: StationSession, offset: timedelta) -> datetime:
    """Store how far the device's clock is off, and return when it logged in."""
    seconds = max(-(2**31), min(round(offset.total_seconds()), 2**31 - 1))
    noted = update(Device).where(Device.id == station.device_id).values(clock_offset_seconds=seconds)
    return (await work.session.execute(noted.returning(Device.created_at))).scalar_one()


async def _locked(work: UnitOfWork, scans: Sequence[OfflineScan]) -> Sequence[RosterEntry]:
    """Lock the roster's rows of all scans, in one order for all devices, and return them."""
    codes = [code for scan in scans if scan.ticket_code and (code := normalized_code(scan.ticket_code))]
    ids = [scan.participant_id for scan in scans if scan.participant_id]
    query = (
        select(RosterEntry)
        .where(or_(RosterEntry.participant_id.in_(ids), RosterEntry.ticket_code.in_(codes)))
        .order_by(RosterEntry.participant_id)
        .with_for_update(key_share=True)
    )
    return (await work.session.execute(query)).scalars().all()


async def _known(work: UnitOfWork, station: StationSession, keys: Sequence[str]) -> dict[str, Scan]:
    query = select(Scan).where(Scan.device_id == station.device_id, Scan.key.in_(keys))
    return {scan.key: scan for scan in (await work.session.execute(query)).scalars()}


def _entry_of(scan: OfflineScan, entries: Sequence[RosterEntry]) -> RosterEntry | None:
    if scan.participant_id is not None:
        return next((each for each in entries if each.participant_id == scan.participant_id), None)
    code = normalized_code(scan.ticket_code or "")
    return next((each for each in entries if each.ticket_code == code), None)


def _row(
    work: UnitOfWork, station: StationSession, scan: OfflineScan, entry: RosterEntry | None, *, at: datetime
) -> Scan:
    return Scan(
        **{name: getattr(station, name) for name in _PLACE},
        **{name: getattr(scan, name) for name in _ABOUT_THE_PACK},
        key=scan.key,
        participant_id=entry.participant_id if entry else None,
        scanned_at=at,
        received_at=work.now,
        result=ScanResult.HANDED_OUT,
    )


def _refused(station: StationSession, entry: RosterEntry | None) -> ConflictKind | None:
    if entry is None:
        return ConflictKind.UNKNOWN
    if station.event_id not in {None, entry.event_id}:
        return ConflictKind.OTHER_EVENT
    return ConflictKind.NOT_VALID if entry.cancelled_at is not None else None


async def _hand_over(work: UnitOfWork, scan: Scan, entry: RosterEntry) -> bool:
    """Make the scan the check-in of its pack, unless another one was made before it.

    Return whether there was a check-in of the pack.
    """
    again = select(Checkin).where(Checkin.device_id == scan.device_id, Checkin.idempotency_key == scan.key)
    if (await work.session.execute(again)).scalar_one_or_none() is not None:
        return False  # it was sent at once, and only the answer got lost
    holder = await standing(work, entry.participant_id)
    if holder is None:
        await check_in(work, scan, entry)
        publish(work, scan, entry)
    elif (scan.scanned_at, scan.device_id) < (holder.checked_in_at, holder.device_id):
        await _displace(work, holder, scan)
    else:
        scan.result = ScanResult.REPEATED if scan.device_id == holder.device_id else ScanResult.CONFLICT
    return holder is not None


async def standing(work: UnitOfWork, participant_id: UUID) -> Checkin | None:
    """Return the check-in of a pack that is not undone, if there is one."""
    query = select(Checkin).where(Checkin.participant_id == participant_id, Checkin.undone_at.is_(None))
    return (await work.session.execute(query)).scalar_one_or_none()


async def check_in(work: UnitOfWork, scan: Scan, entry: RosterEntry) -> None:
    """Make a scan the check-in of its pack, which has none."""
    pack = {"participant_id": entry.participant_id, "registration_id": entry.registration_id}
    work.session.add(Checkin(**_as_checkin(scan), **pack))
    await work.session.flush()


def publish(work: UnitOfWork, scan: Scan, entry: RosterEntry) -> None:
    """Publish that a pack was handed out."""
    checked_in = ParticipantCheckedIn(
        participant_id=entry.participant_id,
        registration_id=entry.registration_id,
        station_id=scan.station_id,
        location_name=scan.location_name,
        checked_in_at=scan.scanned_at,
    )
    work.publish(checked_in, subject=entry.registration_id)


def _as_checkin(scan: Scan) -> dict[str, Any]:
    return {
        **{name: getattr(scan, name) for name in (*_PLACE, *_ABOUT_THE_PACK)},
        "idempotency_key": scan.key,
        "checked_in_at": scan.scanned_at,
    }


async def _displace(work: UnitOfWork, holder: Checkin, scan: Scan) -> None:
    """Make a scan the check-in that another one was until now, which is kept as a scan."""
    key = holder.idempotency_key or str(holder.id)
    if not await _is_stored(work, holder.device_id, key):
        work.session.add(
            Scan(
                **{name: getattr(holder, name) for name in (*_PLACE, *_ABOUT_THE_PACK)},
                key=key,
                participant_id=holder.participant_id,
                scanned_at=holder.checked_in_at,
                received_at=holder.checked_in_at,
                result=ScanResult.HANDED_OUT,
            )
        )
    for name, value in _as_checkin(scan).items():
        setattr(holder, name, value)
    await work.session.flush()


async def _is_stored(work: UnitOfWork, device_id: UUID, key: str) -> bool:
    query = select(Scan.id).where(Scan.device_id == device_id, Scan.key == key)
    return (await work.session.execute(query)).first() is not None


async def settle(work: UnitOfWork, participant_id: UUID) -> None:
    """Mark which scans of a pack are conflicts: those of other devices than the one whose check-in holds."""
    holder = await standing(work, participant_id)
    if holder is None:
        return
    contested = (Scan.participant_id == participant_id) & Scan.resolved_at.is_(None)
    plain = or_(Scan.conflict.is_(None), Scan.conflict == ConflictKind.HANDED_OUT_TWICE)
    twice = case((Scan.device_id == holder.device_id, None), else_=ConflictKind.HANDED_OUT_TWICE.value)
    marked = update(Scan).where(contested, plain).values(conflict=twice)
    await work.session.execute(marked, execution_options={"synchronize_session": "fetch"})


async def _holders(work: UnitOfWork, participant_ids: Sequence[UUID]) -> dict[UUID, Checkin]:
    query = select(Checkin).where(Checkin.participant_id.in_(participant_ids), Checkin.undone_at.is_(None))
    return {each.participant_id: each for each in (await work.session.execute(query)).scalars()}


def _merged(scan: Scan, entries: Sequence[RosterEntry], holders: dict[UUID, Checkin]) -> Merged:
    entry = next((each for each in entries if each.participant_id == scan.participant_id), None)
    holder = holders.get(scan.participant_id) if scan.participant_id else None
    return Merged(scan.key, ScanResult(scan.result), entry, holder)
