"""Reading the timeline of a registration: its audit entries and notes, and what its own row knows."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from chassis.tables import ServiceTables
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.base import service_tables
from registration.entries.errors import UnknownRegistration
from registration.entries.tables import Participant, Registration
from registration.notes.tables import Note
from registration.timeline.rules import Item, of_audit
from registration.waitlist.tables import WaitlistEntry

Position = tuple[datetime, str]

_AT_THE_SAME_MOMENT: Final = 50
"""Read beyond a page, as the position within a moment is compared afterwards."""


async def timeline(
    session: AsyncSession, registration_id: UUID, *, limit: int, after: Position | None
) -> Sequence[Item]:
    """Return what happened to a registration, newest first; one more than `limit` if there is more.

    Raises:
        UnknownRegistration.
    """
    entry = await session.get(Registration, registration_id)
    if entry is None:
        raise UnknownRegistration
    read = limit + _AT_THE_SAME_MOMENT
    until = None if after is None else after[0]
    items = [
        *_of_row(entry, await session.get(WaitlistEntry, registration_id)),
        *_with_reason(entry, await _of_audit(session, service_tables, registration_id, until, read)),
        *await _of_notes(session, registration_id, until, read),
    ]
    behind = [each for each in items if after is None or (each.at, each.key) < after]
    return sorted(behind, key=lambda each: (each.at, each.key), reverse=True)[: limit + 1]


def _of_row(entry: Registration, waiting: WaitlistEntry | None) -> Iterator[Item]:
    runner = f"runner:{entry.id}"
    if waiting is not None:
        yield Item(waiting.created_at, "row:0", "joined_waitlist", runner)
        if waiting.offered_at is not None:
            yield Item(waiting.offered_at, "row:1", "offered", "registration", {"until": waiting.offer_expires_at})
    group = {"registration_type": entry.registration_type, "total_participants": entry.total_participants}
    yield Item(entry.created_at, "row:2", "registered", runner, group)
    if entry.payment_verified_at is not None:
        actor = f"staff:{entry.payment_verified_by}" if entry.payment_verified_by else "payment"
        yield Item(entry.payment_verified_at, "row:3", "verified", actor, {"payment_id": entry.payment_id})
        yield Item(entry.payment_verified_at, "row:4", "tickets_issued", "registration")
    if entry.expired_at is not None:
        yield Item(entry.expired_at, "row:5", "expired", "registration")


async def _of_audit(
    session: AsyncSession, tables: ServiceTables, registration_id: UUID, until: datetime | None, read: int
) -> list[Item]:
    log = tables.audit_log
    people = select(Participant.id).where(Participant.registration_id == registration_id)
    participants = (await session.execute(people)).scalars().all()
    subjects = [
        f"registration:{registration_id}",
        f"waitlist:{registration_id}",
        *(f"participant:{each}" for each in participants),
    ]
    query = select(log).where(log.c.subject.in_(subjects)).order_by(log.c.at.desc(), log.c.id.desc()).limit(read)
    if until is not None:
        query = query.where(log.c.at <= until)
    rows = (await session.execute(query)).all()
    found = [of_audit(row.id, row.at, row.actor, row.action, row.subject, row.details) for row in rows]
    return [each for each in found if each is not None]


def _with_reason(entry: Registration, items: Sequence[Item]) -> Iterator[Item]:
    """Yield the items; the newest cancellation with its reason, which is no part of the audit log."""
    for each in items:
        is_newest = each.kind == "cancelled" and each.at == entry.cancelled_at
        yield replace(each, details={**each.details, "reason": entry.notes}) if is_newest else each


async def _of_notes(session: AsyncSession, registration_id: UUID, until: datetime | None, read: int) -> list[Item]:
    query = select(Note).where(Note.registration_id == registration_id).order_by(Note.id.desc()).limit(read)
    if until is not None:
        query = query.where(Note.created_at <= until)
    notes = (await session.execute(query)).scalars().all()
    return [
        Item(
            note.created_at,
            f"note:{note.id}",
            "note",
            f"staff:{note.written_by}",
            {"note_id": note.id, "text": note.text},
        )
        for note in notes
    ]
