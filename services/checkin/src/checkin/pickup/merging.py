"""Merging scans that devices made without a network.

Of several devices that handed out the same pack, the scan that was made first holds, in whatever order they are
received: it becomes the check-in, and the others are conflicts. All changes of a pack hold the lock on its roster row.

A device may change its remarks about a pack. Their revision is kept with them, on the scan and on the check-in that it
became, and the highest one stays, in whatever order they are received. One that names no size keeps the size that left.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from chassis.database import UnitOfWork
from contracts import ParticipantCheckedIn
from sqlalchemy import Row, case, func, or_, select, union, update
from sqlalchemy.dialects.postgresql import insert as upsert

from checkin.pickup.errors import IdempotencyKeyReused, TooManyScans
from checkin.pickup.rules import REMARKS, ConflictKind, OfflineScan, ScanResult, judged_time, normalized_code
from checkin.pickup.tables import Checkin, Scan
from checkin.roster.tables import RosterEntry
from checkin.stations.queries import IS_REVOKED
from checkin.stations.rules import StationSession
from checkin.stations.tables import Device, Station

_KEPT_AT_MOST: Final = 5_000
_ABOUT_THE_PACK: Final = (*REMARKS, "revision")
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


@dataclass(frozen=True)
class MergedBatch:
    """What became of scans, in their order, and whether their device was revoked or its station closed."""

    device_revoked: bool
    items: Sequence[Merged]


async def merge(
    work: UnitOfWork, station: StationSession, scans: Sequence[OfflineScan], *, offset: timedelta
) -> MergedBatch:
    """Store scans, each once, and return what became of them, in their order.

    Those of a revoked device are only kept for staff to decide. It may have been revoked since its session was read.

    Args:
        offset: how far this server's clock is ahead of the device's, by which their times are judged.

    Raises:
        IdempotencyKeyReused: a key stood for another participant.
        TooManyScans: as many of a revoked device are kept as may be.
    """
    earliest, is_revoked = await _note_clock(work, station, offset)
    packs = await _lock_packs(work, station, scans)
    known = await _known(work, station, scans, packs)  # another device may have displaced one before the lock
    if not is_revoked:
        _revise(scans, known, packs.sent)
    for scan in sorted(scans, key=lambda scan: scan.scanned_at):
        entry = _entry_of(scan, packs.entries)
        if scan.key in known:
            _require_same(entry, known[scan.key].participant_id)
            continue
        at = judged_time(scan.scanned_at, offset=offset, earliest=earliest, now=work.now)
        row = known[scan.key] = _row(work, station, _with_size(scan, entry), entry, at=at)
        row.conflict = ConflictKind.DEVICE_REVOKED if is_revoked else _refused(station, entry)
        if row.conflict is None and entry is not None:
            _hand_over(work, packs, row, entry)
        else:
            row.result = _RESULTS[row.conflict or ConflictKind.UNKNOWN]
        work.session.add(row)
    await work.session.flush()
    if is_revoked:
        await _require_room(work, station)
    await _keep(work, packs.displaced)
    await settle(work, packs.contested)
    return MergedBatch(is_revoked, [_merged(known[scan.key], packs) for scan in scans])


@dataclass
class _Packs:
    """The packs that scans are about: their locked rows of the roster, and the check-ins that hold.

    Attributes:
        sent: the device's own check-ins with a key of these scans.
        displaced: the values of check-ins that an earlier scan has displaced.
        contested: of packs that were handed out before.
    """

    entries: Sequence[RosterEntry]
    holders: dict[UUID, Checkin]
    sent: Mapping[str, Checkin]
    displaced: list[dict[str, Any]] = field(default_factory=list)
    contested: set[UUID] = field(default_factory=set)


async def _note_clock(work: UnitOfWork, station: StationSession, offset: timedelta) -> Row[datetime, bool]:
    """Store how far the device's clock is off. Return when it logged in, and whether it is revoked.

    The lock on its row lasts until the end: a revocation takes effect either before this or for the next batch.
    """
    seconds = max(-(2**31), min(round(offset.total_seconds()), 2**31 - 1))
    noted = (
        update(Device)
        .where(Device.id == station.device_id, Station.id == Device.station_id)
        .values(clock_offset_seconds=seconds)
        .returning(Device.created_at, IS_REVOKED)
    )
    return (await work.session.execute(noted, execution_options={"synchronize_session": False})).one()


async def _lock_packs(work: UnitOfWork, station: StationSession, scans: Sequence[OfflineScan]) -> _Packs:
    """Lock the roster's rows of all scans, in one order for all devices, and read their check-ins."""
    keys = [scan.key for scan in scans]
    codes = [code for scan in scans if scan.ticket_code and (code := normalized_code(scan.ticket_code))]
    ids = [*(scan.participant_id for scan in scans if scan.participant_id), *await _stored(work, station, keys)]
    query = (
        select(RosterEntry)
        .where(or_(RosterEntry.participant_id.in_(ids), RosterEntry.ticket_code.in_(codes)))
        .order_by(RosterEntry.participant_id)
        .with_for_update(key_share=True)
    )
    entries = (await work.session.execute(query)).scalars().all()
    holds = Checkin.participant_id.in_([each.participant_id for each in entries]) & Checkin.undone_at.is_(None)
    own = (Checkin.device_id == station.device_id) & Checkin.idempotency_key.in_(keys)
    found = (await work.session.execute(select(Checkin).where(or_(holds, own)))).scalars().all()
    mine = [each for each in found if each.device_id == station.device_id]
    return _Packs(
        entries,
        holders={each.participant_id: each for each in found if each.undone_at is None},
        sent={each.idempotency_key: each for each in mine if each.idempotency_key in keys},
    )


