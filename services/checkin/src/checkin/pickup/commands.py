"""Checking participants in and undoing that."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from chassis.database import UnitOfWork
from chassis.errors import Unavailable
from contracts import ParticipantCheckedIn
from sqlalchemy import ColumnElement, Row, Select, String, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from checkin.pickup.conflicts import hold_next, lock_pack
from checkin.pickup.errors import (
    AlreadyCheckedIn,
    CheckinUndone,
    IdempotencyKeyReused,
    NotCheckedIn,
    NotValid,
    OtherEvent,
    UnknownTicket,
)
from checkin.pickup.rules import Remarks, normalized_code
from checkin.pickup.tables import Checkin
from checkin.roster.queries import CATEGORY_NAME, EVENT_NAME
from checkin.roster.tables import RosterEntry
from checkin.stations.rules import StationSession
from checkin.stations.tables import Station

_NOT_UNDONE: Final = Checkin.undone_at.is_(None)
_ATTEMPTS: Final = 3
_NO_REMARKS: Final = Remarks()


@dataclass(frozen=True)
class HandedOver:
    """A check-in. `replayed` is True if a request with the same idempotency key was answered before."""

    participant_id: UUID
    registration_id: UUID
    full_name: str
    bib_number: int
    event_id: UUID
    event_name: str
    category_name: str
    jersey_size: str
    registration_number: str
    checked_in_at: datetime
    replayed: bool


_SHOWN: Final = (
    RosterEntry.participant_id,
    RosterEntry.registration_id,
    RosterEntry.full_name,
    RosterEntry.bib_number,
    RosterEntry.event_id,
    EVENT_NAME,
    CATEGORY_NAME,
    RosterEntry.jersey_size,
    RosterEntry.registration_number,
)


def ticket_holder(*, ticket_code: str | None, participant_id: UUID | None) -> ColumnElement[bool]:
    """Return the condition that selects a participant by the scanned ticket code, or by id if that is None.

    Raises:
        UnknownTicket: `ticket_code` is malformed.
    """
    if ticket_code is None:
        return RosterEntry.participant_id == participant_id
    code = normalized_code(ticket_code)
    if code is None:
        raise UnknownTicket
    return RosterEntry.ticket_code == code


async def check_in(
    work: UnitOfWork,
    station: StationSession,
    condition: ColumnElement[bool],
    *,
    remarks: Remarks = _NO_REMARKS,
    notes: str | None,
    idempotency_key: str | None,
) -> HandedOver:
    """Check a participant in, unless checked in before or cancelled.

    One statement decides; `_raise_refusal` only finds the reason if it inserted nothing. If the reason is gone by then
    (a check-in was undone in between), the statement is tried again.

    Raises:
        UnknownTicket, OtherEvent, NotValid, AlreadyCheckedIn, IdempotencyKeyReused, CheckinUndone, Unavailable.
    """
    handing_over = _insert_checkin(
        station, condition, at=work.now, remarks=remarks, notes=notes, idempotency_key=idempotency_key
    )
    for _ in range(_ATTEMPTS):
        row = (await work.session.execute(handing_over)).one_or_none()
        if row is not None:
            _publish_checkin(work, station, row)
            return HandedOver(**row._asdict(), checked_in_at=work.now, replayed=False)
        earlier = await _replayed_answer(work, station, condition, idempotency_key) if idempotency_key else None
        if earlier is not None:
            return earlier
        await _raise_refusal(work, station, condition)
    raise Unavailable


def _insert_checkin(
    station: StationSession,
    condition: ColumnElement[bool],
    *,
    at: datetime,
    remarks: Remarks,
    notes: str | None,
    idempotency_key: str | None,
) -> Select[Any]:
    """Return the statement that inserts the check-in and returns the participant, or no row if it must not be inserted.

    Its station's race is read in it. Of two devices the unique index lets one succeed. The lock on the row of
    the roster serialises it with a cancellation: either that comes first and nothing is inserted, or it comes after.
    """
    entry = (
        select(*_SHOWN)
        .where(condition, RosterEntry.cancelled_at.is_(None), _serves(station))
        .with_for_update(key_share=True, of=RosterEntry)
        .cte("entry")
    )
    about = {name: literal(value, getattr(Checkin, name).type) for name, value in asdict(remarks).items()}
    values = {
        "id": literal(uuid4()),
        "participant_id": entry.c.participant_id,
        "registration_id": entry.c.registration_id,
        "station_id": literal(station.station_id),
        "device_id": literal(station.device_id),
        "station_name": literal(station.station_name),
        "location_name": literal(station.location_name),
        **about,
        "handed_size": func.coalesce(about["handed_size"], entry.c.jersey_size),
        "notes": literal(notes, String),
        "idempotency_key": literal(idempotency_key, String),
        "checked_in_at": literal(at),
    }
    inserted = (
        insert(Checkin)
        .from_select(list(values), select(*values.values()))
        .on_conflict_do_nothing()
        .returning(Checkin.participant_id)
        .cte("inserted")
    )
    return select(entry).join(inserted, inserted.c.participant_id == entry.c.participant_id)


def _serves(station: StationSession) -> ColumnElement[bool]:
    """Return the condition that the station hands out packs of the participant's race."""
    same_race = or_(Station.event_id.is_(None), Station.event_id == RosterEntry.event_id)
    return exists().where(Station.id == station.station_id, same_race)


