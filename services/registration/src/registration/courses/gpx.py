"""Reading a course from a GPX file, and writing it with its lines and heights only.

What a watch records besides, such as times and the heart rate of the person who wore it, is left out. So is everything
else that a file may have, so that no foreign content is served from this platform.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from chassis.errors import InvalidFields
from chassis.wording import Wording

from registration.courses.rules import MAX_POINTS, Point, Track

NOT_GPX: Final = Wording(
    en="This is not a GPX file. Export the course as GPX, for instance from Strava or from a watch.",
    id="Ini bukan berkas GPX. Ekspor rutenya sebagai GPX, misalnya dari Strava atau jam tangan.",
)
NO_LINE: Final = Wording(
    en="This file has no course: it needs a track or a route of at least two points.",
    id="Berkas ini tidak berisi rute: perlu satu lintasan atau rute dengan paling sedikit dua titik.",
)
TOO_MANY_POINTS: Final = Wording(
    en=f"The course has more than {MAX_POINTS} points. Save it with fewer.",
    id=f"Rutenya lebih dari {MAX_POINTS} titik. Simpan dengan lebih sedikit titik.",
)

_DEEPEST: Final = 50
_LONGEST_TEXT: Final = 200
_LONGEST_NAME: Final = 100
_POINTS: Final = frozenset({"trkpt", "rtept"})
_TEXTS: Final = frozenset({"ele", "name"})
_HEIGHTS: Final = (-500.0, 9000.0)


class _Unreadable(Exception):
    """The file is refused, with words for the person who sent it."""

    def __init__(self, wording: Wording) -> None:
        super().__init__(wording.en)
        self.wording = wording


@dataclass
class _Line:
    """A track or route that is being read."""

    name: str = ""
    segments: list[list[Point]] = field(default_factory=lambda: [[]])


class _Reader:
    """Collects the lines of a file while it is parsed. `lines` are tracks and routes by the name of their element."""

    def __init__(self) -> None:
        self.lines: dict[str, list[_Line]] = {"trk": [], "rte": []}
        self._path: list[str] = []
        self._line: _Line | None = None
        self._text: str | None = None
        self._points = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        name, depth = tag.rpartition(" ")[2], len(self._path)
        if depth >= _DEEPEST or (depth == 0 and name != "gpx"):
            raise _Unreadable(NOT_GPX)
        self._path.append(name)
        if depth == 1 and name in self.lines:
            self._line = _Line()
            self.lines[name].append(self._line)
        elif self._line is not None:
            self._start_within(self._line, name, attributes)

    def _start_within(self, line: _Line, name: str, attributes: Mapping[str, str]) -> None:
        if name in _POINTS:
            self._points += 1
            if self._points > MAX_POINTS:
                raise _Unreadable(TOO_MANY_POINTS)
            line.segments[-1].append(_point(attributes))
        elif name == "trkseg":
            line.segments.append([])
        elif name in _TEXTS:
            self._text = ""

    def text(self, text: str) -> None:
        """Take a part of a text."""
        if self._text is not None and len(self._text) < _LONGEST_TEXT:
            self._text += text

    def end(self, _: str) -> None:
        """End an element: the height of a point, or the name of a line, or a line."""
        name = self._path.pop()
        if self._line is not None and self._text is not None and name in _TEXTS:
            self._take(self._line, name, self._text)
            self._text = None
        if len(self._path) == 1:
            self._line = None

    def _take(self, line: _Line, name: str, text: str) -> None:
        parent = self._path[-1]
        if name == "ele" and parent in _POINTS:
            points = line.segments[-1]
            points[-1] = points[-1]._replace(height=_height(text))
        elif name == "name" and parent in self.lines:
            line.name = " ".join(text.split())[:_LONGEST_NAME]


def read_tracks(file: bytes) -> Sequence[Track]:
    """Return the tracks of a file; its routes if it has none.

    Raises:
        InvalidFields: it is not GPX, or has no line.
    """
    reader = _Reader()
    try:
        _parser(reader).Parse(file, True)
    except _Unreadable as error:
        raise InvalidFields(("file", error.wording)) from None
    except (expat.ExpatError, ValueError, LookupError):  # the last two: of an unknown encoding
        raise InvalidFields(("file", NOT_GPX)) from None
    for kind in ("trk", "rte"):
        tracks = [Track(each.name, [points for points in each.segments if points]) for each in reader.lines[kind]]
        if any(len(points) > 1 for track in tracks for points in track.segments):
            return [track for track in tracks if track.segments]
    raise InvalidFields(("file", NO_LINE))


def _parser(reader: _Reader) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse  # with it go all entities, of which a few bytes may become gigabytes
    return parser


def _refuse(*_: object) -> None:
    raise _Unreadable(NOT_GPX)


def _point(attributes: Mapping[str, str]) -> Point:
    latitude, longitude = _number(attributes.get("lat", "")), _number(attributes.get("lon", ""))
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:  # noqa: PLR2004
        raise _Unreadable(NOT_GPX)
    return Point(latitude, longitude)


def _height(text: str) -> float | None:
    found = _number(text)
    return found if found is not None and _HEIGHTS[0] <= found <= _HEIGHTS[1] else None


def _number(text: str) -> float | None:
    """Return a number; None if it is none, or not a finite one."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None


def written(tracks: Sequence[Track]) -> bytes:
    """Return a GPX file with these tracks: degrees with six decimals, which are 11 cm, and heights with one."""
    lines = "".join(_written_track(each) for each in tracks)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Startline"'
    return f'{head} xmlns="http://www.topografix.com/GPX/1/1">\n{lines}</gpx>\n'.encode()


def _written_track(track: Track) -> str:
    name = f"<name>{escape(track.name)}</name>" if track.name else ""
    segments = "".join(
        f"<trkseg>\n{''.join(_written_point(each) for each in points)}</trkseg>\n" for points in track.segments
    )
    return f"<trk>{name}{segments}</trk>\n"


def _written_point(point: Point) -> str:
    height = "" if point.height is None else f"<ele>{point.height:.1f}</ele>"
    return f'<trkpt lat="{point.latitude:.6f}" lon="{point.longitude:.6f}">{height}</trkpt>\n'
