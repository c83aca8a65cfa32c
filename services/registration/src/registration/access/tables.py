"""Requests for links, kept until they are answered and do not count any more, and codes that were not published yet."""

from datetime import datetime
from uuid import UUID

from chassis.ids import new_id
from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base


class LinkRequest(Base):
    """A request for the links of a contact.

    The contact is deleted when the request has been answered; `contact_hash` stays to count the requests. At most one
    request per contact waits at a time.
    """

    __tablename__ = "link_requests"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(10))
    contact: Mapped[str | None] = mapped_column(String(255))
    contact_hash: Mapped[str] = mapped_column(String(64))
    requested_at: Mapped[datetime] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind IN ('email', 'whatsapp')", name="kind"),
        CheckConstraint("(contact IS NULL) = (answered_at IS NOT NULL)", name="contact_until_answered"),
        Index("ix_link_requests_contact", "contact_hash", "requested_at"),
        Index("uq_link_requests_waiting", "contact_hash", unique=True, postgresql_where=text("answered_at IS NULL")),
    )


class UnpublishedCode(Base):
    """A registration or waiting list entry whose code other services may not have received."""

    __tablename__ = "unpublished_codes"

    registration_id: Mapped[UUID] = mapped_column(primary_key=True)
