"""Answers that are files for spreadsheets, sent while their rows are read."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi.responses import StreamingResponse

from chassis.spreadsheets.delimited import csv_stream
from chassis.spreadsheets.workbook import xlsx_stream

Batches = AsyncIterator[Sequence[Sequence[Any]]]


class CsvFile(StreamingResponse):
    """A table as CSV."""

    media_type = "text/csv"


class XlsxFile(StreamingResponse):
    """A table as XLSX."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def csv_file(name: str, header: Sequence[str], batches: Batches) -> CsvFile:
    """Return the rows as a download `name`.csv."""
    return CsvFile(csv_stream(header, batches), headers=_attached(f"{name}.csv"))


def xlsx_file(name: str, header: Sequence[str], batches: Batches, *, sheet: str) -> XlsxFile:
    """Return the rows as a download `name`.xlsx with sheets called `sheet`."""
    return XlsxFile(xlsx_stream(header, batches, sheet=sheet), headers=_attached(f"{name}.xlsx"))


def _attached(filename: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{filename}"'}
