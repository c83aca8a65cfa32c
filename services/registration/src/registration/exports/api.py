"""Routes for exports that the worker writes, and for the record of all exports."""

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from chassis.auth.access import Admin
from chassis.images.errors import ImageMissing
from chassis.images.store import ImageStore
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import OwnDatabase, Read, Work, from_state
from chassis.web.downloads import CsvFile, DownloadRunning, XlsxFile, stored_file
from chassis.web.models import Body, Cursor, Limit, Page, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from sqlalchemy import select

from registration.catalog.errors import UnknownCategory, UnknownEvent
from registration.dependencies import IdempotencyHeader
from registration.entries.rules import Status
from registration.exports import commands
from registration.exports.direct import RunningDownloads
from registration.exports.errors import ExportGone, ExportNotReady, TooManyExports, UnknownExport
from registration.exports.files import read_file
from registration.exports.rules import CHOSEN_AT_MOST, Delivery, FileFormat, Kind, State
from registration.exports.tables import Export
from registration.exports.wanted import Request
from registration.idempotency.errors import IdempotencyKeyReused

router = Router(prefix="/exports", tags=["exports"])

_cursors = CursorOf(tuple[UUID])


class NewExport(Body):
    """A file to write. `status` and `registration_ids` are for participants only, `since` for jerseys."""

    kind: Kind
    format: FileFormat
    event_id: UUID | None = None
    category_id: UUID | None = None
    status: Status | None = None
    since: UUID | None = None
    registration_ids: Annotated[list[UUID], Field(min_length=1, max_length=CHOSEN_AT_MOST)] | None = None

    def request(self) -> Request:
        """Return what it asks for."""
        of = self.event_id, self.category_id, self.status, self.since
        chosen = None if self.registration_ids is None else tuple(dict.fromkeys(self.registration_ids))
        return Request(self.kind, self.format, *of, chosen)


class AskedExport(View):
    """An export that the worker writes."""

    export_id: UUID = Field(validation_alias="id")
    state: State


class ExportView(AskedExport):
    """An export: who took which file, when and how. `expires_at` is when a stored file is deleted.

    `chosen` is the number of registrations that it is of; null for all that match.
    """

    kind: Kind
    format: FileFormat
    delivery: Delivery
    event_id: UUID | None
    category_id: UUID | None
    status: Status | None
    since: UUID | None
    chosen: int | None
    reason: str | None
    rows: int | None
    bytes: int | None
    requested_by: UUID
    requested_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None
    downloads: int
    last_downloaded_by: UUID | None
    last_downloaded_at: datetime | None


@router.post(
    "",
    status_code=202,
    responses=errors(UnknownEvent, UnknownCategory, IdempotencyKeyReused, TooManyExports),
)
async def ask_for_export(
    body: NewExport, staff: Admin, work: Work, response: Response, key: IdempotencyHeader = None
) -> AskedExport:
    """Have the worker write a file. A repeat with the same `Idempotency-Key` names the same export."""
    request_hash = hashlib.sha256(body.model_dump_json().encode()).hexdigest()
    export, repeated = await commands.ask(
        work, body.request(), staff_id=staff.id, by=staff.actor, key=key, request_hash=request_hash
    )
    if repeated:
        response.headers["Idempotency-Replayed"] = "true"
    return AskedExport.model_validate(export)


@router.get("")
async def list_exports(
    _: Admin,
    session: Read,
    event_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ExportView]:
    """Return who took or asked for which files, newest first."""
    query = select(Export).order_by(Export.id.desc()).limit(limit + 1)
    after = _cursors.decode(cursor)
    if after:
        query = query.where(Export.id < after[0])
    if event_id:
        query = query.where(Export.event_id == event_id)
    rows = (await session.execute(query)).scalars().all()
    items = [ExportView.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_cursors.encode(items[-1].export_id) if len(rows) > limit else None)


@router.get("/{export_id}", responses=errors(UnknownExport))
async def show_export(export_id: UUID, _: Admin, session: Read) -> ExportView:
    """Return how far an export is."""
    export = await session.get(Export, export_id)
    if export is None:
        raise UnknownExport
    return ExportView.model_validate(export)


async def _file(
    export_id: UUID,
    staff: Admin,
    database: OwnDatabase,
    downloads: RunningDownloads,
    images: Annotated[ImageStore, from_state("images")],
) -> AsyncIterator[StreamingResponse]:
    """Record that a file is fetched; yield it until the response is sent. The first piece is read before.

    Raises:
        UnknownExport, ExportNotReady, ExportGone, DownloadRunning, Unavailable.
    """
    with downloads.one_of(staff.id) as until_read:
        async with database.work() as work:
            export = await commands.take_file(work, export_id, staff_id=staff.id, by=staff.actor)
        pieces = read_file(images, export_id, export.attempts, export.pieces or 0)
        try:
            first = await anext(pieces, b"")
        except ImageMissing:
            raise ExportGone from None
        kind = CsvFile if export.format == FileFormat.CSV else XlsxFile
        name = f"{export.kind}.{export.format}"
        yield stored_file(kind, name, until_read(_with_first(first, pieces)), size=export.bytes or 0)


async def _with_first(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for each in others:
        yield each


_MEDIA: Final[dict[str, Any]] = {CsvFile.media_type: {}, XlsxFile.media_type: {}}


@router.get(
    "/{export_id}/file",
    response_class=StreamingResponse,
    responses={
        **errors(UnknownExport, ExportNotReady, ExportGone, DownloadRunning),
        200: {"description": "the file", "content": _MEDIA},
    },
)
async def fetch_file(
    file: Annotated[StreamingResponse, Depends(_file, scope="request")],
) -> StreamingResponse:
    """Return the file that the worker wrote."""
    return file
