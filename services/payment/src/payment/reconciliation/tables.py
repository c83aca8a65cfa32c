"""The reconciliation of each day."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class Reconciliation(Base):
    """The last reconciliation that ran for a day. `figures` are its channels, as the API shows them."""

    __tablename__ = "reconciliations"
    __table_args__ = (CheckConstraint("differences >= 0", name="differences"),)

    day: Mapped[date] = mapped_column("date", Date, primary_key=True)
    timezone: Mapped[str] = mapped_column(String(64))
    ran_at: Mapped[datetime]
    differences: Mapped[int]
    figures: Mapped[list[Any]] = mapped_column(JSONB)
