"""Races and categories, for messages."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base


class Race(Base):
    """A race.

    Attributes:
        notified_revision: the newest revision that participants are notified of.
        announced_revision: the newest revision whose messages are all queued.
        announced_to: the last registration, in the order of ids, that has its messages about a newer revision.
        deadlines_revision: the revision whose race day the deadlines of waiting messages follow.
    """

    __tablename__ = "races"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    event_date: Mapped[date]
    location: Mapped[str] = mapped_column(String(255))
    timezone: Mapped[str | None] = mapped_column(String(64))
    revision: Mapped[int]
    notified_revision: Mapped[int] = mapped_column(server_default="0")
    announced_revision: Mapped[int] = mapped_column(server_default="0")
    announced_to: Mapped[UUID | None]
    deadlines_revision: Mapped[int] = mapped_column(server_default="0")
    updated_at: Mapped[datetime]


class RaceCategory(Base):
    """The name of a category. `revision` is the race's in the event that the name comes from."""

    __tablename__ = "race_categories"

    category_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(255))
    revision: Mapped[int]
