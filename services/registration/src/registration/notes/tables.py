"""The table of staff's notes."""

from datetime import datetime
from uuid import UUID

from chassis.ids import new_id
from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base


class Note(Base):
    """A note about a registration. Notes are added and never changed."""

    __tablename__ = "registration_notes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    written_by: Mapped[UUID]
    text: Mapped[str] = mapped_column(String(5000))
    created_at: Mapped[datetime]

    __table_args__ = (Index("ix_registration_notes_newest", "registration_id", "id"),)