async def _stored(work: UnitOfWork, station: StationSession, keys: Sequence[str]) -> Sequence[UUID]:
    """Return the participants of the device's scans and check-ins that are stored with these keys."""
    scans = select(Scan.participant_id).where(Scan.device_id == station.device_id, Scan.key.in_(keys))
    checkins = select(Checkin.participant_id).where(
        Checkin.device_id == station.device_id, Checkin.idempotency_key.in_(keys)
    )
    found = (await work.session.execute(union(scans, checkins))).scalars()
    return [participant_id for participant_id in found if participant_id is not None]


async def _known(
    work: UnitOfWork, station: StationSession, scans: Sequence[OfflineScan], packs: _Packs
) -> dict[str, Scan]:
    """Return what is stored with the keys of scans. A check-in whose answer got lost is stored as a scan, too."""
    keys = [scan.key for scan in scans]
    query = select(Scan).where(Scan.device_id == station.device_id, Scan.key.in_(keys))
    known = {scan.key: scan for scan in (await work.session.execute(query)).scalars()}
    lost = {key: Scan(**_as_scan(sent)) for key, sent in packs.sent.items() if key not in known}
    work.session.add_all(lost.values())
    return known | lost


def _revise(scans: Sequence[OfflineScan], known: Mapping[str, Scan], sent: Mapping[str, Checkin]) -> None:
    """Replace the remarks of stored scans and check-ins by those of a later revision.

    The size that left stays if the revision names none: the one ordered now may be another.
    """
    for scan in scans:
        for stored in (known.get(scan.key), sent.get(scan.key)):
            if stored is not None and stored.revision < scan.revision:
                size = scan.handed_size or stored.handed_size
                for name in _ABOUT_THE_PACK:
                    setattr(stored, name, getattr(scan, name))
                stored.handed_size = size


def _entry_of(scan: OfflineScan, entries: Sequence[RosterEntry]) -> RosterEntry | None:
    if scan.participant_id is not None:
        return next((each for each in entries if each.participant_id == scan.participant_id), None)
    code = normalized_code(scan.ticket_code or "")
    return next((each for each in entries if each.ticket_code == code), None)


def _with_size(scan: OfflineScan, entry: RosterEntry | None) -> OfflineScan:
    """Return the scan with the size that left: the one that is ordered now, if the device named none."""
    if entry is None or scan.handed_size is not None:
        return scan
    return replace(scan, handed_size=entry.jersey_size)


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


def _require_same(entry: RosterEntry | None, participant_id: UUID | None) -> None:
    if entry is not None and participant_id not in {None, entry.participant_id}:
        raise IdempotencyKeyReused


