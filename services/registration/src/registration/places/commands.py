"""Changing the places of a category. No other folder writes `category_places`; a test looks for it.

Locks are taken in one order by all code of this service:

1. the registration (`registrations`),
2. the places of its category (`category_places`); of several categories in the order of their ids,
3. the category (`race_categories`),
4. waiting-list entries (`waitlist_entries`),
5. participants, of a registration or a waiting-list entry.

Steps may be left out. So admission, expiry, cancellation, verification and the waiting list wait for each other, but
never in a circle. Each row is held until the end of its transaction, and whatever decides by the number of places
(offers, burned places) locks them first.
"""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from uuid import UUID

from chassis.database import Database, UnitOfWork, constraint_of
from sqlalchemy import ColumnElement, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from registration.places.rules import Places, without_confirmed
from registration.places.tables import CategoryPlaces

OnPlacesFreed = Callable[[UnitOfWork, UUID], Awaitable[None]]
"""Offers the free places of a category to its waiting list, in the transaction that released them.

The waiting list is a layer above those who release places, so they get this passed in.
"""

TAKE = """
    UPDATE category_places SET taken = taken + :places, last_number = last_number + :numbers
     WHERE category_id = :category_id AND taken + :places <= quota
    RETURNING quota - taken AS places_left, last_number - :numbers AS numbers_before
"""
"""Takes `:places` and as many numbers as there are registrations, or returns no row if the places do not suffice.

Text for the `WITH` of a statement that writes the registrations, too: the row is locked from this statement to COMMIT,
and every other transaction of the category waits for it, so a round trip less is worth a statement of another's.
"""


async def create(work: UnitOfWork, category_id: UUID, *, quota: int, bib_start: int, bib_end: int) -> None:
    """Insert the places of a new category."""
    row = {"category_id": category_id, "quota": quota, "next_bib": bib_start, "bib_end": bib_end}
    await work.session.execute(insert(CategoryPlaces).values(row))


async def lock_places(work: UnitOfWork, category_id: UUID) -> int | None:
    """Lock a category's places and return how many are left; None if there is no such category."""
    left = select(CategoryPlaces.quota - CategoryPlaces.taken).where(CategoryPlaces.category_id == category_id)
    return (await work.session.execute(left.with_for_update())).scalar_one_or_none()


async def lock_counters(work: UnitOfWork, category_id: UUID) -> Places | None:
    """Lock a category's places and return all counters; None if there is no such category."""
    columns = [getattr(CategoryPlaces, name) for name in Places.__dataclass_fields__]
    counters = select(*columns).where(CategoryPlaces.category_id == category_id).with_for_update()
    row = (await work.session.execute(counters)).one_or_none()
    return None if row is None else Places(*row)


async def _change(work: UnitOfWork, category_id: UUID, **values: ColumnElement[int]) -> None:
    await work.session.execute(update(CategoryPlaces).where(CategoryPlaces.category_id == category_id).values(values))


async def retake(work: UnitOfWork, category_id: UUID, count: int) -> bool:
    """Take released places again; return False if they are gone."""
    take = (
        update(CategoryPlaces)
        .where(CategoryPlaces.category_id == category_id, CategoryPlaces.taken + count <= CategoryPlaces.quota)
        .values(taken=CategoryPlaces.taken + count)
        .returning(CategoryPlaces.category_id)
    )
    return (await work.session.execute(take)).first() is not None


async def release(work: UnitOfWork, category_id: UUID, count: int) -> None:
    """Give back places that had no BIB."""
    await _change(work, category_id, taken=CategoryPlaces.taken - count)


async def release_confirmed(work: UnitOfWork, category_id: UUID, count: int) -> None:
    """Give back places that had a BIB; burn those that no other BIB is left for."""
    places = await lock_counters(work, category_id)
    if places is None:
        raise RuntimeError("a registration has a category")
    await write_counters(work, category_id, without_confirmed(places, count))


async def hold(work: UnitOfWork, category_id: UUID, count: int) -> None:
    """Hold free places for offers; a negative count gives them back."""
    await _change(work, category_id, taken=CategoryPlaces.taken + count, offered=CategoryPlaces.offered + count)


async def take_offered(work: UnitOfWork, category_id: UUID, count: int) -> int:
    """Turn offered places into those of a registration; return the registration's number."""
    take = (
        update(CategoryPlaces)
        .where(CategoryPlaces.category_id == category_id)
        .values(offered=CategoryPlaces.offered - count, last_number=CategoryPlaces.last_number + 1)
        .returning(CategoryPlaces.last_number)
    )
    return (await work.session.execute(take)).scalar_one()


async def assign_bibs(work: UnitOfWork, category_id: UUID, count: int) -> int:
    """Count places as confirmed and return the first of their consecutive BIBs."""
    assign = (
        update(CategoryPlaces)
        .where(CategoryPlaces.category_id == category_id)
        .values(next_bib=CategoryPlaces.next_bib + count, confirmed=CategoryPlaces.confirmed + count)
        .returning(CategoryPlaces.next_bib)
    )
    return (await work.session.execute(assign)).scalar_one() - count


async def write_counters(work: UnitOfWork, category_id: UUID, places: Places) -> None:
    """Write all counters of places that `lock_counters` returned."""
    await work.session.execute(
        update(CategoryPlaces).where(CategoryPlaces.category_id == category_id).values(asdict(places))
    )


_SKIP = text("""
    UPDATE category_places AS places
       SET last_number = greatest(last_number, (
               SELECT max(CAST(substr(registration_number, length(registration_prefix) + 2) AS int))
                 FROM registrations
                WHERE registration_number ~ ('^' || registration_prefix || '-[0-9]{1,9}$')))
      FROM race_categories AS category
     WHERE category.id = places.category_id AND places.category_id = :category_id
""")


def is_number_taken(error: IntegrityError) -> bool:
    """Return whether a registration number was given before, by a category that had this one's prefix at the time."""
    return constraint_of(error) == "uq_registrations_registration_number"


async def skip_taken_numbers(database: Database, category_id: UUID) -> None:
    """Set the category's last number to the highest one in use with its prefix. Idempotent."""
    async with database.work() as work:
        await work.session.execute(_SKIP, {"category_id": category_id})
