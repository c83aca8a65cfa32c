"""The XML parts of an XLSX file: cells, sheets, styles and the relations between them (ECMA-376, part 1)."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import quoteattr

_GENERAL, _TEXT, _DATE, _MOMENT, _MONEY, _HEADER = range(6)
_START: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"

_OFFSETS: Final = {hours: _HEADER + at for at, hours in enumerate((*range(-12, 0), *range(1, 15)), start=1)}
"""Styles of moments by the offset of their zone from UTC, in hours; other moments are shown in UTC."""

_FORMATS: Final = {
    # style: number format (numbers below 164 are Excel's own), font
    _GENERAL: (0, 0),
    _TEXT: (49, 0),
    _DATE: (164, 0),
    _MOMENT: (165, 0),
    _MONEY: (4, 0),
    _HEADER: (49, 1),
    **{style: (160 + style, 0) for style in _OFFSETS.values()},
}


def _moments(number: int, zone: str) -> str:
    """Return the number format of moments in a zone, which a cell does not have."""
    return f'<numFmt numFmtId="{number}" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss\\ &quot;{zone}&quot;"/>'


STYLES: Final = (
    f'{_START}<styleSheet xmlns="{_MAIN}">'
    f'<numFmts count="{2 + len(_OFFSETS)}"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>{_moments(165, "UTC")}'
    + "".join(_moments(_FORMATS[style][0], f"{hours:+03d}:00") for hours, style in _OFFSETS.items())
    + "</numFmts>"
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    f'<cellXfs count="{len(_FORMATS)}">'
    + "".join(
        f'<xf numFmtId="{number_format}" fontId="{font}" fillId="0" borderId="0" xfId="0"'
        ' applyNumberFormat="1" applyFont="1"/>'
        for number_format, font in _FORMATS.values()
    )
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
"""The styles of cells. In a cell of format text (49, `@`) digits stay text when they are edited."""

_LEAST_WIDTH, _MOST_WIDTH = 8, 50
_EXACT_DIGITS: Final = 15
_LONGEST_TEXT: Final = 32_767
# Before this day Excel's calendar is one day off, as it has a 29 February 1900.
_FIRST_DAY: Final = date(1900, 3, 1)
_DAY_ZERO: Final = date(1899, 12, 30).toordinal()
_DAY_SECONDS: Final = 86_400
# Characters that XML forbids or changes (a carriage return), and text that looks like an escape sequence (`_x000D_`).
_ESCAPED: Final = re.compile(r"[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def letters(columns: int) -> list[str]:
    """Return the names of the first columns: A to Z, AA, AB …"""
    return [_letters(column) for column in range(columns)]


def _letters(column: int) -> str:
    more, last = divmod(column, 26)
    return (_letters(more - 1) if more else "") + chr(ord("A") + last)


def widths(rows: Sequence[Sequence[Any]]) -> list[int]:
    """Return the width of each column in characters, from its longest cell, within bounds."""
    longest = [max(len(_shown(cell)) for cell in column) for column in zip(*rows, strict=True)]
    return [min(max(each + 2, _LEAST_WIDTH), _MOST_WIDTH) for each in longest]


def _shown(cell: Any) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S} +00:00"
    return "" if cell is None else str(cell)


def row(number: int, columns: Sequence[str], cells: Sequence[Any]) -> str:
    """Return a row. Empty cells are left out."""
    inside = [
        _cell(f'<c r="{letter}{number}"', value)
        for letter, value in zip(columns, cells, strict=True)
        if value is not None and value != ""
    ]
    return f'<row r="{number}">{"".join(inside)}</row>'


def header_row(columns: Sequence[str], header: Sequence[str]) -> str:
    """Return the first row, which names the columns."""
    inside = (_text(f'<c r="{letter}1"', name, style=_HEADER) for letter, name in zip(columns, header, strict=True))
    return f'<row r="1">{"".join(inside)}</row>'


def _cell(start: str, value: Any) -> str:
    if isinstance(value, str):
        return _text(start, value)
    if isinstance(value, bool):
        return f'{start} t="b"><v>{value:d}</v></c>'
    if isinstance(value, int | Decimal):
        return _number(start, value)
    if isinstance(value, date):
        return _date(start, value)
    return _text(start, str(value))


def _text(start: str, value: str, *, style: int = _TEXT) -> str:
    if len(value) > _LONGEST_TEXT // 2:
        value = _cut(value)
    escaped = _ESCAPED.sub(_escape, value)
    space = "" if escaped.strip() == escaped else ' xml:space="preserve"'
    return f'{start} s="{style}" t="inlineStr"><is><t{space}>{escaped}</t></is></c>'


def _cut(value: str) -> str:
    """Return as much of the text as a cell may hold, counted in UTF-16: a file with more is reported as damaged."""
    return value.encode("utf-16-le", "surrogatepass")[: 2 * _LONGEST_TEXT].decode("utf-16-le", "ignore")


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    return _ENTITIES.get(char) or f"_x{ord(char):04X}_"


def _number(start: str, value: int | Decimal) -> str:
    """Return a number, or text if a spreadsheet would round it: spreadsheets calculate with 15 digits."""
    if not _is_exact(value):
        return _text(start, str(value))
    style = _MONEY if isinstance(value, Decimal) else _GENERAL
    return f'{start} s="{style}"><v>{value:f}</v></c>' if style else f"{start}><v>{value}</v></c>"


def _is_exact(value: int | Decimal) -> bool:
    if isinstance(value, int):
        return abs(value) < 10**_EXACT_DIGITS
    return value.is_finite() and len(value.normalize().as_tuple().digits) <= _EXACT_DIGITS


def _date(start: str, value: date) -> str:
    if isinstance(value, datetime):
        style, value = _local(value)
        if value.date() >= _FIRST_DAY:
            return f'{start} s="{style}"><v>{_days(value) + _part_of_day(value):.9f}</v></c>'
    elif value >= _FIRST_DAY:
        return f'{start} s="{_DATE}"><v>{_days(value)}</v></c>'
    return _text(start, value.isoformat())


def _local(moment: datetime) -> tuple[int, datetime]:
    """Return the style of a moment, and the moment as its zone has it; in UTC unless the offset is of whole hours."""
    hours, rest = divmod(moment.utcoffset() or timedelta(), timedelta(hours=1))
    if rest or hours not in _OFFSETS:
        return _MOMENT, moment.astimezone(UTC)
    return _OFFSETS[hours], moment


def _days(day: date) -> int:
    return day.toordinal() - _DAY_ZERO


def _part_of_day(moment: datetime) -> float:
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1_000_000
    return seconds / _DAY_SECONDS


def sheet_path(number: int) -> str:
    """Return the sheet's name in the archive."""
    return f"xl/worksheets/sheet{number}.xml"


