"""Retries of parked events, and the dead letters that they become when all retries have failed."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from faststream.middlewares import AckPolicy
from faststream_outbox import OutboxBroker
from faststream_outbox.annotations import OutboxMessage
from faststream_outbox.retry import ExponentialRetry
from sqlalchemy import ColumnElement, String, Table, cast, delete, exists, func, select

from chassis.crash_guard import UNFINISHED, RetrySlots, TookReaderDown, counted
from chassis.database import Database, is_unavailable, takes_too_long, waits_for_lock
from chassis.errors import NotFound, StartlineError
from chassis.inbox import Inbox, reason_of
from chassis.leases import lease_kept
from chassis.portions import delete_in_portions
from chassis.senders import ANY_SERVICE, Refusal, Refused, require_owner
from chassis.tables import LEASE_SECONDS, PROCESSED_DAYS, RETRY_QUEUE
from chassis.telemetry import logger

LONGEST_WAIT_SECONDS = 300.0

_SIDE_BY_SIDE = 4
_OUTAGE_SHARE = 10
_LOCK_SHARE = 2
_LONGEST_WAIT_IN_OUTAGE = 60.0


class UnknownDeadLetter(NotFound):
    """There is no dead letter with this id."""

    indonesian = "Tidak ada pesan gagal dengan id ini."
    code = "unknown_dead_letter"


class ForgedDeadLetter(StartlineError):
    """Another service than its owner sent this event, so it is never tried. Its owner publishes its state again."""

    indonesian = "Pesan ini dikirim layanan lain, bukan pemiliknya, jadi tidak akan dicoba lagi."
    code = "forged_dead_letter"


class ParkedEventRetry(ExponentialRetry):
    """Retry policy: delays from half a second, doubled up to five minutes, for about an hour (enough for a rollout).

    Tries that the database ended are not counted, see `retry_broker`. They are repeated after a second and then, with a
    growing delay, at least every minute; the delay grows faster for a lock than for an outage. An event that killed its
    process too often is given up.

    Args:
        outage_delay_seconds: delay after the first try that the database ended.
        overrides: of `ExponentialRetry`.
    """

    def __init__(self, *, outage_delay_seconds: float = 1.0, **overrides: Any) -> None:
        defaults = {"initial_delay_seconds": 0.5, "multiplier": 2.0, "max_delay_seconds": LONGEST_WAIT_SECONDS}
        super().__init__(**{**defaults, "max_attempts": 20, **overrides})
        self.outage_delay_seconds = outage_delay_seconds

    def get_next_attempt_delay(
        self,
        *,
        first_attempt_at: datetime,
        last_attempt_at: datetime,
        attempts_count: int,
        exception: BaseException | None = None,
    ) -> float | None:
        """Return the seconds to the next try, or None if the event becomes a dead letter."""
        if isinstance(exception, TookReaderDown):
            return None
        if exception is not None and _costs_nothing(exception):
            elapsed = (last_attempt_at - first_attempt_at).total_seconds()
            share = elapsed / (_LOCK_SHARE if waits_for_lock(exception) else _OUTAGE_SHARE)
            return min(max(self.outage_delay_seconds, share), _LONGEST_WAIT_IN_OUTAGE)
        return super().get_next_attempt_delay(
            first_attempt_at=first_attempt_at,
            last_attempt_at=last_attempt_at,
            attempts_count=attempts_count,
            exception=exception,
        )


def _costs_nothing(error: BaseException) -> bool:
    return is_unavailable(error) and not takes_too_long(error)


def retry_broker(
    database: Database,
    inbox: Inbox,
    *,
    strategy: ParkedEventRetry | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> OutboxBroker:
    """Return a broker that retries parked events. What fails finally becomes a dead letter, in one statement.

    `attempts_count` counts real failures only: a try that the database ended is subtracted before the library adds it,
    unless a statement was cancelled because it took too long. Several retries run concurrently, as one may wait for a
    lock; an event that may have killed its process is retried alone.
    """
    slots = RetrySlots(_SIDE_BY_SIDE)
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
        max_workers=_SIDE_BY_SIDE,
        retry_strategy=strategy or ParkedEventRetry(),
        min_fetch_interval=0.2,
        max_fetch_interval=2.0,
        lease_ttl_seconds=lease_seconds,
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def retry(message: OutboxMessage) -> None:
        row = message.raw_message
        try:
            async with (
                slots.slot(row),
                lease_kept(database, database.tables.retries, row, lease_seconds=lease_seconds),
                counted(database, row, slots.ended) as ours,
            ):
                if ours:
                    await inbox.handle(message.body, briefly=True)
        except Exception as error:
            if _costs_nothing(error):
                row.attempts_count -= 1
            raise

    return broker


async def list_dead_letters(
    database: Database, *, limit: int = 50, after: int = 0, event_type: str | None = None, reason: str | None = None
) -> Sequence[dict[str, Any]]:
    """Return dead letters in the order in which they were given up, without their payloads.

    Args:
        event_type, reason: of which to return some only; None for any.
    """
    table = database.tables.dead_letters
    columns = [table.c.id, table.c.headers, table.c.created_at, table.c.failed_at, table.c.failure_reason]
    query = select(*columns, table.c.last_exception).where(table.c.id > after).order_by(table.c.id).limit(limit)
    if event_type is not None:
        query = query.where(table.c.headers["event_type"].astext == event_type)
    if reason is not None:
        query = query.where(table.c.failure_reason == reason)
    async with database.read() as session:
        return [dict(row) for row in (await session.execute(query)).mappings()]


async def refused_dead_letters(database: Database, refusal: Refusal) -> int:
    """Return the number of dead letters that were refused for this reason."""
    table = database.tables.dead_letters
    query = select(func.count()).select_from(table).where(table.c.failure_reason == refusal)
    async with database.read() as session:
        return int((await session.execute(query)).scalar_one())


async def show_dead_letter(database: Database, dead_letter_id: int, *, by: str) -> dict[str, Any]:
    """Return one dead letter with its payload, which may be personal data: the audit log records who looked.

    Raises:
        UnknownDeadLetter.
    """
    table = database.tables.dead_letters
    async with database.work() as work:
        row = (await work.session.execute(select(table).where(table.c.id == dead_letter_id))).mappings().first()
        if row is None:
            raise UnknownDeadLetter
        await work.audit(by, "dead_letter.show", str(dead_letter_id), headers=row["headers"])
    return dict(row)


async def replay_dead_letter(database: Database, dead_letter_id: int, *, by: str) -> None:
    """Park a dead letter again with a new set of tries, and delete it in the same transaction.

    Raises:
        UnknownDeadLetter, ForgedDeadLetter.
    """
    table = database.tables.dead_letters
    async with database.work() as work:
        taken = delete(table).where(table.c.id == dead_letter_id).returning(table)
        row = (await work.session.execute(taken)).first()
        if row is None:
            raise UnknownDeadLetter
        if row.failure_reason == Refusal.FORGED or _names_another_source(row.payload):
            raise ForgedDeadLetter
        headers = dict(row.headers or {})
        if UNFINISHED in headers:
            headers[UNFINISHED] = "1"
        await database.retries.insert(
            work.session,
            queue=RETRY_QUEUE,
            payload=row.payload,
            headers=headers,
            timer_id=headers.get("event_id") or None,
        )
        await work.audit(by, "dead_letter.replay", str(dead_letter_id))


def _names_another_source(payload: bytes) -> bool:
    """Return whether an event names a source other than its owner; False for an unreadable one, whose retries fail."""
    try:
        require_owner(payload, ANY_SERVICE)
    except Refused as refused:
        return refused.refusal is Refusal.FORGED
    return False


async def drop_dead_letter(database: Database, dead_letter_id: int, *, by: str, reason: str | None = None) -> None:
    """Delete a dead letter. The audit log records that it existed, and the reason if one is given.

    Raises:
        UnknownDeadLetter.
    """
    table = database.tables.dead_letters
    async with database.work() as work:
        taken = delete(table).where(table.c.id == dead_letter_id).returning(table.c.headers, table.c.last_exception)
        row = (await work.session.execute(taken)).first()
        if row is None:
            raise UnknownDeadLetter
        given = {} if reason is None else {"reason": reason}
        facts = {"headers": row.headers, "error": row.last_exception, **given}
        await work.audit(by, "dead_letter.drop", str(dead_letter_id), **facts)


async def forget_processed(database: Database, *, older_than: timedelta = timedelta(days=PROCESSED_DAYS)) -> None:
    """Delete the records of processed events that cannot be delivered again.

    An event that is still a dead letter or parked can be delivered again, also if it was handled in a later delivery.
    """
    processed, tables = database.tables.processed, database.tables
    await delete_in_portions(
        database,
        processed,
        processed.c.processed_at < func.now() - older_than,
        *(~_bears(table, processed.c.event_id) for table in (tables.dead_letters, tables.retries)),
    )


def _bears(table: Table, event_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    return exists().where(table.c.headers["event_id"].astext == cast(event_id, String))
