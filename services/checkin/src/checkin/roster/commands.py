"""Changes of the roster by events of registration, which may arrive in any order."""

from datetime import datetime
from typing import Any, Final
from unicodedata import normalize
from uuid import UUID

from chassis.database import Database, UnitOfWork
from chassis.errors import NotYet
from contracts import ConfirmedParticipant, CorrectedParticipant, RegistrationConfirmed, RegistrationCorrected
from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from checkin.roster.rules import stored_words
from checkin.roster.tables import RosterEntry, RosterRevision

_PORTION: Final = 500
_PORTIONS: Final = 200
_CORRECTABLE: Final = ("full_name", "search_text", "jersey_size")


async def add_participants(work: UnitOfWork, confirmed: RegistrationConfirmed, *, at: datetime) -> None:
    """Add the participants of a confirmed registration to the roster, or update them.

    If a newer cancellation or confirmation was handled before, unknown participants are added as cancelled, and newer
    tickets are stored, so that a station can show why a ticket is refused.
    """
    if await _record_revision(work, confirmed.registration_id, confirmed.revision):
        await _write(work, _rows(confirmed, cancelled_at=None))
        left_out = RosterEntry.participant_id.not_in([each.participant_id for each in confirmed.participants])
        await _cancel(work, (RosterEntry.registration_id == confirmed.registration_id) & left_out, at)
    else:
        await _write(work, _rows(confirmed, cancelled_at=at), late=True)


async def cancel_registration(work: UnitOfWork, registration_id: UUID, *, revision: int, at: datetime) -> None:
    """Mark the participants of a registration as cancelled. Their check-ins stay."""
    if await _record_revision(work, registration_id, revision):
        await _cancel(work, RosterEntry.registration_id == registration_id, at)


async def correct_participant(work: UnitOfWork, corrected: RegistrationCorrected) -> None:
    """Store a participant's corrected name and jersey size, unless newer ones are stored.

    Raises:
        NotYet: the confirmation that adds the participant has not arrived.
    """
    participant_id = corrected.participant.participant_id
    older = (RosterEntry.participant_id == participant_id) & (RosterEntry.revision < corrected.revision)
    values = {**_correctable(corrected.participant), "revision": corrected.revision}
    await work.session.execute(update(RosterEntry).where(older).values(values))
    known = select(RosterEntry.revision).where(RosterEntry.participant_id == participant_id)
    stored = (await work.session.execute(known)).scalar_one_or_none()
    is_missing = stored is None and corrected.confirmed
    if is_missing or (stored is not None and stored < corrected.revision):  # it came between both statements
        raise NotYet(f"participant {participant_id} is not on the roster")


async def fold_names(database: Database) -> int:
    """Fold names stored by older releases for the search, in portions, and return how many were folded.

    Several workers may run it concurrently. A run is limited; the next one continues.
    """
    done = 0
    for _ in range(_PORTIONS):
        async with database.work() as work:
            portion = await _fold_portion(work)
        done += portion
        if portion < _PORTION:
            break
    return done


async def _fold_portion(work: UnitOfWork) -> int:
    unfolded = (
        select(RosterEntry.participant_id, RosterEntry.full_name)
        .where(RosterEntry.search_text.is_(None))
        .limit(_PORTION)
        .with_for_update(key_share=True, skip_locked=True)
    )
    found = (await work.session.execute(unfolded)).all()
    folded = [{"participant_id": row.participant_id, "search_text": _search_text(row.full_name)} for row in found]
    if folded:
        await work.session.execute(update(RosterEntry), folded)
    return len(folded)


async def _record_revision(work: UnitOfWork, registration_id: UUID, revision: int) -> bool:
    """Store the revision and return True, or return False if the same or a newer one is stored.

    Locks the row: changes of one registration are serialised.
    """
    noted = upsert(RosterRevision).values(registration_id=registration_id, revision=revision)
    noted = noted.on_conflict_do_update(
        index_elements=[RosterRevision.registration_id],
        set_={"revision": noted.excluded.revision},
        where=RosterRevision.revision < noted.excluded.revision,
    )
    return (await work.session.execute(noted.returning(RosterRevision.registration_id))).first() is not None


async def _write(work: UnitOfWork, rows: list[dict[str, Any]], *, late: bool = False) -> None:
    """Insert or replace rows, except values of a newer correction.

    Args:
        late: replace only rows of an older confirmation. That has lower BIBs, as a BIB is never given twice.
    """
    entries = upsert(RosterEntry)
    replaced: dict[str, Any] = {column: entries.excluded[column] for column in rows[0] if column != "participant_id"}
    corrected = RosterEntry.revision > entries.excluded.revision
    for column in ("revision", *_CORRECTABLE):
        replaced[column] = case((corrected, getattr(RosterEntry, column)), else_=entries.excluded[column])
    if late:
        replaced["cancelled_at"] = func.coalesce(RosterEntry.cancelled_at, entries.excluded.cancelled_at)
    older = RosterEntry.bib_number < entries.excluded.bib_number if late else None
    known = [RosterEntry.participant_id]
    await work.session.execute(entries.on_conflict_do_update(index_elements=known, set_=replaced, where=older), rows)


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
        "bib_number": participant.bib_number,
        "ticket_code": participant.ticket_code.lower(),
        "is_pic": participant.is_pic,
        **_correctable(participant),
    }


def _correctable(participant: ConfirmedParticipant | CorrectedParticipant) -> dict[str, Any]:
    name = normalize("NFC", participant.full_name)
    return {"full_name": name, "search_text": _search_text(name), "jersey_size": str(participant.jersey_size)}


def _search_text(full_name: str) -> str:
    return " ".join(stored_words(full_name))
