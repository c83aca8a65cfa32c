"""Responses with spreadsheet files, sent while their rows are read."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar
from uuid import UUID

from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from chassis.errors import StartlineError
from chassis.spreadsheets.delimited import csv_stream
from chassis.spreadsheets.workbook import xlsx_stream
from chassis.telemetry import logger

log = logger(__name__)

Batches = AsyncIterator[Sequence[Sequence[Any]]]
PartT = TypeVar("PartT")


class UntilRead(Protocol):
    """Wraps the parts of a download, rows or bytes, and ends it after the last one."""

    def __call__(self, parts: AsyncIterator[PartT], /) -> AsyncIterator[PartT]:
        """Return the same parts."""


WHOLE_SECONDS = 15 * 60.0
STALLED_SECONDS = 60.0


class _Download(StreamingResponse):
    """A download that is cut off if it is read too slowly, so that the client sees an error."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(STALLED_SECONDS):
                await send(message)

        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            log.warning("download_cut_off", path=scope["path"])


class CsvFile(_Download):
    """A table as CSV."""

    media_type = "text/csv"


class XlsxFile(_Download):
    """A table as XLSX."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class DownloadRunning(StartlineError):
    """A download of yours is still running: wait until it has ended, or close it."""

    indonesian = "Unduhan Anda masih berjalan: tunggu sampai selesai, atau tutup."
    code = "download_running"


class Downloads:
    """Running downloads of this process, at most one per person."""

    def __init__(self) -> None:
        self._under_way: dict[UUID, object] = {}

    @contextmanager
    def one_of(self, reader: UUID) -> Iterator[UntilRead]:
        """Hold the one download that this person may have under way, at most until the block ends.

        Yields a function that wraps the parts and releases the download after the last one, so that the next request
        of a client that has read the whole file is accepted before the response has been cleaned up.

        Raises:
            DownloadRunning.
        """
        if reader in self._under_way:
            raise DownloadRunning
        own = self._under_way[reader] = object()

        def end() -> None:
            if self._under_way.get(reader) is own:
                del self._under_way[reader]

        async def until_read(parts: AsyncIterator[PartT], /) -> AsyncIterator[PartT]:
            async for part in parts:
                yield part
            end()

        try:
            yield until_read
        finally:
            end()


def csv_file(name: str, header: Sequence[str], batches: Batches) -> CsvFile:
    """Return the rows as a download `name`.csv."""
    return CsvFile(csv_stream(header, batches), headers=_attached(f"{name}.csv"))


def xlsx_file(name: str, header: Sequence[str], batches: Batches, *, sheet: str) -> XlsxFile:
    """Return the rows as a download `name`.xlsx with sheets called `sheet`."""
    return XlsxFile(xlsx_stream(header, batches, sheet=sheet), headers=_attached(f"{name}.xlsx"))


def stored_file(
    kind: type[CsvFile] | type[XlsxFile], filename: str, parts: AsyncIterator[bytes], *, size: int
) -> _Download:
    """Return the bytes of a file that was written before as a download."""
    return kind(parts, headers={**_attached(filename), "Content-Length": str(size)})


def _attached(filename: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{filename}"'}
