"""All participants of a filter, for a file, and who asked for them."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from chassis.auth.access import Admin
from chassis.web.dependencies import OwnDatabase
from fastapi import Depends, Query

from registration.entries import queries
from registration.entries.queries import EXPORT_COLUMNS, Filter
from registration.entries.rules import Status

COLUMN_NAMES = [name for name, _ in EXPORT_COLUMNS]


async def _participants(
    staff: Admin,
    database: OwnDatabase,
    event_id: Annotated[UUID | None, Query()] = None,
    category_id: Annotated[UUID | None, Query()] = None,
    status: Annotated[Status | None, Query()] = None,
) -> AsyncIterator[Sequence[Sequence[Any]]]:
    """Note in the audit log who exports what; return the rows, batch by batch."""
    async with database.work() as work:
        await work.audit(staff.actor, "participants.export", f"event:{event_id or 'all'}")
    return queries.export(database, Filter(event_id, category_id, status))


Participants = Annotated[AsyncIterator[Sequence[Sequence[Any]]], Depends(_participants)]
"""The participants an admin exports; the export is in the audit log."""
