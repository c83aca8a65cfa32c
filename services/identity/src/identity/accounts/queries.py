"""Queries for staff accounts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts.errors import UnknownStaff
from identity.accounts.tables import StaffMember


async def member_by_id(session: AsyncSession, staff_id: UUID) -> StaffMember:
    """Return a member of staff.

    Raises:
        UnknownStaff.
    """
    found = await session.get(StaffMember, staff_id)
    if found is None:
        raise UnknownStaff
    return found


async def member_by_email(session: AsyncSession, email: str) -> StaffMember | None:
    """Return the member with this address, ignoring case; None if there is none."""
    return await session.scalar(select(StaffMember).where(func.lower(StaffMember.email) == email.lower()))


async def staff_page(session: AsyncSession, *, limit: int, after: str) -> Sequence[StaffMember]:
    """Return up to `limit` members ordered by e-mail address, beginning after `after`."""
    key = func.lower(StaffMember.email)
    return (await session.scalars(select(StaffMember).where(key > after).order_by(key).limit(limit))).all()


async def names(session: AsyncSession) -> Sequence[Row[UUID, str]]:
    """Return id and name of all members, by name."""
    query = select(StaffMember.id, StaffMember.name).order_by(StaffMember.name, StaffMember.id)
    return (await session.execute(query)).all()
