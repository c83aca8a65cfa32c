"""Routes for staff's notes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.auth.access import AnyStaff
from chassis.ids import new_id
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read, Work
from chassis.web.models import Body, Cursor, Limit, Page, Text, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from registration.entries.errors import UnknownRegistration
from registration.entries.tables import Registration
from registration.idempotency.errors import IdempotencyKeyReused
from registration.notes.tables import Note

router = Router(prefix="/registrations/{registration_id}/notes", tags=["registrations"])

_cursors = CursorOf(tuple[UUID])


class NewNote(Body):
    """A note to add. With an `id` of the caller it is added once, however often it is sent."""

    id: UUID | None = None
    text: Text


class NoteView(View):
    """A note and the member of staff who wrote it."""

    id: UUID
    written_by: UUID
    text: str
    created_at: datetime


@router.post("", status_code=201, responses=errors(UnknownRegistration, IdempotencyKeyReused))
async def write_note(registration_id: UUID, body: NewNote, staff: AnyStaff, work: Work) -> NoteView:
    """Add a note to a registration; one that is there already is returned."""
    if await work.session.get(Registration, registration_id) is None:
        raise UnknownRegistration
    values = {"registration_id": registration_id, "written_by": staff.id, "text": body.text}
    added = insert(Note).values(id=body.id or new_id(), created_at=work.now, **values).on_conflict_do_nothing()
    note = await work.session.scalar(added.returning(Note))
    if note is None:
        return NoteView.model_validate(await _same(work.session, body.id, values))
    await work.audit(staff.actor, "note.write", f"registration:{registration_id}", after={"note_id": str(note.id)})
    return NoteView.model_validate(note)


async def _same(session: AsyncSession, note_id: UUID | None, values: Mapping[str, Any]) -> Note:
    found = await session.get(Note, note_id)
    if found is None or any(getattr(found, name) != value for name, value in values.items()):
        raise IdempotencyKeyReused
    return found


@router.get("", responses=errors(UnknownRegistration))
async def list_notes(
    registration_id: UUID, _: AnyStaff, session: Read, limit: Limit = 50, cursor: Cursor = None
) -> Page[NoteView]:
    """Return the notes about a registration, newest first."""
    if await session.get(Registration, registration_id) is None:
        raise UnknownRegistration
    query = select(Note).where(Note.registration_id == registration_id).order_by(Note.id.desc()).limit(limit + 1)
    after = _cursors.decode(cursor)
    if after:
        query = query.where(Note.id < after[0])
    rows = (await session.execute(query)).scalars().all()
    items = [NoteView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_cursors.encode(items[-1].id) if len(rows) > limit else None)
