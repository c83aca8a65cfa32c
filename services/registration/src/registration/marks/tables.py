"""State of queue marks."""

from datetime import datetime

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base


class QueueMarkRow(Base):
    """The only row: when the last mark was sent, and the sending time of the newest one that came back.

    `answered` is the sending time of the newest mark that payment has answered, `spoken_until` the time in that answer.
    """

    __tablename__ = "queue_mark"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    sent_at: Mapped[datetime]
    heard_until: Mapped[datetime | None]
    answered: Mapped[datetime | None]
    spoken_until: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("id = 1", name="one"),)
