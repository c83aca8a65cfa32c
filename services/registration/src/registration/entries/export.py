"""All participants of a filter, for a file, and who asked for them."""

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
    """Note in the audit log who exports what; yield the rows, batch by batch, until the answer has left."""
    with downloads.one_of(staff.id) as until_read:
        async with database.work() as work:
            await work.audit(staff.actor, "participants.export", f"event:{event_id or 'all'}")
        yield until_read(queries.export(database, Filter(event_id, category_id, status)))


Participants = Annotated[AsyncIterator[Sequence[Sequence[Any]]], Depends(_participants, scope="request")]
"""The participants an admin exports, one file at a time; the export is in the audit log."""
