"""Access codes, which open a registration without a token."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from notification.base import Base


class AccessCodeRow(Base):
    """The newest access code of a registration or waiting-list entry. It may arrive before the contact.

    `updated_at` is when registration issued it.
    """

    __tablename__ = "access_codes"

    registration_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    code: Mapped[str] = mapped_column(String(100))
    updated_at: Mapped[datetime]
