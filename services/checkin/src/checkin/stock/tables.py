"""Jerseys that were brought to the pick-up of a race."""

from uuid import UUID

from contracts.envelope import LONGEST_VALUE
from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from checkin.base import Base


class JerseyStock(Base):
    """How many jerseys of a size were brought to the pick-up of a race. There is no row until staff enter it."""

    __tablename__ = "jersey_stock"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    jersey_size: Mapped[str] = mapped_column(String(LONGEST_VALUE), primary_key=True)
    brought: Mapped[int]

    __table_args__ = (CheckConstraint("brought >= 0", name="brought"),)
