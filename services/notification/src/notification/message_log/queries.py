"""Queries for sent messages."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.message_log.tables import SentMessage


async def messages_of(session: AsyncSession, attempt_ids: Collection[UUID]) -> dict[UUID, SentMessage]:
    """Return the kept message of each attempt that has one."""
    chosen = select(SentMessage).where(SentMessage.attempt_id.in_(attempt_ids))
    return {message.attempt_id: message for message in (await session.execute(chosen)).scalars()}
