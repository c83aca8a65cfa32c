"""Cursors of lists that are ordered by time."""

from typing import NamedTuple
from uuid import UUID

from chassis.web.cursors import CursorOf
from chassis.web.models import Moment


class Position(NamedTuple):
    """The position of a row: its group, its time, and its id for rows with equal times."""

    group: bool
    at: Moment
    id: UUID


cursors = CursorOf(Position)
