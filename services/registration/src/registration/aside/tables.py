"""Items that were set aside."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base


class SetAside(Base):
    """An item that a job failed for. It is retried after `retry_at` and deleted here once it succeeds."""

    __tablename__ = "set_aside"

    job: Mapped[str] = mapped_column(String(30), primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    since: Mapped[datetime]
    retry_at: Mapped[datetime]
