"""Cursors are read by the types of their list, and by nothing else."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any
from uuid import UUID

import pytest
from chassis.errors import InvalidFields
from chassis.web.cursors import CursorOf
from chassis.web.models import Line, Moment
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

ROWS = CursorOf(tuple[bool, Moment, UUID])
NUMBERS = CursorOf(tuple[Annotated[int, Field(ge=0, le=2**63 - 1)]])
NAMES = CursorOf(tuple[Line])

ROW = UUID("8d5c1a52-7a4b-4b53-9a0e-0d6a5f1f2c11")
MOMENT = "2030-01-01T00:00:00+00:00"


@given(st.booleans(), st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_position_comes_back_as_it_was(group: bool, at: datetime, row: UUID) -> None:
    assert ROWS.decode(ROWS.encode(group, at, row)) == (group, at, row)


def test_no_cursor_is_the_beginning() -> None:
    assert ROWS.decode(None) is None


@pytest.mark.parametrize(
    "position",
    [
        (1, MOMENT, ROW),
        ("true", MOMENT, ROW),
        (True, 0, ROW),
        (True, "0", ROW),
        (True, "2030-01-01", ROW),
        (True, "2030-01-01T00:00:00", ROW),
        (True, datetime.min.replace(tzinfo=timezone(timedelta(hours=14))).isoformat(), ROW),
        (True, MOMENT, 7),
        (True, MOMENT, "7"),
        (True, MOMENT, None),
        (True, MOMENT),
        (True, MOMENT, ROW, 1),
        (),
    ],
)
def test_a_position_of_other_types_is_refused(position: tuple[Any, ...]) -> None:
    _refused(ROWS, CursorOf.encode(*position))


@pytest.mark.parametrize("number", [True, 1.0, "1", -1, 2**63, 2**70, None, [1], float("inf"), float("nan")])
def test_a_number_is_a_whole_number_within_its_bounds(number: Any) -> None:
    _refused(NUMBERS, CursorOf.encode(number))


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "", "x" * 256, 7])
def test_a_text_is_a_line(name: Any) -> None:
    _refused(NAMES, CursorOf.encode(name))


@pytest.mark.parametrize("cursor", ["", "x", "!!!!", "\u00e9", "[[[[", base64.urlsafe_b64encode(b"[" * 9000).decode()])
def test_what_is_no_cursor_at_all_is_refused(cursor: str) -> None:
    for kind in (ROWS, NUMBERS, NAMES):
        _refused(kind, cursor)


def _refused(kind: CursorOf[Any], cursor: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        kind.decode(cursor)
    assert [field for field, _ in refused.value.fields] == ["cursor"]
