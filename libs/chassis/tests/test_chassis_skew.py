"""The database's clock was ahead and is put right: nothing waits for the time it was ahead by."""

from uuid import uuid4

import pytest
from chassis.database import Database
from chassis.errors import NotYet
from chassis.inbox import Inbox
from chassis.retries import retry_broker
from chassis.skew import forget_the_future
from contracts import PaymentRejected
from sqlalchemy import text
from testkit.example.service import cancelled, effects, example_handlers
from testkit.golden import golden
from testkit.polling import eventually

A_DAY_AHEAD = "UPDATE {table} SET next_attempt_at = next_attempt_at + interval '1 day'"
LEASED_TOMORROW = (
    "UPDATE {table} SET acquired_at = now() + interval '1 day', acquired_token = gen_random_uuid(),"
    " next_attempt_at = now()"
)


@pytest.fixture
async def parked(database: Database) -> Inbox:
    """An inbox with one parked event, whose retries run."""
    inbox = Inbox(database, example_handlers())
    await inbox.schedule_retry(cancelled().to_bytes(), NotYet("too early"))
    return inbox


async def execute(database: Database, sql: str) -> None:
    async with database.work() as work:
        await work.session.execute(text(sql))


@pytest.mark.parametrize("put_off", [A_DAY_AHEAD, LEASED_TOMORROW], ids=["due_tomorrow", "leased_tomorrow"])
async def test_a_parked_event_from_the_future_is_tried_now(database: Database, parked: Inbox, put_off: str) -> None:
    await execute(database, put_off.format(table="event_retries"))
    broker = retry_broker(database, parked)
    # when
    await forget_the_future(database)
    await broker.start()
    # then
    try:
        await eventually(lambda: effects(database), within=15)
    finally:
        await broker.stop()


async def test_what_is_to_be_sent_from_the_future_is_due_now(database: Database) -> None:
    async with database.work() as work:
        work.publish(golden(PaymentRejected).payload, subject=uuid4())
    await execute(database, A_DAY_AHEAD.format(table="outbox"))
    # when
    await forget_the_future(database)
    # then
    assert await _count(database, "SELECT count(*) FROM outbox WHERE next_attempt_at <= now()") == 1


async def test_a_wait_that_is_as_long_as_it_should_be_stays(database: Database, parked: Inbox) -> None:
    await execute(database, "UPDATE event_retries SET next_attempt_at = now() + interval '5 minutes'")
    # when
    await forget_the_future(database)
    # then
    waiting = "SELECT count(*) FROM event_retries WHERE next_attempt_at > now() + interval '4 minutes'"
    assert await _count(database, waiting) == 1


async def _count(database: Database, query: str) -> int:
    async with database.read() as session:
        return int((await session.execute(text(query))).scalar_one())
