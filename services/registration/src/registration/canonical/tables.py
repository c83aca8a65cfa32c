"""Values that could not be converted into canonical form, for staff to correct."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base


class UnreadableValue(Base):
    """A field of a participant whose stored value cannot be parsed; the value is left unchanged.

    The field `person` means that the same person is in another live registration of the event.
    """

    __tablename__ = "unreadable_values"

    participant_id: Mapped[UUID] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(String(30), primary_key=True)
    noted_at: Mapped[datetime]
