"""Completing invoices and payments of releases that did not store the race."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from chassis.database import Database, UnitOfWork
from contracts import RegistrationCreated
from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, aliased

from payment.invoices.tables import WITHOUT_DIGITS, Invoice
from payment.proofs.tables import Payment
from payment.races.tables import Category

_AT_ONCE: Final = 500


async def complete_invoice(work: UnitOfWork, created: RegistrationCreated) -> None:
    """Store race, category and type of a registration whose invoice and payments lack them. Idempotent.

    Registration publishes the event again if an operator has the doctor repair.
    """
    race = {
        "event_id": created.event.event_id,
        "category_id": created.category_id,
        "registration_type": created.registration_type,
    }
    await _complete(work, [created.registration_id], race)


async def complete_old_invoices(database: Database) -> int:
    """Store race and category of old invoices, in portions, by the prefix of their numbers. Return how many.

    A prefix becomes known with the first registration that this release hears of. One that several categories had,
    one after the other, says nothing.
    """
    other = aliased(Category)
    shared = exists().where(other.number_prefix == Category.number_prefix, other.category_id != Category.category_id)
    async with database.read() as session:
        query = select(Category).where(exists().where(*_of(Category.number_prefix)), ~shared)
        categories = (await session.execute(query)).scalars().all()
    return sum([await _complete_category(database, category) for category in categories])


def _of(prefix: Any) -> tuple[ColumnElement[bool], ...]:
    return (Invoice.event_id.is_(None), prefix + "-" == WITHOUT_DIGITS)


async def _complete_category(database: Database, category: Category) -> int:
    total, portion = 0, _AT_ONCE
    while portion == _AT_ONCE:
        async with database.work() as work:
            portion = await _complete_portion(work, category)
        total += portion
    return total


async def _complete_portion(work: UnitOfWork, category: Category) -> int:
    some = select(Invoice.registration_id).where(*_of(category.number_prefix)).order_by(Invoice.registration_id)
    ids = (await work.session.execute(some.limit(_AT_ONCE))).scalars().all()
    await _complete(work, ids, {"event_id": category.event_id, "category_id": category.category_id})
    return len(ids)


async def _complete(work: UnitOfWork, registration_ids: Sequence[UUID], race: Mapping[str, Any]) -> None:
    """Store facts of a race where they lack: in payments, then in their invoices, as a decision locks them.

    A proof that arrives meanwhile has the invoice as it was. It is completed last, unless it is being decided: to wait
    for that would be a deadlock.
    """
    await _store(work, Payment, Payment.id, Payment.registration_id.in_(registration_ids), race)
    await _store(work, Invoice, Invoice.registration_id, Invoice.registration_id.in_(registration_ids), race)
    await _store(work, Payment, Payment.id, Payment.registration_id.in_(registration_ids), race, skip_locked=True)


async def _store(
    work: UnitOfWork,
    table: type[Payment] | type[Invoice],
    key: InstrumentedAttribute[UUID],
    which: ColumnElement[bool],
    race: Mapping[str, Any],
    *,
    skip_locked: bool = False,
) -> None:
    lacking = or_(*(getattr(table, name).is_(None) for name in race))
    in_order = select(key).where(which, lacking).order_by(key).with_for_update(skip_locked=skip_locked)
    ids = (await work.session.execute(in_order)).scalars().all()
    await work.session.execute(update(table).where(key.in_(ids)).values(**race))
