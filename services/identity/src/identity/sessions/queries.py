"""Queries for sessions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.errors import SessionEnded
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts.tables import StaffMember
from identity.sessions.tables import Session


def _is_active(session_id: UUID, now: datetime) -> ColumnElement[bool]:
    return and_(Session.id == session_id, Session.ended_at.is_(None), Session.expires_at > now)


async def lock_active_session(work: UnitOfWork, session_id: UUID | None) -> None:
    """Check that a session is active and lock it, so that it stays active until the transaction ends. None is ignored.

    Raises:
        SessionEnded.
    """
    if session_id is None:
        return
    alive = select(Session.id).where(_is_active(session_id, work.now)).with_for_update(read=True)
    if await work.session.scalar(alive) is None:
        raise SessionEnded


async def member_of_session(
    session: AsyncSession, staff_id: UUID, session_id: UUID, now: datetime
) -> StaffMember | None:
    """Return the active member of an active session; None if either is not."""
    return await session.scalar(
        select(StaffMember)
        .join(Session, Session.staff_id == StaffMember.id)
        .where(
            StaffMember.id == staff_id,
            StaffMember.is_active,
            _is_active(session_id, now),
        )
    )


async def active_sessions(
    session: AsyncSession, staff_id: UUID, *, now: datetime, used_since: datetime
) -> Sequence[Session]:
    """Return the sessions of a member that can be refreshed, latest used first."""
    alive = Session.ended_at.is_(None), Session.expires_at > now, Session.last_used_at > used_since
    mine = select(Session).where(Session.staff_id == staff_id, *alive)
    return (await session.scalars(mine.order_by(Session.last_used_at.desc(), Session.id))).all()
