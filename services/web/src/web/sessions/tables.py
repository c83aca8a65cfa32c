"""Sessions of staff in the console."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from web.base import Base


class WebSession(Base):
    """A member of staff in one browser. It ends with the row.

    Attributes:
        key_hash: SHA-256 of the browser's cookie.
        session_id: identity's id of the session.
        sealed: the tokens and the account, encrypted; see `web.sessions.staff`.
        access_until: until when the access token is valid.
        renewed_until: until when one request may renew the tokens, while others wait for it; null if none does.
        device: what the browser said about itself.
        used_at: time of the last request that a person made, to the minute; idle sessions end.
        ends_at: when it ends at the latest.
    """

    __tablename__ = "web_sessions"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[UUID] = mapped_column(unique=True)
    staff_id: Mapped[UUID] = mapped_column(index=True)
    sealed: Mapped[str] = mapped_column(Text)
    access_until: Mapped[datetime]
    renewed_until: Mapped[datetime | None]
    device: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)

    __table_args__ = (CheckConstraint("ends_at > created_at", name="ends_after_creation"),)
