"""Publishing entries that wait for an offer."""

from chassis.database import UnitOfWork
from contracts import RegistrationType, WaitlistJoined

from registration.access_codes import AccessCodes
from registration.catalog.queries import get_category
from registration.catalog.rules import CategorySnapshot
from registration.entries.creation import registered
from registration.waitlist.queries import place_in_line
from registration.waitlist.tables import WaitlistEntry, WaitlistParticipant


def announce_joined(
    work: UnitOfWork,
    category: CategorySnapshot,
    entry: WaitlistEntry,
    contact: WaitlistParticipant,
    *,
    position: int,
    codes: AccessCodes,
) -> None:
    """Publish that an entry waits.

    Args:
        contact: the person in charge.
        position: the entry's place in the line, from 1.
        codes: for the link of its page.
    """
    kind = RegistrationType(entry.registration_type)
    joined = WaitlistJoined(
        registration_id=entry.id,
        event=category.event,
        category_id=category.category_id,
        category_name=category.category_name,
        registration_type=kind,
        total_participants=kind.size,
        position=position,
        joined_at=entry.created_at,
        contact=registered(contact),
        access=codes.make(entry.id, entry.access_version),
        revision=entry.revision,
    )
    work.publish(joined, subject=entry.id)


async def announce_again(
    work: UnitOfWork, entry: WaitlistEntry, contact: WaitlistParticipant, codes: AccessCodes
) -> None:
    """Publish an entry that waits again, after its contact changed."""
    entry.revision += 1
    await work.session.flush()
    category = await get_category(work.session, entry.race_category_id)
    if category is None:
        raise RuntimeError("a waiting list has a category")
    position = await place_in_line(work.session, entry)
    announce_joined(work, category, entry, contact, position=position, codes=codes)
