"""Links from contacts to races.

Contacts of older releases hold only copies of the race's name, date and location. `AccessReplaced` names the race of
each. Until it arrives, a contact is linked to the race with equal name, date and location; that has to happen before
these change, as nothing would match afterwards.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.telemetry import logger
from contracts import (
    AccessReplaced,
    CategoryName,
    EventSummary,
    RegistrationConfirmed,
    RegistrationCreated,
    WaitlistJoined,
    WaitlistOffered,
)
from sqlalchemy import Select, and_, func, select, update
from sqlalchemy.orm import aliased

from notification.contacts.tables import Contact
from notification.races.commands import is_newer, lock_race, store_race
from notification.races.tables import Race, RaceCategory

log = logger(__name__)

SAME_COPIES = and_(
    Race.name == Contact.event_name,
    Race.event_date == Contact.event_date,
    Race.location == Contact.event_location,
)
"""Condition: the copies of a contact are equal to the current race."""


async def record_race(
    work: UnitOfWork, payload: RegistrationCreated | RegistrationConfirmed | WaitlistJoined | WaitlistOffered
) -> None:
    """Store the race in `payload` if it is newer than the stored one."""
    if await is_newer(work, payload.event, payload.category_id):
        category = CategoryName(category_id=payload.category_id, name=payload.category_name)
        await follow_race(work, payload.event, [category])


async def link_contact(work: UnitOfWork, named: AccessReplaced) -> bool:
    """Link a contact without a race to the race in the event. Return False if there is no such contact."""
    if named.event_id is None:
        return False
    own = (Contact.registration_id == named.registration_id, Contact.event_id.is_(None))
    ids = {"event_id": named.event_id, "category_id": named.category_id}
    linked = update(Contact).where(*own).values(ids).returning(Contact.registration_id)
    return (await work.session.execute(linked)).first() is not None


async def follow_race(work: UnitOfWork, event: EventSummary, categories: Iterable[CategoryName]) -> None:
    """Store a race, after linking contacts with copies of its previous data."""
    await lock_race(work, event.event_id)
    await _link(work, _unlinked().where(Race.event_id == event.event_id))
    await store_race(work, event, categories)


async def link_batch(work: UnitOfWork, *, limit: int) -> int:
    """Link at most `limit` contacts of older releases to their races; return the number linked."""
    count = await _link(work, _unlinked().limit(limit).with_for_update(of=Contact, skip_locked=True))
    if count:
        log.info("contacts_linked", count=count)
    return count


async def _link(work: UnitOfWork, found: Select[UUID, UUID]) -> int:
    pairs = found.subquery()
    linked = (
        update(Contact)
        .where(Contact.registration_id == pairs.c.registration_id)
        .values(event_id=pairs.c.event_id, category_id=_category(pairs.c.event_id))
        .returning(Contact.registration_id)
    )
    return len((await work.session.execute(linked, execution_options={"synchronize_session": False})).all())


def _unlinked() -> Select[UUID, UUID]:
    """Select contacts without a race, with the only race that is equal to their copies."""
    other = aliased(Race)
    ambiguous = select(other.event_id).where(
        other.event_id != Race.event_id,
        other.name == Race.name,
        other.event_date == Race.event_date,
        other.location == Race.location,
    )
    return (
        select(Contact.registration_id, Race.event_id)
        .join(Race, SAME_COPIES)
        .where(Contact.event_id.is_(None), ~ambiguous.exists())
    )


def _category(event_id: Any) -> Any:
    """Return the id of the race's category with the contact's category name; null if there are none or several."""
    return (
        select(func.array_agg(RaceCategory.category_id)[1])
        .where(RaceCategory.event_id == event_id, RaceCategory.name == Contact.category_name)
        .having(func.count() == 1)
        .correlate_except(RaceCategory)
        .scalar_subquery()
    )