def _publish_checkin(work: UnitOfWork, station: StationSession, row: Row[Any]) -> None:
    work.publish(
        ParticipantCheckedIn(
            participant_id=row.participant_id,
            registration_id=row.registration_id,
            station_id=station.station_id,
            location_name=station.location_name,
            checked_in_at=work.now,
        ),
        subject=row.registration_id,
    )


async def _replayed_answer(
    work: UnitOfWork, station: StationSession, condition: ColumnElement[bool], idempotency_key: str
) -> HandedOver | None:
    """Return the first answer to this device and key, or None if there was none.

    Raises:
        IdempotencyKeyReused: the key belongs to another participant.
        CheckinUndone: the check-in was undone since.
    """
    query = (
        select(*_SHOWN, Checkin.checked_in_at, Checkin.undone_at, condition.label("same"))
        .join(Checkin, Checkin.participant_id == RosterEntry.participant_id)
        .where(Checkin.device_id == station.device_id, Checkin.idempotency_key == idempotency_key)
    )
    row = (await work.session.execute(query)).one_or_none()
    if row is None:
        return None
    if not row.same:
        raise IdempotencyKeyReused
    if row.undone_at is not None:
        raise CheckinUndone
    shown = {column.key: getattr(row, column.key) for column in _SHOWN}
    return HandedOver(**shown, checked_in_at=row.checked_in_at, replayed=True)


async def _raise_refusal(work: UnitOfWork, station: StationSession, condition: ColumnElement[bool]) -> None:
    """Raise the reason why nothing was inserted; return if there is none any more."""
    query = (
        select(
            RosterEntry.event_id,
            EVENT_NAME,
            _serves(station).label("served"),
            RosterEntry.cancelled_at,
            Checkin.checked_in_at,
            Checkin.station_name,
            Checkin.location_name,
        )
        .outerjoin(Checkin, (Checkin.participant_id == RosterEntry.participant_id) & _NOT_UNDONE)
        .where(condition)
    )
    found = (await work.session.execute(query)).one_or_none()
    if found is None:
        raise UnknownTicket
    race = {"event_id": str(found.event_id), "event_name": found.event_name}
    if not found.served:
        raise OtherEvent(**race)
    if found.cancelled_at is not None:
        raise NotValid(**race)
    if found.checked_in_at is not None:
        raise AlreadyCheckedIn(
            **race,
            checked_in_at=found.checked_in_at.isoformat(),
            station_name=found.station_name,
            location_name=found.location_name,
        )


async def undo_checkin(work: UnitOfWork, participant_id: UUID, *, reason: str, by: str) -> None:
    """Undo a check-in: the participant can be checked in again. The row is kept with the reason.

    If another device has handed the pack out, too, its scan holds instead.

    Raises:
        NotCheckedIn.
    """
    entry = await lock_pack(work, participant_id)
    undone = (
        update(Checkin)
        .where(Checkin.participant_id == participant_id, _NOT_UNDONE)
        .values(undone_at=work.now, undone_by=by, undo_reason=reason)
        .returning(Checkin.id, Checkin.device_id)
    )
    row = (await work.session.execute(undone)).one_or_none()
    if row is None or entry is None:
        raise NotCheckedIn
    await hold_next(work, entry, instead_of=row.device_id, reason=reason, by=by)
    await work.audit(
        by,
        "checkin.undo",
        f"participant:{participant_id}",
        checkin_id=str(row.id),
        reason=reason,
        before={"handed_out": True},
        after={"handed_out": False},
    )
