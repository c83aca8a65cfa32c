"""Routes for dead letters, the same in every service."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from pydantic_core import from_json

from chassis import retries
from chassis.auth.access import Admin
from chassis.retries import ForgedDeadLetter, UnknownDeadLetter
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase
from chassis.web.models import Cursor, Limit, Page, View
from chassis.web.problems import errors
from chassis.web.routing import Router

_LARGEST_ID = 2**63 - 1

_cursors = CursorOf(tuple[Annotated[int, Field(ge=0, le=_LARGEST_ID)]])


class DeadLetterSummary(View):
    """An event that was given up."""

    id: int
    event_id: str | None
    event_type: str | None
    created_at: datetime
    failed_at: datetime
    failure_reason: str
    last_exception: str | None


class DeadLetter(DeadLetterSummary):
    """A dead letter with its payload."""

    payload: Any


def _summary(row: dict[str, Any]) -> dict[str, Any]:
    headers = row["headers"] or {}
    return {**row, "event_id": headers.get("event_id") or None, "event_type": headers.get("event_type")}


def _readable(payload: bytes) -> Any:
    try:
        # Stricter than json.loads: everything it accepts can be serialized as JSON again.
        return from_json(payload, allow_inf_nan=False)
    except ValueError:
        return payload.decode(errors="replace")


router = Router(prefix="/dead-letters", tags=["operations"])


@router.get("")
async def list_dead_letters(
    _: Admin, database: OwnDatabase, limit: Limit = 50, cursor: Cursor = None
) -> Page[DeadLetterSummary]:
    """Return dead letters, oldest first."""
    [after] = _cursors.decode(cursor) or [0]
    rows = await retries.list_dead_letters(database, limit=limit + 1, after=after)
    items = [DeadLetterSummary(**_summary(row)) for row in rows[:limit]]
    return Page(items=items, next_cursor=_cursors.encode(items[-1].id) if len(rows) > limit else None)


@router.get("/{dead_letter_id}", responses=errors(UnknownDeadLetter))
async def show_dead_letter(dead_letter_id: int, _: Admin, database: OwnDatabase) -> DeadLetter:
    """Return a dead letter with its payload."""
    row = await retries.show_dead_letter(database, dead_letter_id)
    return DeadLetter(**{**_summary(row), "payload": _readable(row["payload"])})


@router.post("/{dead_letter_id}/replay", status_code=204, responses=errors(UnknownDeadLetter, ForgedDeadLetter))
async def replay_dead_letter(dead_letter_id: int, staff: Admin, database: OwnDatabase) -> None:
    """Retry a dead letter with a new set of tries."""
    await retries.replay_dead_letter(database, dead_letter_id, by=staff.actor)


@router.delete("/{dead_letter_id}", status_code=204, responses=errors(UnknownDeadLetter))
async def drop_dead_letter(dead_letter_id: int, staff: Admin, database: OwnDatabase) -> None:
    """Delete a dead letter."""
    await retries.drop_dead_letter(database, dead_letter_id, by=staff.actor)
