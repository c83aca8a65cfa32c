"""Which race a contact belongs to.

Contacts of older releases hold only copies of the race's name, day and place. Registration names the race of each with
its access code. Until that has come they are linked to the race whose known facts are equal to the copies, which has to
happen before the facts change: afterwards nothing would match.
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
"""A contact's copies describe the race as it is now."""


async def record_race(work: UnitOfWork, payload: RegistrationCreated | RegistrationConfirmed | WaitlistOffered) -> None:
    """Follow the race as `payload` names it, if that is newer than what is known."""
    if await is_newer(work, payload.event, payload.category_id):
        category = CategoryName(category_id=payload.category_id, name=payload.category_name)
        await follow_race(work, payload.event, [category])


async def link_contact(work: UnitOfWork, named: AccessReplaced) -> bool:
    """Link a contact that does not know its race to the one that registration names; False if there is none to link."""
    if named.event_id is None:
        return False
    own = (Contact.registration_id == named.registration_id, Contact.event_id.is_(None))
    ids = {"event_id": named.event_id, "category_id": named.category_id}
    linked = update(Contact).where(*own).values(ids).returning(Contact.registration_id)
    return (await work.session.execute(linked)).first() is not None


async def follow_race(work: UnitOfWork, event: EventSummary, categories: Iterable[CategoryName]) -> None:
    """Store the newest facts of a race, after linking the contacts that hold copies of the facts before."""
    await lock_race(work, event.event_id)
    await _link(work, _unlinked().where(Race.event_id == event.event_id))
    await store_race(work, event, categories)


async def link_batch(work: UnitOfWork, *, limit: int) -> int:
    """Link at most `limit` contacts of older releases to their races; return how many were linked."""
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
    """Contacts without a race and the one race that their copies describe."""
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
    """The id of the race's one category with the contact's category name; null if there are none or several."""
    return (
        select(func.array_agg(RaceCategory.category_id)[1])
        .where(RaceCategory.event_id == event_id, RaceCategory.name == Contact.category_name)
        .having(func.count() == 1)
        .correlate_except(RaceCategory)
        .scalar_subquery()
    )
