"""How far the queue has been heard."""

from datetime import datetime

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base


class QueueMarkRow(Base):
    """The one row: when a mark was sent last, and the moment of sending of the newest one that came back.

    `answered` is when the newest mark was sent that payment has answered, `spoken_until` what it said.
    """

    __tablename__ = "queue_mark"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    sent_at: Mapped[datetime]
    heard_until: Mapped[datetime | None]
    answered: Mapped[datetime | None]
    spoken_until: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("id = 1", name="one"),)
