"""However much has piled up is deleted in statements that end in time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from chassis.auth.sessions import forget_ended_sessions
from chassis.database import Database, sqlstate_of
from chassis.portions import change_in_portions, delete_in_portions
from chassis.retries import forget_processed
from chassis.skew import forget_the_future
from sqlalchemy import Table, delete, event, text
from sqlalchemy.exc import DBAPIError
from testkit.example.service import rows
from testkit.example.tables import Runner, service_tables

_PILED_UP = """
    INSERT INTO runners (id, email, number)
    SELECT md5(number::text)::uuid, number || '@example.com', number FROM generate_series(101, 140) AS number
"""
_TAKES_A_WHILE = """
    CREATE FUNCTION take_a_while() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(0.05); RETURN OLD; END $$
"""
_SLOW = "CREATE TRIGGER slow BEFORE DELETE ON runners FOR EACH ROW EXECUTE FUNCTION take_a_while()"


@pytest.fixture
async def slow(database: Database) -> Database:
    """Forty rows whose deletion takes two seconds, on a connection that cancels a statement after one."""
    async with database.work() as work:
        for statement in (_PILED_UP, _TAKES_A_WHILE, _SLOW):
            await work.session.execute(text(statement))
    await database.engine.dispose()

    @event.listens_for(database.engine.sync_engine, "connect")
    def impatient(connection: Any, _: Any) -> None:
        connection.run_async(lambda driver: driver.execute("SET statement_timeout = '1s'"))

    return database


async def test_a_pile_that_takes_longer_than_a_statement_may_is_deleted_in_portions(slow: Database) -> None:
    assert await delete_in_portions(slow, Runner, Runner.number > 102, at_most=5) == 38

    assert await rows(slow, cast("Table", Runner.__table__)) == 2


async def test_in_one_statement_it_is_never_deleted(slow: Database) -> None:
    """The negative control."""
    with pytest.raises(DBAPIError) as cancelled:
        async with slow.work() as work:
            await work.session.execute(delete(Runner).where(Runner.number > 102))

    assert sqlstate_of(cancelled.value) == "57014"


async def test_what_was_deleted_before_a_failure_stays_deleted(slow: Database) -> None:
    """A job that runs out of time goes on where it was."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.2):
            await delete_in_portions(slow, Runner, Runner.number > 0, at_most=5)

    await slow.engine.dispose()
    assert await rows(slow, cast("Table", Runner.__table__)) < 40


async def test_rows_that_somebody_holds_are_left_for_the_next_time(database: Database) -> None:
    async with database.work() as work:
        await work.session.execute(text(_PILED_UP))
    async with database.work() as holding:
        await holding.session.execute(text("SELECT 1 FROM runners WHERE number <= 103 FOR UPDATE"))

        assert await delete_in_portions(database, Runner, Runner.number > 0, at_most=10) == 37

    assert await delete_in_portions(database, Runner, Runner.number > 0, at_most=10) == 3


async def test_rows_are_changed_in_portions(database: Database) -> None:
    async with database.work() as work:
        await work.session.execute(text(_PILED_UP))

    async with _statements_on(database) as changed:
        assert await change_in_portions(database, Runner, {"number": 0}, Runner.number > 0, at_most=15) == 40

    assert changed == [15, 15, 10]


_OLD = {
    "processed_events": (
        "INSERT INTO processed_events SELECT md5(n::text)::uuid, 'a.b', now() - interval '31 days'"
        " FROM generate_series(1, 2500) n"
    ),
    "ended_sessions": (
        "INSERT INTO ended_sessions SELECT md5(n::text)::uuid, now() - interval '1 hour'"
        " FROM generate_series(1, 2500) n"
    ),
    "outbox": (
        "INSERT INTO outbox (queue, payload, next_attempt_at)"
        " SELECT 'events', '{}', now() + interval '1 day' FROM generate_series(1, 2500)"
    ),
}


@pytest.mark.parametrize(
    ("table", "forget"),
    [
        ("processed_events", forget_processed),
        ("ended_sessions", forget_ended_sessions),
        ("outbox", forget_the_future),
    ],
)
async def test_the_chassis_forgets_in_portions(database: Database, table: str, forget: Callable[..., Any]) -> None:
    async with database.work() as work:
        await work.session.execute(text(_OLD[table]))

    async with _statements_on(database) as changed:
        await forget(database)

    assert [count for count in changed if count] == [2000, 500]
    assert await rows(database, service_tables.outbox) == (2500 if table == "outbox" else 0)


@asynccontextmanager
async def _statements_on(database: Database) -> AsyncIterator[list[int]]:
    """How many rows each DELETE and UPDATE changed."""
    found: list[int] = []

    def note(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        if "DELETE" in statement or "UPDATE " in statement.replace("FOR UPDATE", ""):
            found.append(cursor.rowcount)

    event.listen(database.engine.sync_engine, "after_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database.engine.sync_engine, "after_cursor_execute", note)