def _hand_over(work: UnitOfWork, packs: _Packs, scan: Scan, entry: RosterEntry) -> None:
    """Make the scan the check-in of its pack, unless another one was made before it."""
    holder = packs.holders.get(entry.participant_id)
    if holder is None:
        packs.holders[entry.participant_id] = check_in(work, scan, entry)
        publish(work, scan, entry)
        return
    packs.contested.add(entry.participant_id)
    if (scan.scanned_at, scan.device_id) < (holder.checked_in_at, holder.device_id):
        packs.displaced.append(_as_scan(holder))
        for name, value in _as_checkin(scan).items():
            setattr(holder, name, value)
    else:
        scan.result = ScanResult.REPEATED if scan.device_id == holder.device_id else ScanResult.CONFLICT


async def standing(work: UnitOfWork, participant_id: UUID) -> Checkin | None:
    """Return the check-in of a pack that is not undone, if there is one."""
    query = select(Checkin).where(Checkin.participant_id == participant_id, Checkin.undone_at.is_(None))
    return (await work.session.execute(query)).scalar_one_or_none()


def check_in(work: UnitOfWork, scan: Scan, entry: RosterEntry) -> Checkin:
    """Make a scan the check-in of its pack, which has none, and return that."""
    pack = {"participant_id": entry.participant_id, "registration_id": entry.registration_id}
    made = Checkin(**_as_checkin(scan), **pack)
    work.session.add(made)
    return made


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


def _as_scan(holder: Checkin) -> dict[str, Any]:
    return {
        **{name: getattr(holder, name) for name in (*_PLACE, *_ABOUT_THE_PACK)},
        "id": uuid4(),
        "key": holder.idempotency_key or str(holder.id),
        "participant_id": holder.participant_id,
        "scanned_at": holder.checked_in_at,
        "received_at": holder.checked_in_at,
        "result": ScanResult.HANDED_OUT,
        "resolved_at": holder.undone_at,
        "resolved_by": holder.undone_by,
        "resolution": holder.undo_reason,
    }


async def _require_room(work: UnitOfWork, station: StationSession) -> None:
    """Refuse the scans of a revoked device if more are kept than `_KEPT_AT_MOST`. The lock on its row is held."""
    kept = (Scan.device_id == station.device_id) & (Scan.conflict == ConflictKind.DEVICE_REVOKED)
    count = select(func.count()).select_from(Scan).where(kept)
    if (await work.session.execute(count)).scalar_one() > _KEPT_AT_MOST:
        raise TooManyScans


async def _keep(work: UnitOfWork, displaced: Sequence[Mapping[str, Any]]) -> None:
    """Keep displaced check-ins as scans. What was decided about them was decided before they were displaced."""
    undecided = {"conflict": None, "resolved_at": None, "resolved_by": None, "resolution": None}
    for each in displaced:
        kept = upsert(Scan).values(**each)
        await work.session.execute(kept.on_conflict_do_update(index_elements=["device_id", "key"], set_=undecided))


async def settle(work: UnitOfWork, participant_ids: Collection[UUID]) -> None:
    """Mark which scans of packs are conflicts: those of other devices than the one whose check-in holds."""
    if not participant_ids:
        return
    holds = (Checkin.participant_id == Scan.participant_id) & Checkin.undone_at.is_(None)
    contested = Scan.participant_id.in_(participant_ids) & Scan.resolved_at.is_(None)
    plain = or_(Scan.conflict.is_(None), Scan.conflict == ConflictKind.HANDED_OUT_TWICE)
    twice = case((Scan.device_id == Checkin.device_id, None), else_=ConflictKind.HANDED_OUT_TWICE.value)
    marked = update(Scan).where(holds, contested, plain).values(conflict=twice)
    await work.session.flush()
    await work.session.execute(marked, execution_options={"synchronize_session": False})


def _merged(scan: Scan, packs: _Packs) -> Merged:
    entry = next((each for each in packs.entries if each.participant_id == scan.participant_id), None)
    holder = packs.holders.get(scan.participant_id) if scan.participant_id else None
    return Merged(scan.key, ScanResult(scan.result), entry, holder)
