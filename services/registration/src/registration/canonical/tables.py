"""What could not be brought into canonical form, for staff to correct."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base


class UnreadableValue(Base):
    """A field of a participant that was stored before and cannot be read; the value stays as it is.

    The field `person` says that the same person is in another live registration of the event, too.
    """

    __tablename__ = "unreadable_values"

    participant_id: Mapped[UUID] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(String(30), primary_key=True)
    noted_at: Mapped[datetime]
