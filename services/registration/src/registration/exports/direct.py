"""Exports that are sent in the response while their rows are read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from chassis.auth.access import Admin
from chassis.auth.principals import Staff
from chassis.database import Database, is_unavailable
from chassis.telemetry import logger
from chassis.web.dependencies import OwnDatabase, from_state
from chassis.web.downloads import CsvFile, Downloads, XlsxFile, csv_file, xlsx_file
from fastapi import Depends, Query

from registration.entries.rules import Status
from registration.exports.commands import begin_direct, end_direct
from registration.exports.content import Batches, CountedRows, header_of, rows_of
from registration.exports.rules import SHEETS, FileFormat, Kind
from registration.exports.wanted import Request, Wanted

log = logger(__name__)

EventId = Annotated[UUID | None, Query(description="may be left out if there is only one race")]
CategoryId = Annotated[UUID | None, Query()]
StatusFilter = Annotated[Status | None, Query()]
Since = Annotated[UUID | None, Query(description="an earlier export of jerseys, to compare with")]
RunningDownloads = Annotated[Downloads, from_state("downloads")]


@dataclass(frozen=True)
class Table:
    """An export that is ready to be sent."""

    kind: Kind
    batches: Batches

    def as_csv(self) -> CsvFile:
        """Return it as CSV."""
        return csv_file(self.kind, header_of(self.kind), self.batches)

    def as_xlsx(self) -> XlsxFile:
        """Return it as XLSX."""
        return xlsx_file(self.kind, header_of(self.kind), self.batches, sheet=SHEETS[self.kind])


@asynccontextmanager
async def _sent(request: Request, staff: Staff, database: Database, downloads: Downloads) -> AsyncIterator[Table]:
    """Record an export, yield it until the response is sent, and record how it ended."""
    with downloads.one_of(staff.id) as until_read:
        async with database.work() as work:
            wanted = await begin_direct(work, request, staff_id=staff.id, by=staff.actor)
        sending = _Sending(database, wanted)
        try:
            yield Table(request.kind, until_read(sending.batches()))
        finally:
            await sending.end(complete=False)


class _Sending:
    """The rows of an export, and the record of how it ended. The first end counts."""

    def __init__(self, database: Database, wanted: Wanted) -> None:
        self._database = database
        self._wanted = wanted
        self._counted = CountedRows(rows_of(database, wanted))
        self._ended = False

    async def batches(self) -> Batches:
        """Yield the rows, and record the end before the client sees it."""
        async for batch in self._counted.batches():
            yield batch
        await self.end(complete=True)

    async def end(self, *, complete: bool) -> None:
        """Record how the export ended. A file that was sent whole is not cut off because that fails."""
        if self._ended:
            return
        self._ended = True
        try:
            async with self._database.work() as work:
                await end_direct(work, self._wanted.export_id, rows=self._counted.rows, complete=complete)
        except Exception as error:
            if not is_unavailable(error):
                raise
            log.warning("export_end_unrecorded", export_id=str(self._wanted.export_id), complete=complete)


def participants(file_format: FileFormat) -> Any:
    """Return the dependency on the participants that an admin exports, one file at a time."""

    async def sent(
        staff: Admin,
        database: OwnDatabase,
        downloads: RunningDownloads,
        event_id: EventId = None,
        category_id: CategoryId = None,
        status: StatusFilter = None,
    ) -> AsyncIterator[Table]:
        request = Request(Kind.PARTICIPANTS, file_format, event_id, category_id, status)
        async with _sent(request, staff, database, downloads) as table:
            yield table

    return Depends(sent, scope="request")


def jerseys(file_format: FileFormat) -> Any:
    """Return the dependency on the order of jerseys, with the difference since an earlier export."""

    async def sent(
        staff: Admin,
        database: OwnDatabase,
        downloads: RunningDownloads,
        event_id: EventId = None,
        category_id: CategoryId = None,
        since: Since = None,
    ) -> AsyncIterator[Table]:
        request = Request(Kind.JERSEYS, file_format, event_id, category_id, since=since)
        async with _sent(request, staff, database, downloads) as table:
            yield table

    return Depends(sent, scope="request")


def people(kind: Kind, file_format: FileFormat) -> Any:
    """Return the dependency on a file with a row per confirmed participant."""

    async def sent(
        staff: Admin,
        database: OwnDatabase,
        downloads: RunningDownloads,
        event_id: EventId = None,
        category_id: CategoryId = None,
    ) -> AsyncIterator[Table]:
        request = Request(kind, file_format, event_id, category_id)
        async with _sent(request, staff, database, downloads) as table:
            yield table

    return Depends(sent, scope="request")
