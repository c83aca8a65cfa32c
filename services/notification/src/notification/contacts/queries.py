"""Queries for the participants of a registration."""

from collections.abc import Collection, Iterable
from uuid import UUID

from contracts import TicketNumber
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.contacts.tables import Contact, Participant


async def participants_of(session: AsyncSession, registration_id: UUID) -> dict[UUID, Participant]:
    """Return the participants of a registration by id."""
    chosen = select(Participant).where(Participant.registration_id == registration_id)
    found = (await session.execute(chosen)).scalars().all()
    return {participant.participant_id: participant for participant in found}


async def people_in_charge(session: AsyncSession, registration_ids: Collection[UUID]) -> dict[UUID, Participant]:
    """Return the person in charge of each stored registration."""
    chosen = select(Participant).where(Participant.registration_id.in_(registration_ids))
    groups: dict[UUID, list[Participant]] = {}
    for participant in (await session.execute(chosen)).scalars():
        groups.setdefault(participant.registration_id, []).append(participant)
    return {registration_id: person_in_charge(group) for registration_id, group in groups.items()}


def person_in_charge(participants: Iterable[Participant]) -> Participant:
    """Return the participant who gets messages about the whole registration."""
    return max(participants, key=lambda each: (each.is_pic, each.participant_id))


def ticket_number(contact: Contact, holder: Participant, group: Iterable[Participant]) -> str | None:
    """Return the number of a participant's ticket; None before the confirmation.

    Args:
        group: all participants of the registration, whose BIBs are in its order.
    """
    if contact.registration_number is None or holder.bib_number is None:
        return None
    before = sum(each.bib_number is not None and each.bib_number < holder.bib_number for each in group)
    return str(TicketNumber(contact.registration_number, before + 1))
