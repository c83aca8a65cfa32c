"""The calendar file, against the rules of RFC 5545."""

from datetime import UTC, date, datetime

import pytest
from web.tickets.calendar import RaceDay, calendar_file

HARD = "Lari; \\Bersama, “Nusantara” — 世界 🏃\r\nGerbang 5\rdan 6\n" + "Jalan Jenderal Sudirman " * 9 + "\x00\x07"


def race_day(text: str = HARD) -> RaceDay:
    return RaceDay(
        uid="0190c0de@lari.example",
        stamp=datetime(2027, 1, 4, 3, 0, tzinfo=UTC),
        day=date(2027, 12, 31),
        summary=text,
        location=text,
        description=text,
        url="https://lari.example/r/FR5K-2027-00001",
    )


def _unfolded(file: bytes) -> list[str]:
    """Read a file as §3.1 says."""
    return file.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def _value(file: bytes, name: str) -> str:
    [line] = [each for each in _unfolded(file) if each.partition(":")[0] == name]
    return line.partition(":")[2]


def _unescaped(text: str) -> str:
    """Read a TEXT as §3.3.11 says; fail for what must have been escaped."""
    found, characters = "", iter(text)
    for each in characters:
        assert each not in ";,"
        found += {"n": "\n"}.get(after := next(characters), after) if each == "\\" else each
    return found


def test_lines_end_with_crlf_and_have_at_most_75_octets() -> None:
    file = calendar_file(race_day())
    assert file.endswith(b"END:VCALENDAR\r\n")
    lines = file.split(b"\r\n")
    assert max(map(len, lines)) == 75
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    for line in lines:
        line.decode()  # no character is split


@pytest.mark.parametrize("name", ["SUMMARY", "LOCATION", "DESCRIPTION"])
def test_texts_are_read_back_as_they_were_written(name: str) -> None:
    expected = HARD.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\x00\x07")
    assert _unescaped(_value(calendar_file(race_day()), name)) == expected


def test_a_day_is_a_day_wherever_it_is_read() -> None:
    file = calendar_file(race_day("Lari"))
    assert _value(file, "DTSTART;VALUE=DATE") == "20271231"
    assert _value(file, "DTEND;VALUE=DATE") == "20280101"  # not included, §3.6.1
    assert _value(file, "DTSTAMP") == "20270104T030000Z"


def test_no_text_can_add_a_line() -> None:
    names = [line.partition(":")[0] for line in _unfolded(calendar_file(race_day("x\r\nATTENDEE:mailto:a@b\r\n y")))]
    assert names == [line.partition(":")[0] for line in _unfolded(calendar_file(race_day("x")))]
    assert "ATTENDEE" not in names
