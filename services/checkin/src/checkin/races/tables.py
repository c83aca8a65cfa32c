"""The current names of races and categories."""

from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from checkin.base import Base


class Race(Base):
    """The name of a race. `revision` is the race's in the newest event about it; -1 before the first one."""

    __tablename__ = "races"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    revision: Mapped[int]


class Category(Base):
    """The name of a category. `revision` is its race's in the newest event about it; -1 before the first one."""

    __tablename__ = "categories"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    revision: Mapped[int]
