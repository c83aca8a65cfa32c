"""Route for values that could not be converted into canonical form."""

from datetime import datetime
from uuid import UUID

from chassis.auth.access import AnyStaff
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read
from chassis.web.models import Cursor, Limit, Line, Page, View
from chassis.web.routing import Router
from sqlalchemy import select, tuple_

from registration.canonical.tables import UnreadableValue
from registration.entries.tables import Participant, Registration

router = Router(tags=["registrations"])

_cursors = CursorOf(tuple[UUID, Line])


class UnreadableView(View):
    """A stored value that could not be parsed. Correcting it removes it from this list.

    `person` as field: the same person is in another live registration of the event. Without a registration the
    participant is on a waiting list.
    """

    participant_id: UUID
    field: str
    noted_at: datetime
    registration_id: UUID | None
    registration_number: str | None


@router.get("/reports/unreadable")
async def list_unreadable(_: AnyStaff, session: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[UnreadableView]:
    """Return values of participants that could not be converted into canonical form."""
    query = (
        select(
            UnreadableValue.participant_id,
            UnreadableValue.field,
            UnreadableValue.noted_at,
            Registration.id.label("registration_id"),
            Registration.registration_number,
        )
        .outerjoin(Participant, Participant.id == UnreadableValue.participant_id)
        .outerjoin(Registration, Registration.id == Participant.registration_id)
        .order_by(UnreadableValue.participant_id, UnreadableValue.field)
        .limit(limit + 1)
    )
    after = _cursors.decode(cursor)
    if after:
        query = query.where(tuple_(UnreadableValue.participant_id, UnreadableValue.field) > after)
    rows = (await session.execute(query)).mappings().all()
    items = [UnreadableView(**row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=items, next_cursor=_cursors.encode(items[-1].participant_id, items[-1].field) if more else None)
