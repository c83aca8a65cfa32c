"""XLSX, read back by openpyxl: types, looks, odd characters, many rows in little memory."""

import asyncio
import gc
import io
import threading
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from chassis.spreadsheets import markup, workbook
from chassis.spreadsheets.workbook import Workbook, xlsx_stream
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

Rows = Sequence[Sequence[Any]]


def _file(header: Sequence[str], *batches: Rows, rows_per_sheet: int = workbook.SHEET_ROWS) -> bytes:
    book = Workbook(header, sheet="Peserta", rows_per_sheet=rows_per_sheet)
    return b"".join([book.take(), *(book.add(rows) for rows in batches), book.close()])


def _sheets(content: bytes) -> list[Worksheet]:
    found: list[Worksheet] = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    return found


def _cell(value: Any) -> Any:
    [sheet] = _sheets(_file(["value"], [[value]]))
    return sheet["A2"]


@pytest.mark.parametrize("text", ["3174091502900017", "081298765432", "=1+1", "1990-01-31", "TRUE", "007", "1e5"])
def test_text_is_text_whatever_it_looks_like(text: str) -> None:
    cell = _cell(text)
    assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")


@pytest.mark.parametrize(
    ("value", "format_code"),
    [(0, "General"), (101, "General"), (-5, "General"), (10**15 - 1, "General"), (Decimal("-150000.50"), "#,##0.00")],
)
def test_numbers_are_numbers(value: Any, format_code: str) -> None:
    cell = _cell(value)
    assert (cell.value, cell.data_type, cell.number_format) == (value, "n", format_code)


@pytest.mark.parametrize(
    "value", [10**15, 3174091502900017, Decimal("12345678901234.56"), Decimal("0.1234567890123456"), Decimal("NaN")]
)
def test_a_number_that_a_spreadsheet_would_round_is_text(value: Any) -> None:
    cell = _cell(value)
    assert (cell.value, cell.data_type) == (str(value), "s")


@pytest.mark.parametrize("value", [True, False])
def test_yes_and_no_are_booleans(value: bool) -> None:
    cell = _cell(value)
    assert (cell.value, cell.data_type) == (value, "b")


@pytest.mark.parametrize("day", [date(1900, 3, 1), date(1990, 1, 31), date(2028, 2, 29), date(9999, 12, 31)])
def test_days_are_dates(day: date) -> None:
    cell = _cell(day)
    assert (cell.is_date, cell.value) == (True, datetime(day.year, day.month, day.day))  # noqa: DTZ001  # as read


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(1900, 2, 28), date(1, 1, 1)])
def test_a_day_that_spreadsheets_do_not_agree_on_is_text(day: date) -> None:
    cell = _cell(day)
    assert (cell.value, cell.data_type) == (day.isoformat(), "s")


@pytest.mark.parametrize("hours", [-12, -3, 7, 8, 9, 14])
def test_a_moment_is_a_date_with_the_time_and_the_offset_of_its_zone(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    moment = datetime(2026, 3, 1, 6, 59, 59, 123000, tzinfo=zone)
    cell = _cell(moment)
    assert cell.is_date
    assert cell.value.replace(tzinfo=zone) == moment
    assert f"{hours:+03d}:00" in cell.number_format


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(hours=5, minutes=45), timedelta(hours=-3, minutes=-30)])
def test_a_moment_whose_offset_is_of_no_whole_hours_is_in_utc(offset: timedelta) -> None:
    moment = datetime(2026, 3, 1, 6, 59, 59, 123000, tzinfo=timezone(offset))
    cell = _cell(moment)
    assert cell.value.replace(tzinfo=UTC) == moment
    assert "UTC" in cell.number_format


def test_moments_of_several_zones_stand_in_one_sheet() -> None:
    moments = [datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=hours))) for hours in (7, 9)]
    [sheet] = _sheets(_file(["at"], [[each] for each in moments]))
    assert [cell.value.hour for cell in sheet["A"][1:]] == [12, 12]
    assert ["+07:00" in sheet["A2"].number_format, "+09:00" in sheet["A3"].number_format] == [True, True]


def test_nothing_is_an_empty_cell() -> None:
    [sheet] = _sheets(_file(["a", "b", "c"], [[None, "", "x"]]))
    assert [cell.value for cell in sheet[2]] == [None, None, "x"]


@pytest.mark.parametrize(
    "text",
    [
        *("\x01\x08\x0b\x1f", "a\rb\r\nc", "_x000D_", "_x005F_x000D_", "\ufffe\uffff", "<b>&amp;</b>", "]]>", "\"'"),
        *("  two  ", "\tx\n", "\u00a0x", "\U0001f3c3\u200d\u2642\ufe0f", "\x7f\x85"),
    ],
)
def test_any_character_comes_back(text: str) -> None:
    assert unescape(_cell(text).value) == text


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_text_comes_back(text: str) -> None:
    assert unescape(_cell(text).value) == text


