"""Reading staff."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from identity.accounts.errors import UnknownStaff
from identity.accounts.tables import StaffMember


async def member_by_id(session: AsyncSession, staff_id: UUID) -> StaffMember:
    """One of the staff.

    Raises:
        UnknownStaff.
    """
    found = await session.get(StaffMember, staff_id)
    if found is None:
        raise UnknownStaff
    return found


async def member_by_email(session: AsyncSession, email: str) -> StaffMember | None:
    """Who has this address, in whatever case it is written."""
    return await session.scalar(select(StaffMember).where(func.lower(StaffMember.email) == email.lower()))


async def staff_page(session: AsyncSession, *, limit: int, after: str) -> Sequence[StaffMember]:
    """Up to `limit` members by e-mail address, from the one behind `after` on."""
    key = func.lower(StaffMember.email)
    return (await session.scalars(select(StaffMember).where(key > after).order_by(key).limit(limit))).all()
