"""The content of a message's attempts, for staff who may read it."""

from collections.abc import Collection
from uuid import UUID

from chassis.secrets import UnreadableSecret
from chassis.telemetry import logger
from sqlalchemy.ext.asyncio import AsyncSession

from notification.message_log.queries import messages_of
from notification.message_log.rules import ContentState, SentContent
from notification.message_log.sealing import MessageSealer
from notification.message_log.tables import SentMessage

log = logger(__name__)

Content = tuple[ContentState, SentContent | None]


async def contents_of(
    session: AsyncSession, attempt_ids: Collection[UUID], sealer: MessageSealer, *, visible: bool
) -> dict[UUID, Content]:
    """Return the content of each attempt, or why there is none.

    Args:
        visible: whether the caller may read it.
    """
    kept = await messages_of(session, attempt_ids)
    return {each: _content(kept.get(each), sealer, visible=visible) for each in attempt_ids}


def _content(message: SentMessage | None, sealer: MessageSealer, *, visible: bool) -> Content:
    if message is None:
        return ContentState.MISSING, None
    if not visible:
        return ContentState.HIDDEN, None
    try:
        return ContentState.KEPT, sealer.open(message.sealed)
    except UnreadableSecret:
        log.warning("sent_message_unreadable", attempt_id=str(message.attempt_id))
        return ContentState.UNREADABLE, None