def test_outer_spaces_are_marked_as_meant() -> None:
    content = zipfile.ZipFile(io.BytesIO(_file(["a", "b"], [[" x", "x"]]))).read("xl/worksheets/sheet1.xml")
    texts = [each for each in ET.fromstring(content).iter() if each.tag.endswith("}t")]
    assert [each.get("{http://www.w3.org/XML/1998/namespace}space") for each in texts] == [None, None, "preserve", None]


@pytest.mark.parametrize("text", ["x" * 40_000, "\U0001f3c3" * 20_000])
def test_a_text_longer_than_a_cell_is_cut_where_the_cell_ends(text: str) -> None:
    found = _cell(text).value
    assert text.startswith(found)
    assert 32_766 <= len(found.encode("utf-16-le")) // 2 <= 32_767


def test_a_sheet_is_ready_to_be_worked_with() -> None:
    [sheet] = _sheets(_file(["bib", "full_name", "notes"], [[1, "Budi Santoso Wijaya", "x" * 200]]))
    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == ("Peserta", "A2", "A1:C2")
    assert [cell.font.b for cell in sheet[1]] == [True, True, True]
    assert [sheet.column_dimensions[letter].width for letter in "ABC"] == [8, 21, 50]


def test_a_table_without_rows_still_has_its_header() -> None:
    [sheet] = _sheets(_file(["bib", "full_name"]))
    assert [cell.value for cell in sheet[1]] == ["bib", "full_name"]
    assert sheet.max_row == 1


def test_columns_have_the_names_of_spreadsheets() -> None:
    names = markup.letters(703)
    assert [names[at] for at in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]


@pytest.mark.parametrize("batch", [1, 3, 4, 9, 100])
def test_rows_that_a_sheet_has_no_room_for_go_on_the_next(batch: int) -> None:
    rows = [[number] for number in range(20)]
    sheets = _sheets(_file(["n"], *(rows[at : at + batch] for at in range(0, 20, batch)), rows_per_sheet=10))
    assert [sheet.title for sheet in sheets] == ["Peserta", "Peserta 2", "Peserta 3"]
    assert [sheet.max_row for sheet in sheets] == [10, 10, 3]
    assert [sheet.freeze_panes for sheet in sheets] == ["A2"] * 3
    found = [row[0] for sheet in sheets for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert found == list(range(20))


def test_a_sheet_ends_before_its_size_needs_fields_that_excel_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_SHEET_BYTES", 10_000)
    batches = [[["x" * 1_000]] * 4] * 6
    content = _file(["text"], *batches)
    sizes = [each.file_size for each in zipfile.ZipFile(io.BytesIO(content)).infolist() if "sheet" in each.filename]
    assert max(sizes) < 20_000
    assert sum(sheet.max_row - 1 for sheet in _sheets(content)) == 24


def test_no_part_of_the_file_has_large_fields_and_all_are_whole() -> None:
    archive = zipfile.ZipFile(io.BytesIO(_file(["n"], [[1]])))
    assert archive.testzip() is None
    assert {each.extract_version for each in archive.infolist()} == {20}  # 45 would be ZIP64


async def _numbered(batches: int) -> AsyncIterator[Rows]:
    for batch in range(batches):
        yield [[f"T10K-{batch * 1000 + number:06}", f"{(batch + number) * 2**61 % 10**17:x}"] for number in range(1000)]


async def test_the_first_bytes_leave_before_the_first_row_is_read() -> None:
    async def never() -> AsyncIterator[Rows]:
        await asyncio.Event().wait()
        yield []

    stream = xlsx_stream(["a"], never(), sheet="Peserta")
    assert (await asyncio.wait_for(anext(stream), 5)).startswith(b"PK\x03\x04")


async def _peak(batches: int) -> int:
    """The memory that a file of so many thousand rows takes at most."""
    gc.collect()
    tracemalloc.start()
    async for _ in xlsx_stream(["number", "name"], _numbered(batches), sheet="Peserta"):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


async def test_memory_does_not_grow_with_the_rows() -> None:
    few, many = await _peak(5), await _peak(80)
    assert few < 5_000_000
    assert many - few < 500_000  # the file of many has a megabyte more


async def test_rows_become_cells_beside_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set()
    row = markup.row

    def noting(*args: Any) -> str:
        threads.add(threading.get_ident())
        return row(*args)

    monkeypatch.setattr(markup, "row", noting)
    async for _ in xlsx_stream(["number", "name"], _numbered(2), sheet="Peserta"):
        pass
    assert threads
    assert threading.get_ident() not in threads


async def test_a_file_that_is_not_fetched_to_its_end_leaves_nothing_behind() -> None:
    stream = xlsx_stream(["number", "name"], _numbered(10), sheet="Peserta")
    for _ in range(3):
        await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
    del stream
    gc.collect()  # what could not be ended would say so here, and warnings are errors
