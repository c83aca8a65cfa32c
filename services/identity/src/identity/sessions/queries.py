"""Reading sessions."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.sessions.tables import Session
from identity.staff.tables import StaffMember


async def live_member(session: AsyncSession, staff_id: UUID, session_id: UUID, now: datetime) -> StaffMember | None:
    """The active member this living session is of."""
    return await session.scalar(
        select(StaffMember)
        .join(Session, Session.staff_id == StaffMember.id)
        .where(
            StaffMember.id == staff_id,
            StaffMember.is_active,
            Session.id == session_id,
            Session.ended_at.is_(None),
            Session.expires_at > now,
        )
    )


async def living_sessions(
    session: AsyncSession, staff_id: UUID, *, now: datetime, used_since: datetime
) -> Sequence[Session]:
    """Sessions of this member that can still be prolonged, latest used first."""
    alive = Session.ended_at.is_(None), Session.expires_at > now, Session.last_used_at > used_since
    mine = select(Session).where(Session.staff_id == staff_id, *alive)
    return (await session.scalars(mine.order_by(Session.last_used_at.desc(), Session.id))).all()