def sheet_start(widths: Sequence[int]) -> str:
    """Return the markup before the rows: the frozen first row and the widths of the columns."""
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(widths, start=1)
    )
    return (
        f'{_START}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        f'<selection pane="bottomLeft"/></sheetView></sheetViews><cols>{columns}</cols><sheetData>'
    )


def sheet_end(area: str) -> str:
    """Return the markup after the rows: a filter, and no warnings about digits stored as text."""
    return (
        f'</sheetData><autoFilter ref="{area}"/>'
        f'<ignoredErrors><ignoredError sqref="{area}" numberStoredAsText="1"/></ignoredErrors></worksheet>'
    )


def package(title: str, sheets: int) -> Iterator[tuple[str, str]]:
    """Yield the names and contents of the parts that describe the others."""
    numbers = range(1, sheets + 1)
    yield "xl/workbook.xml", _workbook(title, numbers)
    yield (
        "xl/_rels/workbook.xml.rels",
        _relations(
            *((f"rId{number}", "worksheet", sheet_path(number).removeprefix("xl/")) for number in numbers),
            ("styles", "styles", "styles.xml"),
        ),
    )
    yield "_rels/.rels", _relations(("workbook", "officeDocument", "xl/workbook.xml"))
    yield "[Content_Types].xml", _content_types(numbers)


def _workbook(title: str, numbers: Sequence[int]) -> str:
    names = [title, *(f"{title} {number}" for number in numbers[1:])]
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="rId{number}"/>'
        for number, name in zip(numbers, names, strict=True)
    )
    return f'{_START}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>'


def _relations(*found: tuple[str, str, str]) -> str:
    inside = "".join(
        f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{target}"/>' for name, kind, target in found
    )
    return f'{_START}<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def _content_types(numbers: Sequence[int]) -> str:
    parts = [
        ("xl/workbook.xml", "sheet.main"),
        ("xl/styles.xml", "styles"),
        *((sheet_path(number), "worksheet") for number in numbers),
    ]
    overrides = "".join(f'<Override PartName="/{path}" ContentType="{_TYPE}.{kind}+xml"/>' for path, kind in parts)
    return (
        f'{_START}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    )
