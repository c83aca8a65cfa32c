"""Routes for files that are sent at once: participants, and what vendors need."""

from typing import Annotated, Any, Final

from chassis.web.downloads import CsvFile, DownloadRunning, XlsxFile
from chassis.web.problems import errors
from chassis.web.routing import Router

from registration.catalog.errors import UnknownCategory, UnknownEvent
from registration.exports import direct
from registration.exports.direct import Table
from registration.exports.rules import FileFormat, Kind

router = Router(tags=["exports"])

_REFUSALS: Final[dict[str, Any]] = {"responses": errors(UnknownEvent, UnknownCategory, DownloadRunning)}
_CSV: Final[dict[str, Any]] = {"response_class": CsvFile, **_REFUSALS}
_XLSX: Final[dict[str, Any]] = {"response_class": XlsxFile, **_REFUSALS}


@router.get("/participants.csv", response_class=CsvFile, responses=errors(DownloadRunning))
async def participants_as_csv(table: Annotated[Table, direct.participants(FileFormat.CSV)]) -> CsvFile:
    """Return all participants as CSV, for programs: spreadsheets round long numbers in it."""
    return table.as_csv()


@router.get("/participants.xlsx", response_class=XlsxFile, responses=errors(DownloadRunning))
async def participants_as_xlsx(table: Annotated[Table, direct.participants(FileFormat.XLSX)]) -> XlsxFile:
    """Return all participants as XLSX, for spreadsheets: identifiers are text, dates are dates."""
    return table.as_xlsx()


@router.get("/exports/jerseys.csv", **_CSV)
async def jerseys_as_csv(table: Annotated[Table, direct.jerseys(FileFormat.CSV)]) -> CsvFile:
    """Return the jerseys to order as CSV, with the difference since an earlier export."""
    return table.as_csv()


@router.get("/exports/jerseys.xlsx", **_XLSX)
async def jerseys_as_xlsx(table: Annotated[Table, direct.jerseys(FileFormat.XLSX)]) -> XlsxFile:
    """Return the jerseys to order as XLSX, with the difference since an earlier export."""
    return table.as_xlsx()


@router.get("/exports/bibs.csv", **_CSV)
async def bibs_as_csv(table: Annotated[Table, direct.people(Kind.BIBS, FileFormat.CSV)]) -> CsvFile:
    """Return what is printed on BIBs as CSV. The ticket code is a secret of the runner's."""
    return table.as_csv()


@router.get("/exports/bibs.xlsx", **_XLSX)
async def bibs_as_xlsx(table: Annotated[Table, direct.people(Kind.BIBS, FileFormat.XLSX)]) -> XlsxFile:
    """Return what is printed on BIBs as XLSX. The ticket code is a secret of the runner's."""
    return table.as_xlsx()


@router.get("/exports/timing.csv", **_CSV)
async def timing_as_csv(table: Annotated[Table, direct.people(Kind.TIMING, FileFormat.CSV)]) -> CsvFile:
    """Return the start list for timing as CSV, with the age on race day."""
    return table.as_csv()


@router.get("/exports/timing.xlsx", **_XLSX)
async def timing_as_xlsx(table: Annotated[Table, direct.people(Kind.TIMING, FileFormat.XLSX)]) -> XlsxFile:
    """Return the start list for timing as XLSX, with the age on race day."""
    return table.as_xlsx()


@router.get("/exports/insurance.csv", **_CSV)
async def insurance_as_csv(table: Annotated[Table, direct.people(Kind.INSURANCE, FileFormat.CSV)]) -> CsvFile:
    """Return the people to insure as CSV."""
    return table.as_csv()


@router.get("/exports/insurance.xlsx", **_XLSX)
async def insurance_as_xlsx(table: Annotated[Table, direct.people(Kind.INSURANCE, FileFormat.XLSX)]) -> XlsxFile:
    """Return the people to insure as XLSX."""
    return table.as_xlsx()
