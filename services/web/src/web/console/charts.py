"""Charts as plain numbers: where the marks of an SVG stand. Templates draw them, without scripts or styles.

Positions across are percentages of the width, so that text keeps its size on every screen; positions down are pixels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count, pairwise
from typing import Final

_WHOLE: Final = 100.0
_GAP: Final = 0.24
_THINNEST: Final = 1.5
_DIGITS: Final = 3


@dataclass(frozen=True)
class Tick:
    """A line of the grid with its value."""

    value: int
    y: float


@dataclass(frozen=True)
class Bar:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Group:
    """The bars of one moment side by side, and the slot that they stand in."""

    bars: Sequence[Bar]
    slot: Bar

    @property
    def middle(self) -> float:
        """Return the middle of the slot, where its label stands."""
        return _rounded(self.slot.x + self.slot.width / 2)


@dataclass(frozen=True)
class ColumnChart:
    """Columns over time. Its view box is 100 percent wide and `height` pixels high."""

    height: float
    ticks: Sequence[Tick]
    groups: Sequence[Group]


@dataclass(frozen=True)
class Segment:
    """A part of a bar that lies."""

    x: float
    width: float


@dataclass(frozen=True)
class Sparkline:
    """A line without axes, in a view box of 100 by `height`.

    Attributes:
        line, area: points as SVG has them; the area reaches to the bottom.
    """

    height: float
    line: str
    area: str


def nice_ticks(most: int, *, steps: int = 4) -> Sequence[int]:
    """Return round numbers from 0 to at least `most`: at most `steps` steps of 1, 2, 2.5 or 5 times a power of ten."""
    step = next(each for each in _round_steps() if each * steps >= most)
    return [step * each for each in range(max(1, -(-most // step)) + 1)]


def _round_steps() -> Iterator[int]:
    yield from (1, 2, 5)
    for power in count(1):
        yield from (factor * 10**power // 10 for factor in (10, 20, 25, 50))


def column_chart(series: Sequence[Sequence[int]], *, height: float = 220) -> ColumnChart:
    """Return a chart with a group of columns for each position of the series, which are equally long."""
    ticks = nice_ticks(max((value for values in series for value in values), default=0))
    moments = list(zip(*series, strict=True))
    slot = _WHOLE / max(1, len(moments))
    groups = [_group(values, at * slot, slot, ticks[-1], height) for at, values in enumerate(moments)]
    return ColumnChart(height, [Tick(each, _rounded(height - height * each / ticks[-1])) for each in ticks], groups)


def _group(values: Sequence[int], left: float, slot: float, top: int, height: float) -> Group:
    width = slot * (1 - _GAP) / max(1, len(values))
    first = left + slot * _GAP / 2
    bars = [_column(value, first + at * width, width, top, height) for at, value in enumerate(values)]
    return Group(bars, Bar(_rounded(left), 0, _rounded(slot), height))


def _column(value: int, x: float, width: float, top: int, height: float) -> Bar:
    """Return a column; one of a value above zero is never too low to be seen."""
    tall = max(_THINNEST, height * value / top) if value else 0
    return Bar(_rounded(x), _rounded(height - tall), _rounded(width), _rounded(tall))


def segments(values: Sequence[int], *, whole: int | None = None) -> Sequence[Segment]:
    """Return the parts of a bar that lies, one after the other.

    Args:
        whole: value of the whole width, if the parts may be less; their sum by default.
    """
    most = max(sum(values), whole or 0, 1)
    ends = list(accumulate(values, initial=0))
    return [
        Segment(_rounded(_WHOLE * begin / most), _rounded(_WHOLE * (end - begin) / most))
        for begin, end in pairwise(ends)
    ]


def sparkline(values: Sequence[float], *, height: float = 32) -> Sparkline | None:
    """Return a line through values from the left to the right edge; None for fewer than two."""
    if len(values) < 2:  # noqa: PLR2004 # a line has two ends
        return None
    most = max(values) or 1
    room = height - 2 * _THINNEST
    points = [
        (_rounded(_WHOLE * at / (len(values) - 1)), _rounded(height - _THINNEST - room * value / most))
        for at, value in enumerate(values)
    ]
    line = " ".join(f"{x},{y}" for x, y in points)
    return Sparkline(height, line, f"0,{height} {line} 100,{height}")


def label_every(positions: int, *, most: int = 7) -> int:
    """Return the distance between labels so that at most `most` of the positions have one."""
    return max(1, -(-positions // most))


def _rounded(value: float) -> float:
    return round(value, _DIGITS)
