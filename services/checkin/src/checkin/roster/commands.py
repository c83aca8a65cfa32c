"""Keeping the roster as registration says it is, whatever the order its news arrives in."""

from datetime import datetime
from typing import Any
from unicodedata import normalize
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import ConfirmedParticipant, RegistrationConfirmed
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert

from checkin.roster.tables import RosterEntry, RosterRevision


async def enter(work: UnitOfWork, confirmed: RegistrationConfirmed, *, at: datetime) -> None:
    """Put the participants of a confirmed registration on the roster.

    Late news, overtaken by a cancellation or by a newer confirmation, adds only those not known yet, as not valid: the
    desk then sees why their ticket is refused.
    """
    if await _is_newest(work, confirmed.registration_id, confirmed.revision):
        await _write(work, _rows(confirmed, cancelled_at=None))
        left_out = RosterEntry.participant_id.not_in([each.participant_id for each in confirmed.participants])
        await _cancel(work, (RosterEntry.registration_id == confirmed.registration_id) & left_out, at)
    else:
        late = upsert(RosterEntry).on_conflict_do_nothing(index_elements=[RosterEntry.participant_id])
        await work.session.execute(late, _rows(confirmed, cancelled_at=at))


async def strike(work: UnitOfWork, registration_id: UUID, *, revision: int, at: datetime) -> None:
    """Take a cancelled registration's participants off the roster. A pack already handed over stays handed over."""
    if await _is_newest(work, registration_id, revision):
        await _cancel(work, RosterEntry.registration_id == registration_id, at)


async def _is_newest(work: UnitOfWork, registration_id: UUID, revision: int) -> bool:
    """Note the revision unless the same or a newer one was heard. Locks it: one change per registration at a time."""
    noted = upsert(RosterRevision).values(registration_id=registration_id, revision=revision)
    noted = noted.on_conflict_do_update(
        index_elements=[RosterRevision.registration_id],
        set_={"revision": noted.excluded.revision},
        where=RosterRevision.revision < noted.excluded.revision,
    )
    return (await work.session.execute(noted.returning(RosterRevision.registration_id))).first() is not None


async def _write(work: UnitOfWork, rows: list[dict[str, Any]]) -> None:
    entries = upsert(RosterEntry)
    replaced = {column: entries.excluded[column] for column in rows[0] if column != "participant_id"}
    await work.session.execute(
        entries.on_conflict_do_update(index_elements=[RosterEntry.participant_id], set_=replaced), rows
    )


async def _cancel(work: UnitOfWork, which: Any, at: datetime) -> None:
    live = RosterEntry.cancelled_at.is_(None)
    await work.session.execute(update(RosterEntry).where(which, live).values(cancelled_at=at))


def _rows(confirmed: RegistrationConfirmed, *, cancelled_at: datetime | None) -> list[dict[str, Any]]:
    shared = {
        "registration_id": confirmed.registration_id,
        "registration_number": confirmed.registration_number,
        "revision": confirmed.revision,
        "event_id": confirmed.event.event_id,
        "event_name": confirmed.event.name,
        "category_id": confirmed.category_id,
        "category_name": confirmed.category_name,
        "cancelled_at": cancelled_at,
    }
    rows = [{**shared, **_person(each)} for each in confirmed.participants]
    return sorted(rows, key=lambda row: row["participant_id"])


def _person(participant: ConfirmedParticipant) -> dict[str, Any]:
    return {
        "participant_id": participant.participant_id,
        "full_name": normalize("NFC", participant.full_name),
        "bib_number": participant.bib_number,
        "ticket_code": participant.ticket_code.lower(),
        "jersey_size": participant.jersey_size.value,
        "is_pic": participant.is_pic,
    }
