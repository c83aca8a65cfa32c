"""Publishing that a registration is confirmed."""

from chassis.database import UnitOfWork
from contracts import ConfirmedParticipant, RegistrationConfirmed
from sqlalchemy import select

from registration.catalog.queries import get_category
from registration.entries.tables import Participant, Registration


async def announce_confirmed(work: UnitOfWork, entry: Registration) -> None:
    """Publish the participants with their BIBs and tickets."""
    await work.session.flush()
    category = await get_category(work.session, entry.race_category_id)
    if category is None or entry.payment_id is None:
        raise RuntimeError("a confirmed registration has a category and a payment")
    work.publish(
        RegistrationConfirmed(
            registration_id=entry.id,
            registration_number=entry.registration_number,
            revision=entry.revision,
            event=category.event,
            category_id=category.category_id,
            category_name=category.category_name,
            payment_id=entry.payment_id,
            participants=await _confirmed_participants(work, entry),
        ),
        subject=entry.id,
    )


async def _confirmed_participants(work: UnitOfWork, entry: Registration) -> tuple[ConfirmedParticipant, ...]:
    columns = (
        Participant.id,
        Participant.full_name,
        Participant.bib_number,
        Participant.ticket_code,
        Participant.jersey_size,
        Participant.is_pic,
    )
    query = select(*columns).where(Participant.registration_id == entry.id).order_by(Participant.position)
    rows = (await work.session.execute(query)).all()
    return tuple(
        ConfirmedParticipant(
            participant_id=row.id,
            full_name=row.full_name,
            bib_number=row.bib_number,
            ticket_code=row.ticket_code,
            jersey_size=row.jersey_size,
            is_pic=row.is_pic,
        )
        for row in rows
    )
