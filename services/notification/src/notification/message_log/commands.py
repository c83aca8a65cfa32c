"""Keeping messages as they were sent, and deleting them."""

from datetime import timedelta
from typing import Any

from chassis.database import Database, UnitOfWork
from chassis.portions import delete_in_portions
from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.message_log.sealing import SealedMessage
from notification.message_log.tables import SentMessage


async def keep_message(work: UnitOfWork, finished: Any, message: SealedMessage) -> None:
    """Store a message with the statement that records the outcome of its attempt. Idempotent.

    Args:
        finished: the CTE of that statement, which returns the attempt's `id`; no row if the attempt was deleted.
    """
    values = {
        "attempt_id": finished.c.id,
        "recipient_hash": literal(message.recipient_hash),
        "sealed": literal(message.sealed),
        "kept_at": literal(work.now),
    }
    rows = upsert(SentMessage).from_select(list(values), select(*values.values()))
    await work.session.execute(rows.on_conflict_do_nothing())


async def forget_messages(database: Database, *, after: timedelta) -> None:
    """Delete the content of messages that were sent longer ago than `after`. The log keeps their state."""
    await delete_in_portions(database, SentMessage, SentMessage.kept_at < database.clock() - after)
