"""Reading sessions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.errors import SessionEnded
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts.tables import StaffMember
from identity.sessions.tables import Session


def _alive(session_id: UUID, now: datetime) -> ColumnElement[bool]:
    return and_(Session.id == session_id, Session.ended_at.is_(None), Session.expires_at > now)


async def hold_session(work: UnitOfWork, session_id: UUID | None) -> None:
    """Return if the session is alive; then nothing ends it until this transaction does. None asks nothing.

    Raises:
        SessionEnded.
    """
    if session_id is None:
        return
    alive = select(Session.id).where(_alive(session_id, work.now)).with_for_update(read=True)
    if await work.session.scalar(alive) is None:
        raise SessionEnded


async def live_member(session: AsyncSession, staff_id: UUID, session_id: UUID, now: datetime) -> StaffMember | None:
    """The active member this living session is of."""
    return await session.scalar(
        select(StaffMember)
        .join(Session, Session.staff_id == StaffMember.id)
        .where(
            StaffMember.id == staff_id,
            StaffMember.is_active,
            _alive(session_id, now),
        )
    )


async def living_sessions(
    session: AsyncSession, staff_id: UUID, *, now: datetime, used_since: datetime
) -> Sequence[Session]:
    """Sessions of this member that can still be prolonged, latest used first."""
    alive = Session.ended_at.is_(None), Session.expires_at > now, Session.last_used_at > used_since
    mine = select(Session).where(Session.staff_id == staff_id, *alive)
    return (await session.scalars(mine.order_by(Session.last_used_at.desc(), Session.id))).all()
