"""Positions in lists that are ordered by time, as cursors carry them."""

from typing import NamedTuple
from uuid import UUID

from chassis.web.cursors import CursorOf
from chassis.web.models import Moment


class Position(NamedTuple):
    """Of a row: its group, its moment, and its id where moments are equal."""

    group: bool
    at: Moment
    id: UUID


cursors = CursorOf(Position)
