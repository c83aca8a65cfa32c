"""Views of lists that staff saved."""

from datetime import datetime
from uuid import UUID

from chassis.ids import new_id
from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from web.base import Base


class SavedView(Base):
    """The state of a list that a member of staff saved under a name. Only they see it.

    Attributes:
        page: the name of the list; see `web.console.views.lists`.
        query: of its address.
    """

    __tablename__ = "saved_views"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    staff_id: Mapped[UUID]
    page: Mapped[str] = mapped_column(String(50))
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[str] = mapped_column(String(2000))
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("staff_id", "page", "name"),)
