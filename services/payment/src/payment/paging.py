"""Positions in lists that are ordered by time, as cursors carry them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple
from uuid import UUID

from chassis.errors import InvalidFields
from chassis.web.models import decode_cursor, encode_cursor
from pydantic import Field, TypeAdapter, ValidationError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Position(NamedTuple):
    """Of a row: its group, its moment, and its id where moments are equal."""

    group: bool
    at: datetime
    id: UUID


_Wire = tuple[bool, Annotated[int, Field(ge=0, lt=2**52)], UUID]
_wire: TypeAdapter[_Wire] = TypeAdapter(_Wire)


def cursor_at(position: Position) -> str:
    """The cursor that continues after `position`."""
    return encode_cursor(position.group, (position.at - _EPOCH) // _MICROSECOND, position.id)


def position_of(cursor: str | None) -> Position | None:
    """The position in `cursor`; None at the start of a list.

    Raises:
        InvalidFields: not a cursor of ours.
    """
    if cursor is None:
        return None
    try:
        group, micros, row_id = _wire.validate_python(decode_cursor(cursor, parts=3))
    except ValidationError:
        raise InvalidFields(("cursor", "is not a cursor of this list")) from None
    return Position(group, _EPOCH + micros * _MICROSECOND, row_id)
