"""When what devices know of a participant changed last."""

from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from checkin.base import Base


class RosterChange(Base):
    """The transaction in which a participant's data, pack or names of race and category changed last.

    Triggers write it. There is no row if nothing changed since the table exists.
    """

    __tablename__ = "roster_changes"

    participant_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]
    changed_in: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (Index(None, "event_id", "changed_in"), Index(None, "changed_in"))
