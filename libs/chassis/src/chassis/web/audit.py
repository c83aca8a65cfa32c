"""Routes for reading the audit log, the same in every service."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Query
from pydantic import Field
from sqlalchemy.engine import RowMapping

from chassis import audit_log
from chassis.audit_log import AuditFilter
from chassis.auth.access import Admin
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase, Read, from_state
from chassis.web.downloads import CsvFile, DownloadRunning, Downloads, csv_file
from chassis.web.models import Cursor, Limit, Moment, Page, SearchText, View
from chassis.web.problems import errors
from chassis.web.routing import Router

COLUMNS: Final = ("at", "actor", "action", "subject", "before", "after", "details", "correlation_id")

_LARGEST_ID: Final = 2**63 - 1
_cursors = CursorOf(tuple[Moment, Annotated[int, Field(ge=0, le=_LARGEST_ID)]])


class AuditEntry(View):
    """An action of staff or of the platform. `before` and `after` are the changed values, null where there are none.

    `actor` is `staff:` and an id, `operator`, `system`, `runner` or a device; `details` are the other facts.
    """

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    details: dict[str, Any]
    correlation_id: str


def _entry(row: RowMapping) -> AuditEntry:
    details = dict(row["details"])
    before, after = _taken(details, "before"), _taken(details, "after")
    return AuditEntry.model_validate({**row, "details": details, "before": before, "after": after})


def _taken(details: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Remove and return values that were recorded as an object; anything else stays where it is."""
    return details.pop(name) if isinstance(details.get(name), dict) else None


async def _filter(
    actor: Annotated[SearchText | None, Query()] = None,
    action: Annotated[SearchText | None, Query()] = None,
    subject: Annotated[SearchText | None, Query()] = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None,
) -> AuditFilter:
    """Return the filter of a request."""
    return AuditFilter(actor, action, subject, since, until)


Wanted = Annotated[AuditFilter, Depends(_filter)]

router = Router(tags=["operations"])


@router.get("/audit")
async def list_audit_entries(
    _: Admin, session: Read, database: OwnDatabase, wanted: Wanted, limit: Limit = 50, cursor: Cursor = None
) -> Page[AuditEntry]:
    """Return the audit log, newest first.

    `action` is a whole action such as `payment.verify`, or the part before its dot. Entries at `from` are included,
    those at `to` are not.
    """
    log = database.tables.audit_log
    rows = await audit_log.page(session, log, wanted, limit=limit, after=_cursors.decode(cursor))
    items = [_entry(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=items, next_cursor=_cursors.encode(items[-1].at, items[-1].id) if more else None)


async def _exported(
    staff: Admin,
    database: OwnDatabase,
    downloads: Annotated[Downloads, from_state("downloads")],
    wanted: Wanted,
) -> AsyncIterator[AsyncIterator[Sequence[Sequence[Any]]]]:
    """Record the export in the audit log; yield the rows in batches until the response is sent."""
    with downloads.one_of(staff.id) as until_read:
        async with database.work() as work:
            await work.audit(staff.actor, "audit.export", "audit_log")
        yield until_read(_rows(audit_log.export(database, wanted)))


async def _rows(batches: AsyncIterator[Sequence[RowMapping]]) -> AsyncIterator[Sequence[Sequence[Any]]]:
    async for batch in batches:
        yield [_cells(_entry(row)) for row in batch]


def _cells(entry: AuditEntry) -> list[Any]:
    return [_cell(getattr(entry, column)) for column in COLUMNS]


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return value.isoformat() if isinstance(value, datetime) else value


Exported = Annotated[AsyncIterator[Sequence[Sequence[Any]]], Depends(_exported, scope="request")]


@router.get("/audit.csv", response_class=CsvFile, responses=errors(DownloadRunning))
async def export_audit_log(rows: Exported) -> CsvFile:
    """Return the audit log as CSV, newest first, with the filters of the list. Objects are JSON in their cell."""
    return csv_file("audit", COLUMNS, rows)
