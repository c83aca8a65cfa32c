"""The line of a course and its length."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import Final, NamedTuple

MAX_POINTS: Final = 50_000
"""Of a course: a marathon recorded every second has 20,000."""

_EARTH_METERS: Final = 6_371_008.8
"""The mean radius."""


class Point(NamedTuple):
    """A point: degrees of latitude and longitude, and meters above the sea if they are known."""

    latitude: float
    longitude: float
    height: float | None = None


@dataclass(frozen=True)
class Track:
    """One line, in segments between which nothing was recorded. The name may be empty."""

    name: str
    segments: Sequence[Sequence[Point]]

    @property
    def meters(self) -> float:
        """Return its length."""
        pairs = ((one, other) for points in self.segments for one, other in pairwise(points))
        return sum(distance(one, other) for one, other in pairs)


def distance(one: Point, other: Point) -> float:
    """Return the meters between two points on a sphere, within 0.5 %."""
    north, south = radians(one.latitude), radians(other.latitude)
    up, along = (north - south) / 2, radians(one.longitude - other.longitude) / 2
    share = sin(up) ** 2 + cos(north) * cos(south) * sin(along) ** 2
    return 2 * _EARTH_METERS * asin(min(1.0, sqrt(share)))


def length(tracks: Sequence[Track]) -> int:
    """Return the meters of the longest track: a file may have a line for each distance of the event."""
    return round(max((each.meters for each in tracks), default=0.0))
