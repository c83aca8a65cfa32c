"""The route for the history of one registration."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from chassis.auth.access import AnyStaff
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read
from chassis.web.models import Cursor, Limit, Moment, Page, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from pydantic import StringConstraints

from registration.entries.errors import UnknownRegistration
from registration.timeline import queries

router = Router(tags=["registrations"])

_cursors = CursorOf(tuple[Moment, Annotated[str, StringConstraints(max_length=60)]])


class TimelineItem(View):
    """Something that happened. `actor` is `staff:<id>`, `runner:<registration id>` or the name of a service.

    `details` depend on the kind: `fields` and `participant_id` of `corrected`, `text` of `note`, `expires_at` of
    `deadline_moved`, `reason` of `cancelled`.
    """

    at: datetime
    kind: str
    actor: str
    details: dict[str, Any]


@router.get("/registrations/{registration_id}/timeline", responses=errors(UnknownRegistration))
async def show_timeline(
    registration_id: UUID, _: AnyStaff, session: Read, limit: Limit = 50, cursor: Cursor = None
) -> Page[TimelineItem]:
    """Return what happened to a registration, newest first. Names and contacts are not part of it."""
    rows = await queries.timeline(session, registration_id, limit=limit, after=_cursors.decode(cursor))
    items = [TimelineItem.model_validate(row) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=items, next_cursor=_cursors.encode(last.at, last.key) if last else None)
