"""The day of a race as a calendar file: RFC 5545, https://www.rfc-editor.org/rfc/rfc5545."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

_LONGEST_LINE: Final = 75  # octets, without the line break; §3.1
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class RaceDay:
    """An entry of a calendar for the whole day of a race.

    Attributes:
        uid: the same for every file of the same registration, so that a calendar replaces the entry.
        stamp: when the file is made.
        url: of the registration's page.
    """

    uid: str
    stamp: datetime
    day: date
    summary: str
    location: str
    description: str
    url: str


def calendar_file(race: RaceDay) -> bytes:
    """Return the file. A day without a time has no zone: it is the day where the race is."""
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Startline//Race day//EN",
        "CALSCALE:GREGORIAN",
        "BEGIN:VEVENT",
        f"UID:{race.uid}",
        f"DTSTAMP:{race.stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{race.day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{race.day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_escaped(race.summary)}",
        f"LOCATION:{_escaped(race.location)}",
        f"DESCRIPTION:{_escaped(race.description)}",
        f"URL:{race.url}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line)).encode()


def _escaped(text: str) -> str:
    """Return a value of type TEXT, §3.3.11."""
    unix = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for special in ("\\", ";", ","):
        unix = unix.replace(special, f"\\{special}")
    return unix.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Split a line, between characters; every part but the first begins with the space that §3.1 wants."""
    part = ""
    for character in line:
        if len((part + character).encode()) > _LONGEST_LINE:
            yield part
            part = " "
        part += character
    yield part
