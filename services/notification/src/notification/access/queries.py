"""Queries for access codes."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.access.tables import AccessCodeRow


async def codes_of(session: AsyncSession, registration_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the newest code of each registration that has one."""
    chosen = select(AccessCodeRow.registration_id, AccessCodeRow.code).where(
        AccessCodeRow.registration_id.in_(registration_ids)
    )
    return {row.registration_id: row.code for row in await session.execute(chosen)}
