"""Races and categories as messages name them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base


class Race(Base):
    """The newest known facts of a race.

    `notified_revision` is the newest change that runners are sent a message about. Messages about the change
    `announced_revision` are all queued; those about a newer one are as far as the registration `announced_to`, in the
    order of ids. The deadlines of waiting messages follow the day that the race had in `deadlines_revision`.
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
    """The newest known name of a category. `revision` is that of the race when the name was heard."""

    __tablename__ = "race_categories"

    category_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(255))
    revision: Mapped[int]
