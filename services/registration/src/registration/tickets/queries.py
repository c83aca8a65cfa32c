"""Reading tickets by their code."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.facts import FACTS
from registration.catalog.tables import Race, RaceCategory
from registration.entries.errors import UnknownTicket
from registration.entries.queries import ticket_number
from registration.entries.tables import Participant, Registration
from registration.tickets.rules import short_name


async def ticket_of(session: AsyncSession, ticket_code: str) -> dict[str, Any]:
    """Return what the holder of a code may see of the ticket, valid or not.

    Raises:
        UnknownTicket.
    """
    query = (
        select(Participant, Registration.registration_number, RaceCategory.name.label("category_name"), FACTS)
        .join(Registration, Registration.id == Participant.registration_id)
        .join(RaceCategory, RaceCategory.id == Registration.race_category_id)
        .join(Race, Race.id == Registration.event_id)
        .where(Participant.ticket_code == ticket_code)
    )
    found = (await session.execute(query)).first()
    if found is None:
        raise UnknownTicket
    person = found.Participant
    return {
        "short_name": short_name(person.full_name),
        "ticket_number": ticket_number(found.registration_number, person.position),
        "bib_number": person.bib_number,
        "category_name": found.category_name,
        "jersey_size": person.jersey_size,
        "live": person.live,
        "event": found.event,
    }
