"""Header and rows of each kind of file. Columns only ever grow at the end: vendors read them by name or by place."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chassis.database import Database
from chassis.spreadsheets.delimited import csv_stream
from chassis.spreadsheets.workbook import xlsx_stream
from sqlalchemy import Row

from registration.catalog.tables import RaceCategory
from registration.entries import queries
from registration.entries.queries import EXPORT_COLUMNS, Filter
from registration.entries.tables import Participant
from registration.exports import jerseys
from registration.exports.confirmed import confirmed
from registration.exports.rules import SHEETS, FileFormat, Kind, age_on, first_and_last, name_on_bib
from registration.exports.wanted import Wanted

Batches = AsyncIterator[Sequence[Sequence[Any]]]


@dataclass(frozen=True)
class PersonFile:
    """A file with a row per confirmed participant.

    Attributes:
        header: the names of its columns.
        columns: what it reads besides the BIB.
        cells: returns a row of the file.
    """

    header: tuple[str, ...]
    columns: tuple[Any, ...]
    cells: Callable[[Wanted, Row[Any]], tuple[Any, ...]]


def _bib(wanted: Wanted, row: Row[Any]) -> tuple[Any, ...]:
    shown = name_on_bib(row.full_name)
    return row.bib_number, shown, row.category, row.registration_prefix, wanted.color, row.ticket_code


def _timing(wanted: Wanted, row: Row[Any]) -> tuple[Any, ...]:
    first, last = first_and_last(row.full_name)
    born = row.date_of_birth
    return row.bib_number, first, last, row.gender, born, age_on(wanted.race_day, born), row.category, row.distance


def _insurance(_: Wanted, row: Row[Any]) -> tuple[Any, ...]:
    return tuple(row)


_CATEGORY = RaceCategory.name.label("category")

PERSON_FILES: Final[Mapping[Kind, PersonFile]] = {
    Kind.BIBS: PersonFile(
        ("bib_number", "name_on_bib", "category", "prefix", "color", "ticket_code"),
        (Participant.full_name, _CATEGORY, RaceCategory.registration_prefix, Participant.ticket_code),
        _bib,
    ),
    Kind.TIMING: PersonFile(
        ("bib_number", "first_name", "last_name", "gender", "date_of_birth", "age", "category", "distance"),
        (Participant.full_name, Participant.gender, Participant.date_of_birth, _CATEGORY, RaceCategory.distance),
        _timing,
    ),
    Kind.INSURANCE: PersonFile(
        (
            *("bib_number", "full_name", "date_of_birth", "gender", "identity_number"),
            *("emergency_contact_name", "emergency_contact_phone"),
        ),
        (
            *(Participant.full_name, Participant.date_of_birth, Participant.gender, Participant.identity_number),
            *(Participant.emergency_contact_name, Participant.emergency_contact_phone),
        ),
        _insurance,
    ),
}


def header_of(kind: Kind) -> Sequence[str]:
    """Return the names of a file's columns."""
    if kind is Kind.PARTICIPANTS:
        return [name for name, _ in EXPORT_COLUMNS]
    return jerseys.HEADER if kind is Kind.JERSEYS else PERSON_FILES[kind].header


def rows_of(database: Database, wanted: Wanted) -> Batches:
    """Yield the rows of an export in batches; each batch is read when it is asked for."""
    request = wanted.request
    if request.kind is Kind.PARTICIPANTS:
        return queries.export(
            database, Filter(request.event_id, request.category_id, request.status, ids=request.registration_ids)
        )
    if request.kind is Kind.JERSEYS:
        return jerseys.jersey_rows(database, wanted)
    return _people(database, wanted, PERSON_FILES[request.kind])


async def _people(database: Database, wanted: Wanted, file: PersonFile) -> Batches:
    async for page in confirmed(database, wanted, file.columns):
        yield [file.cells(wanted, row) for row in page]


def file_stream(kind: Kind, file_format: FileFormat, batches: Batches) -> AsyncIterator[bytes]:
    """Yield the bytes of a file with these rows, piece by piece."""
    if file_format is FileFormat.CSV:
        return csv_stream(header_of(kind), batches)
    return xlsx_stream(header_of(kind), batches, sheet=SHEETS[kind])


class CountedRows:
    """Rows of an export that are counted while they are read."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self.rows = 0

    async def batches(self) -> Batches:
        """Yield the batches."""
        async for batch in self._batches:
            self.rows += len(batch)
            yield batch
