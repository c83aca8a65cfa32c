"""Correcting a participant.

Locks are taken in the order registration, participants.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.canonical.folding import folded
from chassis.canonical.phones import digits_of
from chassis.database import UnitOfWork
from chassis.errors import InvalidFields
from chassis.wording import Refused
from contracts import CorrectedParticipant, RegistrationCorrected
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from registration.admission.errors import AlreadyRegistered
from registration.admission.forms import NOT_BORN, OLDEST
from registration.admission.rules import person_key
from registration.canonical.commands import forget_unreadable
from registration.canonical.rules import READERS
from registration.catalog.rules import changes_end, day_in
from registration.catalog.tables import Race, RaceCategory
from registration.corrections.errors import ChangesClosed, UnknownParticipant
from registration.corrections.rules import PHONES, TOLD_ELSEWHERE, WHO_THEY_ARE, masked_values
from registration.entries.commands import lock_entry
from registration.entries.errors import UnknownRegistration
from registration.entries.rules import Status
from registration.entries.tables import Participant, Registration

Fields = Mapping[str, Any]


async def correct(
    work: UnitOfWork, registration_id: UUID, participant_id: UUID, fields: Fields, *, by: str, within_time: bool
) -> Participant:
    """Correct fields of a participant; who the person is is judged again, and listeners of the change are told.

    Args:
        within_time: refuse after the race's `changes_until`, and once the registration has ended.

    Raises:
        UnknownRegistration, UnknownParticipant, ChangesClosed, InvalidFields.
        AlreadyRegistered: a corrected person has another live registration for this event.
    """
    entry = await lock_entry(work, registration_id)
    if entry is None:
        raise UnknownRegistration
    race = await work.session.get_one(Race, entry.event_id)
    if within_time:
        await _refuse_when_closed(work, entry, race)
    if fields.get("date_of_birth", OLDEST) >= day_in(work.now, race.timezone):
        raise InvalidFields(("date_of_birth", NOT_BORN))
    participant = await _locked(work, entry, participant_id)
    fields = {**fields, **_phone_numbers(participant, fields)}
    before = {name: getattr(participant, name) for name in fields}
    changed = [name for name, value in fields.items() if before[name] != value]
    if not changed:
        return participant
    await _write(work, participant, {name: fields[name] for name in changed})
    entry.revision += 1
    entry.updated_at = work.now
    _announce(work, entry, participant, changed)
    await forget_unreadable(work, participant.id, changed)
    await work.audit(
        by,
        "participant.correct",
        f"participant:{participant_id}",
        registration_id=str(registration_id),
        before=masked_values(before, changed),
        after=masked_values(dict(fields), changed),
    )
    return participant


def _phone_numbers(participant: Participant, fields: Fields) -> dict[str, str]:
    """Return the phone numbers among the fields in canonical form.

    The digits of a number that is stored for this participant mean that number: they have their country code.
    """
    found, errors = {}, []
    stored = {getattr(participant, name) for name in PHONES}
    for name in PHONES & fields.keys():
        try:
            digits = digits_of(fields[name])
            found[name] = READERS[name](f"+{digits}" if digits in stored else fields[name])
        except Refused as refused:
            errors.append((name, refused.wording))
    if errors:
        raise InvalidFields(*errors)
    return found


async def _refuse_when_closed(work: UnitOfWork, entry: Registration, race: Race) -> None:
    if not Status(entry.status).holds_places or work.now >= await _end_of_changes(work, race):
        raise ChangesClosed


async def _end_of_changes(work: UnitOfWork, race: Race) -> datetime:
    query = select(RaceCategory.registration_close_at).where(RaceCategory.event_id == race.id)
    closings = (await work.session.execute(query)).scalars().all()
    return changes_end(race.changes_until, closings, race.event_date, race.timezone)


async def _locked(work: UnitOfWork, entry: Registration, participant_id: UUID) -> Participant:
    own = (Participant.id == participant_id, Participant.registration_id == entry.id)
    found = (await work.session.execute(select(Participant).where(*own).with_for_update())).scalar_one_or_none()
    if found is None:
        raise UnknownParticipant
    return found


async def _write(work: UnitOfWork, participant: Participant, values: Fields) -> None:
    position = participant.position
    try:
        async with work.session.begin_nested():
            for name, value in values.items():
                setattr(participant, name, value)
            if WHO_THEY_ARE & values.keys():
                participant.person_key = person_key(
                    participant.full_name, participant.date_of_birth, participant.identity_number
                )
            participant.search_text = folded(participant.full_name)
            await work.session.flush()
    except IntegrityError as error:
        # The unique index of live people decides, whatever else is under way; no other constraint can refuse this.
        if "uq_participants_live_person" not in str(error.orig):
            raise
        raise AlreadyRegistered(participants=[position]) from None


def _announce(work: UnitOfWork, entry: Registration, participant: Participant, changed: list[str]) -> None:
    told = tuple(sorted(TOLD_ELSEWHERE & set(changed)))
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
        confirmed=entry.status == Status.PAYMENT_VERIFIED,
    )
    work.publish(corrected, subject=entry.id)
