"""Keeping the roster as registration says it is, whatever the order its news arrives in."""

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


async def enter(work: UnitOfWork, confirmed: RegistrationConfirmed, *, at: datetime) -> None:
    """Put the participants of a confirmed registration on the roster.

    Late news, overtaken by a cancellation or by a newer confirmation, adds those not known yet, as not valid, and newer
    tickets than the roster has: the desk then sees why a ticket is refused.
    """
    if await _is_newest(work, confirmed.registration_id, confirmed.revision):
        await _write(work, _rows(confirmed, cancelled_at=None))
        left_out = RosterEntry.participant_id.not_in([each.participant_id for each in confirmed.participants])
        await _cancel(work, (RosterEntry.registration_id == confirmed.registration_id) & left_out, at)
    else:
        await _write(work, _rows(confirmed, cancelled_at=at), late=True)


async def strike(work: UnitOfWork, registration_id: UUID, *, revision: int, at: datetime) -> None:
    """Take a cancelled registration's participants off the roster. A pack already handed over stays handed over."""
    if await _is_newest(work, registration_id, revision):
        await _cancel(work, RosterEntry.registration_id == registration_id, at)


async def correct(work: UnitOfWork, corrected: RegistrationCorrected) -> None:
    """Write a participant's corrected name and jersey size, unless the roster holds newer ones.

    Raises:
        NotYet: the confirmation that puts the participant on the roster has not arrived.
    """
    participant_id = corrected.participant.participant_id
    older = (RosterEntry.participant_id == participant_id) & (RosterEntry.revision < corrected.revision)
    values = {**_correctable(corrected.participant), "revision": corrected.revision}
    await work.session.execute(update(RosterEntry).where(older).values(values))
    if corrected.confirmed and await work.session.get(RosterEntry, participant_id) is None:
        raise NotYet(f"participant {participant_id} is not on the roster")


async def fold_names(database: Database) -> int:
    """Fold names that an earlier release stored, a portion at a time, so that searches find them by the new rule.

    Returns how many were folded. Any number of workers may do it at once; what is left over is for the next time.
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


async def _is_newest(work: UnitOfWork, registration_id: UUID, revision: int) -> bool:
    """Note the revision unless the same or a newer one was heard. Locks it: one change per registration at a time."""
    noted = upsert(RosterRevision).values(registration_id=registration_id, revision=revision)
    noted = noted.on_conflict_do_update(
        index_elements=[RosterRevision.registration_id],
        set_={"revision": noted.excluded.revision},
        where=RosterRevision.revision < noted.excluded.revision,
    )
    return (await work.session.execute(noted.returning(RosterRevision.registration_id))).first() is not None


async def _write(work: UnitOfWork, rows: list[dict[str, Any]], *, late: bool = False) -> None:
    """Insert or replace rows; what a newer correction wrote stays.

    Args:
        late: replace only what comes from an older confirmation, which is seen by its lower BIB: none is given twice.
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
