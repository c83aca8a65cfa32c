"""Ending sessions."""

from enum import StrEnum
from uuid import UUID

from chassis.database import UnitOfWork
from sqlalchemy import update

from identity.sessions.errors import UnknownSession
from identity.sessions.tables import Session


class EndReason(StrEnum):
    """Why a session ended before its time."""

    LOGOUT = "logout"
    REUSE = "refresh_reused"
    DISABLED = "disabled"
    ROLE = "role_changed"
    PASSWORD = "password_changed"  # noqa: S105  # a reason, not a secret
    REVOKED = "revoked"


async def end_session(work: UnitOfWork, session_id: UUID, reason: EndReason, *, staff_id: UUID) -> None:
    """End one session of this member.

    Raises:
        UnknownSession: they have none such that is still alive.
    """
    ended = await work.session.execute(
        update(Session)
        .where(Session.id == session_id, Session.staff_id == staff_id, Session.ended_at.is_(None))
        .values(ended_at=work.now, end_reason=reason)
        .returning(Session.id)
    )
    if ended.first() is None:
        raise UnknownSession


async def end_sessions_of(
    work: UnitOfWork, staff_id: UUID, reason: EndReason, *, spare: UUID | None = None
) -> list[UUID]:
    """End every session of this member but the one to `spare`; returns those that ended."""
    mine = update(Session).where(Session.staff_id == staff_id, Session.ended_at.is_(None))
    if spare is not None:
        mine = mine.where(Session.id != spare)
    ended = await work.session.execute(mine.values(ended_at=work.now, end_reason=reason).returning(Session.id))
    return list(ended.scalars())
