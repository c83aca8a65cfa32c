"""Correcting a participant."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from chassis.canonical.folding import folded
from chassis.canonical.phones import digits_of
from chassis.database import UnitOfWork, constraint_of
from chassis.errors import InvalidFields
from chassis.wording import Refused
from contracts import CorrectedParticipant, RegistrationCorrected
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from registration.access_codes import AccessCodes
from registration.admission.errors import AlreadyRegistered
from registration.admission.forms import NOT_BORN, OLDEST
from registration.canonical.commands import SAME_PERSON, bring_into_form, forget_unreadable
from registration.catalog.rules import changes_end, day_in
from registration.catalog.tables import Race, RaceCategory
from registration.corrections.errors import ChangesClosed, UnknownParticipant
from registration.corrections.rules import PHONES, PUBLISHED_FIELDS, PUBLISHED_OF_THE_LINE, WHO_THEY_ARE, masked_values
from registration.entries.errors import UnknownRegistration
from registration.entries.people import person_key
from registration.entries.rules import Status
from registration.entries.tables import Participant, Registration
from registration.entries.transitions import lock_entry
from registration.waitlist.announcing import announce_again
from registration.waitlist.commands import hold_entry
from registration.waitlist.errors import AlreadyWaiting, UnknownWaitlistEntry
from registration.waitlist.offering import offer_again
from registration.waitlist.rules import IN_LINE, WaitlistStatus
from registration.waitlist.tables import WaitlistEntry, WaitlistParticipant

Fields = Mapping[str, Any]
Anybody = Participant | WaitlistParticipant
AnybodyT = TypeVar("AnybodyT", Participant, WaitlistParticipant)


async def correct(
    work: UnitOfWork,
    registration_id: UUID,
    participant_id: UUID,
    fields: Fields,
    *,
    by: str,
    within_time: bool,
    codes: AccessCodes,
) -> Anybody:
    """Correct fields of a participant of a registration or waiting list entry.

    The person key is computed again, and the change is published. On the waiting list, other services know only the
    person in charge; a change of that person publishes the entry, or its open offer, again.

    Args:
        within_time: refuse after the race's `changes_until`, and once the registration or waiting list entry has ended.
        codes: for the link of a waiting list entry.

    Raises:
        UnknownRegistration, UnknownParticipant, ChangesClosed, InvalidFields.
        AlreadyRegistered, AlreadyWaiting: the corrected person is in another live registration or waiting list entry.
    """
    entry = await lock_entry(work, registration_id)
    if entry is None:
        try:
            async with (
                work.session.begin_nested()
            ):  # on failure its locks are released, as the registration is locked before them (`places.commands`)
                return await _correct_waiting(
                    work, registration_id, participant_id, fields, by=by, within_time=within_time, codes=codes
                )
        except _Accepted:
            entry = await lock_entry(work, registration_id)
    if entry is None:
        raise UnknownRegistration
    race = await work.session.get_one(Race, entry.event_id)
    if within_time and not Status(entry.status).holds_places:
        raise ChangesClosed
    participant = await _locked(work, Participant, entry.id, participant_id)
    changed = await _corrected(work, race, participant, fields, by=by, within_time=within_time)
    if changed:
        entry.revision += 1
        entry.updated_at = work.now
        _announce(work, entry, participant, changed)
    return participant


class _Accepted(Exception):
    """The waiting list entry has become a registration in the meantime."""


async def _correct_waiting(
    work: UnitOfWork,
    entry_id: UUID,
    participant_id: UUID,
    fields: Fields,
    *,
    by: str,
    within_time: bool,
    codes: AccessCodes,
) -> WaitlistParticipant:
    try:
        entry = await hold_entry(work, entry_id)
    except UnknownWaitlistEntry:
        raise UnknownRegistration from None
    if entry.status == WaitlistStatus.ACCEPTED:
        raise _Accepted
    if within_time and entry.status not in IN_LINE:
        raise ChangesClosed
    race = await work.session.get_one(Race, entry.event_id)
    participant = await _locked(work, WaitlistParticipant, entry.id, participant_id)
    changed = await _corrected(work, race, participant, fields, by=by, within_time=within_time)
    if participant.is_pic and PUBLISHED_OF_THE_LINE & set(changed):
        await _announce_in_line(work, entry, participant, codes)
    return participant


async def _announce_in_line(
    work: UnitOfWork, entry: WaitlistEntry, contact: WaitlistParticipant, codes: AccessCodes
) -> None:
    if entry.status == WaitlistStatus.OFFERED:
        await offer_again(work, entry, codes)
    elif entry.status == WaitlistStatus.WAITING:
        await announce_again(work, entry, contact, codes)


async def _corrected(
    work: UnitOfWork, race: Race, participant: Anybody, fields: Fields, *, by: str, within_time: bool
) -> list[str]:
    """Store and audit the corrections; return the names of the fields that changed."""
    if within_time and work.now >= await _end_of_changes(work, race):
        raise ChangesClosed
    if fields.get("date_of_birth", OLDEST) >= day_in(work.now, race.timezone):
        raise InvalidFields(("date_of_birth", NOT_BORN))
    await _bring_into_form(work, participant)
    fields = {**fields, **_phone_numbers(participant, fields)}
    before = {name: getattr(participant, name) for name in fields}
    changed = [name for name, value in fields.items() if before[name] != value]
    if changed:
        await _write(work, participant, {name: fields[name] for name in changed})
        await forget_unreadable(
            work, participant.id, [*changed, *([SAME_PERSON] if WHO_THEY_ARE & set(changed) else [])]
        )
        await work.audit(
            by,
            "participant.correct",
            f"participant:{participant.id}",
            before=masked_values(before, changed),
            after=masked_values(dict(fields), changed),
        )
    return changed


async def _bring_into_form(work: UnitOfWork, participant: Anybody) -> None:
    """Convert a row that an older release wrote into canonical form before it is corrected.

    Afterwards the periodic job could not tell corrected values from those that still have to be parsed.
    """
    if participant.search_text is not None:
        return
    async with _named_refusals(work, participant):
        await work.session.run_sync(
            lambda session: bring_into_form(session.connection(), work.now, only=participant.id)
        )
    await work.session.refresh(participant)


def _phone_numbers(participant: Anybody, fields: Fields) -> dict[str, str]:
    """Return the phone numbers among the fields in canonical form.

    Digits that equal a stored number of this participant mean that number, as stored ones have their country code.
    """
    found, errors = {}, []
    stored = {getattr(participant, name) for name in PHONES}
    for name, read in PHONES.items():
        if name not in fields:
            continue
        try:
            digits = digits_of(fields[name])
            found[name] = read(f"+{digits}" if digits in stored else fields[name])
        except Refused as refused:
            errors.append((name, refused.wording))
    if errors:
        raise InvalidFields(*errors)
    return found


async def _end_of_changes(work: UnitOfWork, race: Race) -> datetime:
    query = select(RaceCategory.registration_close_at).where(RaceCategory.event_id == race.id)
    closings = (await work.session.execute(query)).scalars().all()
    return changes_end(race.changes_until, closings, race.event_date, race.timezone)


async def _locked(work: UnitOfWork, people: type[AnybodyT], entry_id: UUID, participant_id: UUID) -> AnybodyT:
    entry = people.registration_id if issubclass(people, Participant) else people.entry_id
    query = select(people).where(people.id == participant_id, entry == entry_id).with_for_update()
    found = (await work.session.execute(query)).scalar_one_or_none()
    if found is None:
        raise UnknownParticipant
    return found


# The unique indexes of live people decide, whatever other transactions are running.
_REFUSALS: Mapping[str, type[AlreadyRegistered | AlreadyWaiting]] = {
    "uq_participants_live_person": AlreadyRegistered,
    "uq_waitlist_participants_live_person": AlreadyWaiting,
}


async def _write(work: UnitOfWork, participant: Anybody, values: Fields) -> None:
    async with _named_refusals(work, participant):
        for name, value in values.items():
            setattr(participant, name, value)
        if WHO_THEY_ARE & values.keys():
            participant.person_key = person_key(
                participant.full_name, participant.date_of_birth, participant.identity_number
            )
        participant.search_text = folded(participant.full_name)
        await work.session.flush()


@asynccontextmanager
async def _named_refusals(work: UnitOfWork, participant: Anybody) -> AsyncIterator[None]:
    """Translate a violated unique index of live people into the error of the API.

    Raises:
        AlreadyRegistered, AlreadyWaiting.
    """
    position = participant.position
    try:
        async with work.session.begin_nested():
            yield
    except IntegrityError as error:
        refusal = _REFUSALS.get(constraint_of(error))
        if refusal is None:
            raise
        raise refusal(participants=[position]) from None


def _announce(work: UnitOfWork, entry: Registration, participant: Participant, changed: list[str]) -> None:
    told = tuple(sorted(PUBLISHED_FIELDS & set(changed)))
    if not told:
        return
    corrected = RegistrationCorrected(
        registration_id=entry.id,
        registration_number=entry.registration_number,
        revision=entry.revision,
        participant=CorrectedParticipant(
            participant_id=participant.id,
            full_name=participant.full_name,
            email=participant.email,
            whatsapp=participant.whatsapp,
            is_pic=participant.is_pic,
            jersey_size=participant.jersey_size,
        ),
        changed=told,
        confirmed=participant.bib_number is not None,
    )
    work.publish(corrected, subject=entry.id)
