"""Stored responses by idempotency key."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from registration.base import Base


class IdempotencyKey(Base):
    """The first response to a request, kept for a day. Written in the transaction of the request itself."""

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    registration_id: Mapped[UUID]
    response: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
