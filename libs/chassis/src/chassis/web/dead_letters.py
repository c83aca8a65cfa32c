"""Routes for dead letters, the same in every service."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from pydantic_core import from_json

from chassis import retries
from chassis.auth.access import Admin
from chassis.retries import ForgedDeadLetter, UnknownDeadLetter
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase
from chassis.web.models import Body, Cursor, Limit, Line, Page, View
from chassis.web.problems import errors
from chassis.web.routing import Router

_LARGEST_ID = 2**63 - 1

Name = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]

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


class Result(StrEnum):
    """What became of one of several dead letters.

    unknown: there is no such dead letter, or not any more. forged: another service than its owner sent it.
    """

    REPLAYED = "replayed"
    DROPPED = "dropped"
    UNKNOWN = "unknown"
    FORGED = "forged"


class ItemResult(View):
    """What became of one dead letter."""

    id: int
    result: Result


class Results(View):
    """What became of each dead letter, in the order in which they were named; `done` counts those that were changed."""

    items: list[ItemResult]
    done: int


Reason = Annotated[Line, Field(description="why; ids and facts only, as the audit log keeps it")]


class Dropping(Body):
    """Why dead letters are deleted."""

    reason: Reason


class Chosen(Body):
    """Dead letters; one that is named twice counts once."""

    ids: Annotated[list[Annotated[int, Field(ge=0, le=_LARGEST_ID)]], Field(min_length=1, max_length=200)]


class ChosenForDropping(Chosen):
    """Dead letters to delete, and why."""

    reason: Reason


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
    _: Admin,
    database: OwnDatabase,
    event_type: Name = None,
    failure_reason: Name = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[DeadLetterSummary]:
    """Return dead letters, oldest first."""
    [after] = _cursors.decode(cursor) or [0]
    rows = await retries.list_dead_letters(
        database, limit=limit + 1, after=after, event_type=event_type, reason=failure_reason
    )
    items = [DeadLetterSummary(**_summary(row)) for row in rows[:limit]]
    return Page(items=items, next_cursor=_cursors.encode(items[-1].id) if len(rows) > limit else None)


@router.post("/bulk/replay")
async def replay_several(chosen: Chosen, staff: Admin, database: OwnDatabase) -> Results:
    """Retry dead letters with a new set of tries, each in a transaction of its own. It can be repeated safely."""

    async def replay(dead_letter_id: int) -> None:
        await retries.replay_dead_letter(database, dead_letter_id, by=staff.actor)

    return await _each(chosen.ids, replay, Result.REPLAYED)


@router.post("/bulk/drop")
async def drop_several(chosen: ChosenForDropping, staff: Admin, database: OwnDatabase) -> Results:
    """Delete dead letters, each in a transaction of its own. It can be repeated safely."""

    async def drop(dead_letter_id: int) -> None:
        await retries.drop_dead_letter(database, dead_letter_id, by=staff.actor, reason=chosen.reason)

    return await _each(chosen.ids, drop, Result.DROPPED)


async def _each(ids: Sequence[int], do: Callable[[int], Awaitable[None]], done: Result) -> Results:
    items = [ItemResult(id=each, result=await _result(each, do, done)) for each in dict.fromkeys(ids)]
    return Results(items=items, done=sum(each.result is done for each in items))


async def _result(dead_letter_id: int, do: Callable[[int], Awaitable[None]], done: Result) -> Result:
    try:
        await do(dead_letter_id)
    except UnknownDeadLetter:
        return Result.UNKNOWN
    except ForgedDeadLetter:
        return Result.FORGED
    return done


@router.get("/{dead_letter_id}", responses=errors(UnknownDeadLetter))
async def show_dead_letter(dead_letter_id: int, staff: Admin, database: OwnDatabase) -> DeadLetter:
    """Return a dead letter with its payload. The audit log records who looked."""
    row = await retries.show_dead_letter(database, dead_letter_id, by=staff.actor)
    return DeadLetter(**{**_summary(row), "payload": _readable(row["payload"])})


@router.post("/{dead_letter_id}/replay", status_code=204, responses=errors(UnknownDeadLetter, ForgedDeadLetter))
async def replay_dead_letter(dead_letter_id: int, staff: Admin, database: OwnDatabase) -> None:
    """Retry a dead letter with a new set of tries."""
    await retries.replay_dead_letter(database, dead_letter_id, by=staff.actor)


@router.delete("/{dead_letter_id}", status_code=204, responses=errors(UnknownDeadLetter))
async def drop_dead_letter(
    dead_letter_id: int, staff: Admin, database: OwnDatabase, dropping: Dropping | None = None
) -> None:
    """Delete a dead letter, for a reason that the audit log keeps."""
    reason = dropping.reason if dropping else None
    await retries.drop_dead_letter(database, dead_letter_id, by=staff.actor, reason=reason)
