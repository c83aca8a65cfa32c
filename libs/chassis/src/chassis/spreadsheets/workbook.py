"""Tables as XLSX (ECMA-376, SpreadsheetML), streamed while their rows are read.

Text stays text; numbers and dates are cells of that type. The archive is written front to back without seeking, so
neither rows nor the file are kept. The part that names the sheets is written last, when their number is known.
"""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from chassis.spreadsheets import markup

SHEET_ROWS: Final = 1_048_576
"""Maximum rows of a sheet, including its header (specification of Excel)."""

# zipfile reserves space for sizes below 2 GiB; with larger fields (ZIP64) in a stream, Excel refuses the file.
_SHEET_BYTES: Final = 1_500_000_000
# Output is a fifth larger than with level 6, in a third of the time.
_COMPRESSION_LEVEL: Final = 1


async def xlsx_stream(
    header: Sequence[str], batches: AsyncIterator[Sequence[Sequence[Any]]], *, sheet: str
) -> AsyncIterator[bytes]:
    """Yield an XLSX file of all rows in sheets called `sheet`, `sheet 2` …, piece by piece.

    Rows are converted in a thread, so that the event loop is not blocked.
    """
    book = Workbook(header, sheet=sheet)
    yield book.take()
    async for rows in batches:
        yield await asyncio.to_thread(book.add, rows)
    yield await asyncio.to_thread(book.close)


class Workbook:
    """An XLSX file being written. Each sheet has a frozen header and columns as wide as the first rows need."""

    def __init__(self, header: Sequence[str], *, sheet: str, rows_per_sheet: int = SHEET_ROWS) -> None:
        self._header = header
        self._title = sheet
        self._rows_per_sheet = rows_per_sheet
        self._widths: Sequence[int] = ()
        self._output = _Output()
        self._archive = zipfile.ZipFile(self._output, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL)
        self._sheet: _Sheet | None = None
        self._sheets = 0
        self._archive.writestr("xl/styles.xml", markup.STYLES)

    def take(self) -> bytes:
        """Return the bytes written since the last call."""
        return self._output.take()

    def add(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write the rows, on further sheets if one is full, and return the bytes of the file that are ready."""
        self._widths = self._widths or markup.widths([self._header, *rows])
        while rows:
            sheet = self._with_room()
            room = self._rows_per_sheet - sheet.rows
            sheet.add(rows[:room])
            rows = rows[room:]
        return self.take()

    def close(self) -> bytes:
        """Finish the file and return its remaining bytes."""
        self._with_room().close()
        for name, content in markup.package(self._title, self._sheets):
            self._archive.writestr(name, content)
        self._archive.close()
        return self.take()

    def _with_room(self) -> "_Sheet":
        if self._sheet is not None and self._sheet.rows < self._rows_per_sheet and self._sheet.bytes < _SHEET_BYTES:
            return self._sheet
        if self._sheet is not None:
            self._sheet.close()
        self._sheets += 1
        widths = self._widths or markup.widths([self._header])
        self._sheet = _Sheet(self._archive, self._sheets, self._header, widths)
        return self._sheet


class _Sheet:
    """The sheet being written."""

    def __init__(self, archive: zipfile.ZipFile, number: int, header: Sequence[str], widths: Sequence[int]) -> None:
        self.rows = 0
        self.bytes = 0
        self._columns = markup.letters(len(header))
        self._file = archive.open(markup.sheet_path(number), "w")
        self._write(markup.sheet_start(widths))
        self._write(markup.header_row(self._columns, header))
        self.rows = 1

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        numbered = enumerate(rows, start=self.rows + 1)
        self._write("".join(markup.row(number, self._columns, cells) for number, cells in numbered))
        self.rows += len(rows)

    def close(self) -> None:
        self._write(markup.sheet_end(f"A1:{self._columns[-1]}{self.rows}"))
        self._file.close()

    def _write(self, text: str) -> None:
        self.bytes += self._file.write(text.encode())


class _Output:
    """A write-only file whose bytes are taken out piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)

    def flush(self) -> None:
        """Do nothing, as nothing is buffered."""

    def close(self) -> None:
        """Do nothing, as nothing is open."""
