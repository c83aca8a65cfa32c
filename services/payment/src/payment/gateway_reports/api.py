"""Routes for settlement reports of the payment gateway, for finance."""

import asyncio
from uuid import UUID

from chassis.auth.access import Finance
from chassis.errors import InvalidFields, MalformedForm, PayloadTooLarge
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.models import Cursor, Limit, Page
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Request

from payment.dependencies import Zone
from payment.gateway_reports import commands, queries
from payment.gateway_reports.errors import REFUSALS, UnknownReport
from payment.gateway_reports.forms import REQUEST_BODY, read_report_form
from payment.gateway_reports.models import ReportView
from payment.gateway_reports.reading import read_report
from payment.statements.uploads import newest_first, read_in_turn, sha256_of

router = Router(prefix="/gateway/reports", tags=["gateway"])


@router.post(
    "",
    status_code=201,
    responses=errors(*REFUSALS, InvalidFields, MalformedForm, PayloadTooLarge),
    openapi_extra=REQUEST_BODY,
)
async def upload_report(staff: Finance, request: Request, database: OwnDatabase, zone: Zone) -> ReportView:
    """Compare a settlement report with the charges: fees are booked once, what differs is named, nothing is guessed.

    The same file again is compared again, and books only what has become possible since.
    """
    file = await read_report_form(request)
    report = await read_in_turn(read_report, file)
    digest = await asyncio.to_thread(sha256_of, file)
    async with database.work() as work:
        compared = await commands.compare_report(work, report, sha256=digest, zone=zone, by=staff)
    return ReportView.of(compared.report, repeated_file=compared.is_repeated)


@router.get("")
async def list_reports(_: Finance, session: Read, limit: Limit = 50, cursor: Cursor = None) -> Page[ReportView]:
    """Return the reports without what differs, the newest first."""
    rows = await queries.list_reports(session, limit=limit + 1, before=newest_first.decode(cursor))
    items = [ReportView.of(row, has_items=False) for row in rows[:limit]]
    more = len(rows) > limit
    next_cursor = newest_first.encode(items[-1].uploaded_at, items[-1].report_id) if more else None
    return Page(items=items, next_cursor=next_cursor)


@router.get("/{report_id}", responses=errors(UnknownReport))
async def show_report(report_id: UUID, _: Finance, session: Read) -> ReportView:
    """Return a report with what its last comparison found."""
    return ReportView.of(await queries.report_by_id(session, report_id))
