"""Races and their categories, as registrations' events name them."""

from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class Race(Base):
    """A race. `revision` orders what events say about it; `timezone` is null if only older releases named it."""

    __tablename__ = "races"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    timezone: Mapped[str | None] = mapped_column(String(64))
    revision: Mapped[int]


class Category(Base):
    """A category of a race. Numbers of its registrations begin with `number_prefix`, a dash between."""

    __tablename__ = "categories"

    category_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(255))
    number_prefix: Mapped[str] = mapped_column(String(50), index=True)
    revision: Mapped[int]
