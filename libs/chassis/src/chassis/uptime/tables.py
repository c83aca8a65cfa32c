"""Columns of the record of uptime. A service has a table of each kind in its own metadata."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, ScalarSelect, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column


class UptimeColumns:
    """The one row, from the first beat on: the last moment at which the service was open."""

    __tablename__ = "uptime"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    open_until: Mapped[datetime]


def uptime_checks() -> tuple[CheckConstraint, ...]:
    """Return the constraints of a table with `UptimeColumns`."""
    return (CheckConstraint("id = 1", name="one_row"),)


class OutageColumns:
    """A time in which the service was not open. Ids are in the order of time."""

    __tablename__ = "outages"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]


def outage_checks() -> tuple[CheckConstraint, ...]:
    """Return the constraints of a table with `OutageColumns`."""
    return (CheckConstraint("ended_at > began_at", name="in_order"),)


@dataclass(frozen=True)
class UptimeRecord:
    """The record of a service's uptime.

    Args:
        signs: queries for the last moment at which a release without this record was open.
    """

    uptime: type[UptimeColumns]
    outages: type[OutageColumns]
    signs: Sequence[ScalarSelect[Any]] = ()
