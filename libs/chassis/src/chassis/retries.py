"""The second, third, … try of parked events, and the dead letters they end as when all tries failed."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from faststream.middlewares import AckPolicy
from faststream_outbox import OutboxBroker
from faststream_outbox.annotations import OutboxMessage
from faststream_outbox.retry import ExponentialRetry
from sqlalchemy import delete, func, select

from chassis.database import Database, is_unavailable
from chassis.errors import NotFound
from chassis.inbox import Inbox, reason_of
from chassis.tables import LEASE_SECONDS, RETRY_QUEUE
from chassis.telemetry import logger


class UnknownDeadLetter(NotFound):
    """There is no dead letter with this id."""

    indonesian = "Tidak ada pesan gagal dengan id ini."
    code = "unknown_dead_letter"


class ParkedEventRetry(ExponentialRetry):
    """From half a second, doubled up to five minutes, for about an hour: long enough for a release to roll out.

    While the database is down tries cost nothing.
    """

    def __init__(self, **overrides: Any) -> None:
        defaults = {"initial_delay_seconds": 0.5, "multiplier": 2.0, "max_delay_seconds": 300.0, "max_attempts": 20}
        super().__init__(**{**defaults, **overrides})

    def get_next_attempt_delay(
        self,
        *,
        first_attempt_at: datetime,
        last_attempt_at: datetime,
        attempts_count: int,
        exception: BaseException | None = None,
    ) -> float | None:
        """Seconds to the next try; None gives up."""
        if exception is not None and is_unavailable(exception):
            return 1.0
        return super().get_next_attempt_delay(
            first_attempt_at=first_attempt_at,
            last_attempt_at=last_attempt_at,
            attempts_count=attempts_count,
            exception=exception,
        )


def retry_broker(database: Database, inbox: Inbox, *, strategy: ParkedEventRetry | None = None) -> OutboxBroker:
    """Reads the retry table and delivers again; what fails for good moves to the dead letters in one statement."""
    broker = OutboxBroker(
        database.messaging_engine,
        outbox_table=database.tables.retries,
        dlq_table=database.tables.dead_letters,
        last_exception_renderer=reason_of,
        logger=logger("startline.retries"),
        log_level=logging.DEBUG,
        apply_types=True,
    )

    @broker.subscriber(
        RETRY_QUEUE,
        max_workers=1,
        retry_strategy=strategy or ParkedEventRetry(),
        min_fetch_interval=0.2,
        max_fetch_interval=2.0,
        lease_ttl_seconds=LEASE_SECONDS,
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def retry(message: OutboxMessage) -> None:
        await inbox.handle(message.body)

    return broker


async def list_dead_letters(database: Database, *, limit: int = 50, after: int = 0) -> Sequence[dict[str, Any]]:
    """Dead letters in the order they were given up, without their payloads."""
    table = database.tables.dead_letters
    columns = [table.c.id, table.c.headers, table.c.created_at, table.c.failed_at, table.c.failure_reason]
    query = select(*columns, table.c.last_exception).where(table.c.id > after).order_by(table.c.id).limit(limit)
    async with database.read() as session:
        return [dict(row) for row in (await session.execute(query)).mappings()]


async def show_dead_letter(database: Database, dead_letter_id: int) -> dict[str, Any]:
    """One dead letter with its payload.

    Raises:
        UnknownDeadLetter.
    """
    table = database.tables.dead_letters
    async with database.read() as session:
        row = (await session.execute(select(table).where(table.c.id == dead_letter_id))).mappings().first()
    if row is None:
        raise UnknownDeadLetter
    return dict(row)


async def replay_dead_letter(database: Database, dead_letter_id: int, *, by: str) -> None:
    """Give a dead letter a fresh set of tries, in one transaction with taking it off the list.

    Raises:
        UnknownDeadLetter.
    """
    table = database.tables.dead_letters
    async with database.work() as work:
        taken = delete(table).where(table.c.id == dead_letter_id).returning(table.c.payload, table.c.headers)
        row = (await work.session.execute(taken)).first()
        if row is None:
            raise UnknownDeadLetter
        headers = dict(row.headers or {})
        await database.retries.insert(
            work.session,
            queue=RETRY_QUEUE,
            payload=row.payload,
            headers=headers,
            timer_id=headers.get("event_id") or None,
        )
        await work.audit(by, "dead_letter.replay", str(dead_letter_id))


async def drop_dead_letter(database: Database, dead_letter_id: int, *, by: str) -> None:
    """Take a dead letter off the list for good; the audit log keeps that it was there.

    Raises:
        UnknownDeadLetter.
    """
    table = database.tables.dead_letters
    async with database.work() as work:
        taken = delete(table).where(table.c.id == dead_letter_id).returning(table.c.headers, table.c.last_exception)
        row = (await work.session.execute(taken)).first()
        if row is None:
            raise UnknownDeadLetter
        await work.audit(by, "dead_letter.drop", str(dead_letter_id), headers=row.headers, error=row.last_exception)


async def forget_processed(database: Database, *, older_than: timedelta = timedelta(days=30)) -> None:
    """Drop notes of processed events that no transport can still redeliver."""
    processed = database.tables.processed
    async with database.work() as work:
        await work.session.execute(delete(processed).where(processed.c.processed_at < func.now() - older_than))
