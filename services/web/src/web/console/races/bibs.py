"""BIB ranges of a race's categories, drawn on one scale, and where they overlap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from web.console.races.upstream import Category

WIDTH: Final = 1000
"""Of a drawing, in its own units."""

_ROUND: Final = 1000
_THINNEST: Final = 4


@dataclass(frozen=True)
class BibRange:
    """The numbers of a category, both ends included.

    Attributes:
        burned: how many are never given again, as their runners were cancelled.
    """

    name: str
    first: int
    last: int
    burned: int = 0

    @property
    def size(self) -> int:
        """Return how many numbers there are."""
        return self.last - self.first + 1

    @classmethod
    def of(cls, category: Category, burned: Mapping[UUID, int]) -> Self:
        """Return the range of a category, with its burned numbers if they are known."""
        return cls(category.name, category.bib_start_number, category.bib_end_number, burned.get(category.id, 0))


@dataclass(frozen=True)
class Overlap:
    """Numbers that two ranges have in common."""

    one: BibRange
    other: BibRange
    first: int
    last: int


@dataclass(frozen=True)
class Bar:
    """A part of a drawing, in its units."""

    x: int
    width: int


@dataclass(frozen=True)
class Drawing:
    """Ranges on a scale that begins with the lowest number and ends with the highest."""

    ranges: Sequence[BibRange]

    @property
    def has_burned(self) -> bool:
        """Return whether a range has numbers that are never given again."""
        return any(each.burned for each in self.ranges)

    @property
    def overlaps(self) -> Sequence[Overlap]:
        """Return what pairs of ranges have in common."""
        pairs = ((one, other) for at, one in enumerate(self.ranges) for other in self.ranges[at + 1 :])
        found = [Overlap(one, other, max(one.first, other.first), min(one.last, other.last)) for one, other in pairs]
        return [each for each in found if each.first <= each.last]

    @property
    def rows(self) -> Sequence[tuple[BibRange, Bar, Sequence[Bar]]]:
        """Return each range with its bar, and the bars of what it shares with others."""
        shared = self.overlaps
        return [
            (
                each,
                self._bar(each.first, each.last),
                [self._bar(o.first, o.last) for o in shared if each in (o.one, o.other)],
            )
            for each in self.ranges
        ]

    def _bar(self, first: int, last: int) -> Bar:
        lowest, highest = min(each.first for each in self.ranges), max(each.last for each in self.ranges)
        unit = WIDTH / (highest - lowest + 1)
        width = max(_THINNEST, round((last - first + 1) * unit))
        return Bar(min(round((first - lowest) * unit), WIDTH - width), width)


def drawing_of(categories: Sequence[Category], burned: Mapping[UUID, int]) -> Drawing:
    """Return the drawing of categories, the lowest numbers first.

    Args:
        burned: numbers that are never given again, by category.
    """
    return _in_order([BibRange.of(each, burned) for each in categories])


def drawing_with(others: Sequence[Category], own: BibRange | None, burned: Mapping[UUID, int]) -> Drawing:
    """Return the drawing of other categories and a range that is being typed, if it is one."""
    ranges = [BibRange.of(each, burned) for each in others]
    return _in_order(ranges if own is None else [*ranges, own])


def _in_order(ranges: Sequence[BibRange]) -> Drawing:
    return Drawing(sorted(ranges, key=lambda each: (each.first, each.last)))


def next_start(categories: Sequence[Category]) -> int:
    """Return a first number for another category: the thousand after the highest number, plus one."""
    highest = max((each.bib_end_number for each in categories), default=0)
    return -(-highest // _ROUND) * _ROUND + 1
