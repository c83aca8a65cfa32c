"""Sessions, refresh tokens and counts of login attempts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from identity.base import Base


class Session(Base):
    """One login on one device, until it ends.

    Attributes:
        source: the client's address at the login; later logins from there count as known.
        last_used_at: time of the last refresh; idle sessions end.
        expires_at: when it ends at the latest.
        end_reason: why it ended before; null otherwise.
    """

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    source: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(20))

    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (end_reason IS NULL)", name="end_has_reason"),
        CheckConstraint("expires_at > created_at", name="expires_after_creation"),
        Index("ix_sessions_staff_id_source", "staff_id", "source"),
    )


class RefreshToken(Base):
    """A refresh token of a session, current or used. Stored as SHA-256; used ones are kept to detect reuse."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_refresh_tokens_unused", "session_id", unique=True, postgresql_where=text("used_at IS NULL")),
    )


class LoginThrottle(Base):
    """Number of failed attempts of an account or address, and until when it has to wait."""

    __tablename__ = "login_throttles"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    attempts: Mapped[int]
    last_attempt_at: Mapped[datetime] = mapped_column(index=True)
    blocked_until: Mapped[datetime]

    __table_args__ = (CheckConstraint("attempts >= 0", name="attempts"),)
