"""What was put aside."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base


class SetAside(Base):
    """One item that a job failed for. It is tried again after `retry_at`; what succeeds goes from here."""

    __tablename__ = "set_aside"

    job: Mapped[str] = mapped_column(String(30), primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    since: Mapped[datetime]
    retry_at: Mapped[datetime]
