"""Changes of a category's places. No other folder writes `category_places`; a test checks this.

All code of this service takes row locks in this order:

1. registrations (`registrations`),
2. the places of their categories (`category_places`); of several categories in the order of their ids,
3. the category (`race_categories`),
4. the race (`events`),
5. waiting list entries (`waitlist_entries`),
6. participants, of a registration or a waiting list entry; new ones in the order of `person_key`,
7. idempotency keys (`idempotency_keys`).

Steps may be left out; docs/architecture.md, "Lock order", has the exceptions. So admission, expiry, cancellation,
verification and the waiting list wait for each other without deadlocks. Each row is locked until the end of its
transaction, and code that decides by the number of places (offers, burned places) locks the places first.
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

The waiting list is in a layer above the code that releases places, so it is passed in.
"""

TAKE = """
    UPDATE category_places SET taken = taken + :places, last_number = last_number + :numbers
     WHERE category_id = :category_id AND taken + :places <= quota
    RETURNING quota - taken AS places_left, last_number - :numbers AS numbers_before
"""
"""SQL that takes `:places` and `:numbers` registration numbers; it returns no row if the places do not suffice.

It is text for the `WITH` of a statement that also writes the registrations. The row is locked from this statement to
COMMIT, and every other transaction of the category waits for it, so each round trip saved lets another one run.
"""


async def create(work: UnitOfWork, category_id: UUID, *, quota: int, bib_start: int, bib_end: int) -> None:
    """Insert the places of a new category."""
    row = {"category_id": category_id, "quota": quota, "next_bib": bib_start, "bib_end": bib_end}
    await work.session.execute(insert(CategoryPlaces).values(row))


async def lock_places(work: UnitOfWork, category_id: UUID) -> int | None:
    """Lock a category's places and return how many are left; None if the category does not exist."""
    left = select(CategoryPlaces.quota - CategoryPlaces.taken).where(CategoryPlaces.category_id == category_id)
    return (await work.session.execute(left.with_for_update())).scalar_one_or_none()


async def lock_counters(work: UnitOfWork, category_id: UUID) -> Places | None:
    """Lock a category's places and return all counters; None if the category does not exist."""
    columns = [getattr(CategoryPlaces, name) for name in Places.__dataclass_fields__]
    counters = select(*columns).where(CategoryPlaces.category_id == category_id).with_for_update()
    row = (await work.session.execute(counters)).one_or_none()
    return None if row is None else Places(*row)


async def _change(work: UnitOfWork, category_id: UUID, **values: ColumnElement[int]) -> None:
    await work.session.execute(update(CategoryPlaces).where(CategoryPlaces.category_id == category_id).values(values))


async def retake(work: UnitOfWork, category_id: UUID, count: int) -> bool:
    """Take released places again; return False if not enough are left."""
    take = (
        update(CategoryPlaces)
        .where(CategoryPlaces.category_id == category_id, CategoryPlaces.taken + count <= CategoryPlaces.quota)
        .values(taken=CategoryPlaces.taken + count)
        .returning(CategoryPlaces.category_id)
    )
    return (await work.session.execute(take)).first() is not None


async def release(work: UnitOfWork, category_id: UUID, count: int) -> None:
    """Release places without a BIB."""
    await _change(work, category_id, taken=CategoryPlaces.taken - count)


async def release_confirmed(work: UnitOfWork, category_id: UUID, count: int) -> None:
    """Release places with a BIB; burn those for which no other BIB is left."""
    places = await lock_counters(work, category_id)
    if places is None:
        raise RuntimeError("a registration has a category")
    await write_counters(work, category_id, without_confirmed(places, count))


async def hold(work: UnitOfWork, category_id: UUID, count: int) -> None:
    """Hold free places for offers; a negative count releases them."""
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
    """Store all counters, as returned by `lock_counters` and changed."""
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
    """Return whether a registration number is in use, from a category that had this one's prefix at the time."""
    return constraint_of(error) == "uq_registrations_registration_number"


async def skip_taken_numbers(database: Database, category_id: UUID) -> None:
    """Set the category's last number to the highest one in use with its prefix. Idempotent."""
    async with database.work() as work:
        await work.session.execute(_SKIP, {"category_id": category_id})
