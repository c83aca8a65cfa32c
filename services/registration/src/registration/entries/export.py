"""Export of participants, recorded in the audit log."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from uuid import UUID

from chassis.auth.access import Admin
from chassis.web.dependencies import OwnDatabase, from_state
from chassis.web.downloads import Downloads
from fastapi import Depends, Query

from registration.entries import queries
from registration.entries.queries import EXPORT_COLUMNS, Filter
from registration.entries.rules import Status

COLUMN_NAMES = [name for name, _ in EXPORT_COLUMNS]


async def _participants(
    staff: Admin,
    database: OwnDatabase,
    downloads: Annotated[Downloads, from_state("downloads")],
    event_id: Annotated[UUID | None, Query()] = None,
    category_id: Annotated[UUID | None, Query()] = None,
    status: Annotated[Status | None, Query()] = None,
) -> AsyncIterator[AsyncIterator[Sequence[Sequence[Any]]]]:
    """Record the export in the audit log; yield the rows in batches until the response is sent."""
    with downloads.one_of(staff.id) as until_read:
        async with database.work() as work:
            await work.audit(staff.actor, "participants.export", f"event:{event_id or 'all'}")
        yield until_read(queries.export(database, Filter(event_id, category_id, status)))


Participants = Annotated[AsyncIterator[Sequence[Sequence[Any]]], Depends(_participants, scope="request")]
"""The participants that an admin exports, one file at a time; the export is recorded in the audit log."""
