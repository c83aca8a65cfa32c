"""Routes for scans that were made without a network, and for what staff have to decide about them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth.access import Admin
from chassis.auth.principals import Staff
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read, Work
from chassis.web.models import Body, Cursor, Limit, Moment, Page, Text, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Refused, Wording
from pydantic import AfterValidator, Field, StringConstraints

from checkin.dependencies import CurrentStationOrAdmin, SyncingStation
from checkin.pickup import conflicts
from checkin.pickup.conflicts import ConflictRow, ConflictState, Position
from checkin.pickup.errors import (
    AlreadyCheckedIn,
    CannotAccept,
    ConflictResolved,
    IdempotencyKeyReused,
    TooManyScans,
    UnknownConflict,
)
from checkin.pickup.forms import PackForm
from checkin.pickup.merging import Merged, merge
from checkin.pickup.rules import ConflictKind, OfflineScan, ScanResult, clock_offset
from checkin.stations.errors import DeviceRevoked

router = Router()

_AT_ONCE = 100
_cursors = CursorOf(Position)

KEY_TWICE = Wording(en="Each scan needs a key of its own.", id="Setiap pindaian memerlukan kunci sendiri.")


Revision = Annotated[
    int,
    Field(
        ge=0,
        le=1000,
        description="of the remarks (collected_by, letter_seen, identity_seen, handed_size); those of a later revision "
        "replace those of an earlier one",
    ),
]


class ScanBody(PackForm):
    """A scan as the device stored it: exactly one of ticket code and id; `scanned_at` by the device's clock."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
    scanned_at: Moment
    revision: Revision = 0


def _own_keys(scans: Sequence[ScanBody]) -> Sequence[ScanBody]:
    if len({scan.key for scan in scans}) != len(scans):
        raise Refused(KEY_TWICE)
    return scans


class Batch(Body):
    """Scans of a device, and what its clock says now."""

    device_time: Moment
    items: Annotated[list[ScanBody], Field(min_length=1, max_length=_AT_ONCE), AfterValidator(_own_keys)]


class Holder(View):
    """The check-in that holds: when and where the pack was handed out."""

    checked_in_at: datetime
    station_name: str
    location_name: str


class ConflictHolder(Holder):
    """The check-in that holds, and the name of the device that made it."""

    device_name: str


class MergedView(View):
    """What became of a scan. The participant's fields are null for an unknown ticket."""

    key: str
    result: ScanResult
    participant_id: UUID | None
    full_name: str | None
    bib_number: int | None
    jersey_size: str | None
    registration_number: str | None
    handed_out: Holder | None


class MergedScans(View):
    """What became of the scans, in their order.

    A device that was revoked hears it here; its scans are kept, and staff decide about them.
    """

    device_revoked: bool
    clock_offset_seconds: int = Field(description="how far this server's clock is ahead of the device's")
    items: Sequence[MergedView]


@router.post("/checkins/batch", responses=errors(DeviceRevoked, IdempotencyKeyReused, TooManyScans))
async def merge_scans(body: Batch, station: SyncingStation, work: Work) -> MergedScans:
    """Take over scans that were made without a network.

    A scan that is sent again gets the same result; with a later revision its remarks are replaced.
    """
    scans = [OfflineScan(**each.model_dump()) for each in body.items]
    offset = clock_offset(body.device_time, work.now)
    merged = await merge(work, station, scans, offset=offset)
    return MergedScans(
        device_revoked=merged.device_revoked,
        clock_offset_seconds=round(offset.total_seconds()),
        items=[_merged_view(each) for each in merged.items],
    )


def _merged_view(merged: Merged) -> MergedView:
    entry = merged.entry
    shown = ("participant_id", "full_name", "bib_number", "jersey_size", "registration_number")
    return MergedView(
        key=merged.key,
        result=merged.result,
        handed_out=Holder.model_validate(merged.holder) if merged.holder else None,
        **{name: getattr(entry, name) if entry else None for name in shown},
    )


class ConflictView(View):
    """A scan that staff have to look at. The participant's fields are null for an unknown ticket.

    `handed_out` is the check-in that holds; null if there is none.
    """

    id: UUID
    kind: ConflictKind
    state: ConflictState
    participant_id: UUID | None
    full_name: str | None
    bib_number: int | None
    event_id: UUID | None
    event_name: str | None
    category_name: str | None
    registration_number: str | None
    scanned_at: datetime
    received_at: datetime
    station_name: str
    location_name: str
    device_id: UUID
    device_name: str
    collected_by: str | None
    handed_size: str | None
    handed_out: ConflictHolder | None
    resolved_at: datetime | None
    resolved_by: str | None
    resolution: str | None


class Resolution(Body):
    """The reason of a decision. `accept` has the scan of a revoked device count after all."""

    reason: Annotated[Text, Field(max_length=1000)]
    accept: bool = False


@router.get("/conflicts", responses=errors(DeviceRevoked))
async def list_conflicts(
    caller: CurrentStationOrAdmin,
    session: Read,
    state: ConflictState | None = None,
    event_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ConflictView]:
    """Return conflicts, newest first: all of them to staff, its own to a device."""
    found = await conflicts.list_conflicts(
        session,
        state=state,
        event_id=event_id,
        device_id=None if isinstance(caller, Staff) else caller.device_id,
        limit=limit + 1,
        after=_cursors.decode(cursor),
    )
    items = [_conflict_view(row) for row in found[:limit]]
    last = items[-1] if len(found) > limit else None
    return Page(items=items, next_cursor=_cursors.encode(last.received_at, last.id) if last else None)


def _conflict_view(row: ConflictRow) -> ConflictView:
    scan, entry = row.Scan, row.RosterEntry
    named = ("participant_id", "full_name", "bib_number", "event_id", "registration_number")
    kept = (
        "id", "scanned_at", "received_at", "station_name", "location_name", "device_id", "collected_by", "handed_size",
        "resolved_at", "resolved_by", "resolution",
    )  # fmt: skip
    return ConflictView(
        kind=scan.conflict,
        state=ConflictState.RESOLVED if scan.resolved_at else ConflictState.OPEN,
        device_name=row.device_name,
        event_name=row.event_name if entry else None,
        category_name=row.category_name if entry else None,
        handed_out=_holder(row),
        **{name: getattr(scan, name) for name in kept},
        **{name: getattr(entry, name) if entry else None for name in named},
    )


def _holder(row: ConflictRow) -> ConflictHolder | None:
    held = row.Checkin
    if held is None:
        return None
    place = Holder.model_validate(held).model_dump()
    return ConflictHolder(**place, device_name=row.holding_device)


@router.post(
    "/conflicts/{conflict_id}/resolve",
    status_code=204,
    responses=errors(UnknownConflict, ConflictResolved, CannotAccept, AlreadyCheckedIn),
)
async def resolve_conflict(conflict_id: UUID, body: Resolution, staff: Admin, work: Work) -> None:
    """Decide about a conflict."""
    await conflicts.resolve(work, conflict_id, reason=body.reason, accept=body.accept, by=staff.actor)
