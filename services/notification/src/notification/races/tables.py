"""Races and categories as messages name them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base


class Race(Base):
    """The newest known facts of a race.

    `notified_revision` is the newest change that runners were sent a message about.
    """

    __tablename__ = "races"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    event_date: Mapped[date]
    location: Mapped[str] = mapped_column(String(255))
    timezone: Mapped[str | None] = mapped_column(String(64))
    revision: Mapped[int]
    notified_revision: Mapped[int] = mapped_column(server_default="0")
    updated_at: Mapped[datetime]


class RaceCategory(Base):
    """The newest known name of a category. `revision` is that of the race when the name was heard."""

    __tablename__ = "race_categories"

    category_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(255))
    revision: Mapped[int]
