"""Charts: round ticks that cover the data, and marks that stay inside their view box."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web.console.charts import ColumnChart, column_chart, label_every, nice_ticks, segments, sparkline

COUNTS = st.integers(0, 10**9)
SERIES = st.integers(0, 60).flatmap(
    lambda length: st.lists(st.lists(COUNTS, min_size=length, max_size=length), min_size=1, max_size=3)
)
ALMOST = 0.01
"""What rounding may add up to."""


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (10, [0, 5, 10]),
        (97, [0, 25, 50, 75, 100]),
        (101, [0, 50, 100, 150]),
        (1_900, [0, 500, 1_000, 1_500, 2_000]),
    ],
)
def test_ticks_are_round_numbers(most: int, ticks: Sequence[int]) -> None:
    assert nice_ticks(most) == ticks


@given(most=st.integers(0, 10**12), steps=st.integers(1, 10))
def test_ticks_cover_the_data_without_a_step_too_many(most: int, steps: int) -> None:
    ticks = nice_ticks(most, steps=steps)
    [step] = {after - before for before, after in pairwise(ticks)}
    assert ticks[0] == 0
    assert max(1, most) <= ticks[-1] < max(1, most) + step
    assert 1 <= len(ticks) - 1 <= steps
    assert str(step).rstrip("0") in {"1", "2", "25", "5"}


@given(series=SERIES)
def test_columns_stay_inside_the_view_box_and_do_not_overlap(series: Sequence[Sequence[int]]) -> None:
    chart = column_chart(series)
    assert len(chart.groups) == len(series[0])
    edge = 0.0
    for group in chart.groups:
        assert group.slot.x - ALMOST <= group.bars[0].x
        assert group.slot.x < group.middle < group.slot.x + group.slot.width
        for bar in group.bars:
            assert bar.x >= edge - ALMOST
            edge = bar.x + bar.width
            assert bar.y >= -ALMOST
            assert bar.y + bar.height <= chart.height + ALMOST
        assert edge <= min(100, group.slot.x + group.slot.width) + ALMOST


@given(series=SERIES)
def test_every_value_that_is_not_zero_is_seen(series: Sequence[Sequence[int]]) -> None:
    seen = [[bar.height >= 1 for bar in group.bars] for group in column_chart(series).groups]
    assert seen == [[value > 0 for value in values] for values in zip(*series, strict=True)]


@given(series=SERIES)
def test_the_grid_reaches_from_the_bottom_to_the_top(series: Sequence[Sequence[int]]) -> None:
    chart = column_chart(series)
    heights = [each.y for each in chart.ticks]
    assert (heights[0], heights[-1]) == (chart.height, 0)
    assert heights == sorted(heights, reverse=True)


def _height_of(value: int, chart: ColumnChart) -> float:
    [found] = [bar.height for group in chart.groups for bar, each in zip(group.bars, [value], strict=True) if each]
    return found


def test_a_column_ends_at_the_line_of_its_value() -> None:
    chart = column_chart([[50]], height=200)
    assert [(each.value, each.y) for each in chart.ticks] == [(0, 200), (20, 133.333), (40, 66.667), (60, 0)]
    assert _height_of(50, chart) == pytest.approx(200 * 50 / 60, abs=ALMOST)


@given(values=st.lists(COUNTS, min_size=1, max_size=9), whole=st.none() | COUNTS)
def test_parts_of_a_bar_follow_each_other_and_fit(values: Sequence[int], whole: int | None) -> None:
    parts = segments(values, whole=whole)
    end = 0.0
    for part, value in zip(parts, values, strict=True):
        assert part.x == pytest.approx(end, abs=ALMOST)
        assert part.width >= 0
        assert value or not part.width
        end = part.x + part.width
    assert end <= 100 + ALMOST
    if any(values) and (whole or 0) <= sum(values):
        assert end == pytest.approx(100, abs=ALMOST)


@given(values=st.lists(st.floats(0, 1e12), min_size=2, max_size=40))
def test_a_sparkline_goes_from_edge_to_edge(values: Sequence[float]) -> None:
    found = sparkline(values)
    assert found
    points = [tuple(map(float, each.split(","))) for each in found.line.split()]
    assert (points[0][0], points[-1][0], len(points)) == (0, 100, len(values))
    assert all(0 <= x <= 100 and 0 <= y <= found.height for x, y in points)
    assert found.area.split()[0] == f"0,{found.height}"


def test_one_value_is_no_line() -> None:
    assert sparkline([3]) is None


@given(positions=st.integers(0, 1000), most=st.integers(1, 20))
def test_there_are_not_too_many_labels(positions: int, most: int) -> None:
    assert len(range(0, positions, label_every(positions, most=most))) <= most
