"""An event that waits for a lock, or is too much for one statement, holds up no other."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from chassis.database import Database, UnitOfWork, is_out_of_reach
from chassis.inbox import Handlers, Inbox
from chassis.retries import ParkedEventRetry, retry_broker
from contracts import Event, RegistrationCancelled
from sqlalchemy import text
from testkit.example.service import OWNER, cancelled, effects, leave_effect, rows
from testkit.example.tables import service_tables
from testkit.polling import eventually

TOO_LONG = ("SET LOCAL statement_timeout = '20ms'", "SELECT pg_sleep(5)")
LOCKED = ("SET LOCAL lock_timeout = '20ms'", "LOCK TABLE runners")


def handlers_that(*statements: str) -> Handlers:
    """They run statements before they leave an effect."""
    handlers = Handlers()

    @handlers.on(RegistrationCancelled)
    async def run(event: Event[Any], work: UnitOfWork) -> None:
        for statement in statements:
            await work.session.execute(text(statement))
        await leave_effect(event, work)

    return handlers


async def _taken(inbox: Inbox) -> None:
    """The transport hands an event over and gets its place back."""
    async with asyncio.timeout(5):
        await inbox.deliver_with_backoff(cancelled().to_bytes(), OWNER)


async def test_an_event_that_is_too_much_for_a_statement_is_parked(database: Database) -> None:
    await _taken(Inbox(database, handlers_that(*TOO_LONG)))

    assert await rows(database, service_tables.retries) == 1


async def test_an_event_that_waits_for_a_lock_is_parked_and_handled_once_it_is_free(
    database: Database, connect: Callable[..., Database], url: str
) -> None:
    inbox = Inbox(database, handlers_that(*LOCKED))
    broker = retry_broker(database, inbox, strategy=ParkedEventRetry(outage_delay_seconds=0.02))
    async with connect(url).work() as other:
        await other.session.execute(text("LOCK TABLE runners"))
        await _taken(inbox)
        assert await effects(database) == []

    await broker.start()
    try:
        await eventually(lambda: effects(database))
    finally:
        await broker.stop()


async def test_an_event_that_is_always_too_much_for_a_statement_ends_as_a_dead_letter(database: Database) -> None:
    """It fails by itself, and somebody has to know."""
    inbox = Inbox(database, handlers_that(*TOO_LONG))
    soon = ParkedEventRetry(initial_delay_seconds=0.02, max_delay_seconds=0.05, max_attempts=3)
    broker = retry_broker(database, inbox, strategy=soon)
    await _taken(inbox)

    await broker.start()
    try:
        await eventually(lambda: rows(database, service_tables.dead_letters))
    finally:
        await broker.stop()


@pytest.mark.parametrize("statements", [TOO_LONG, ("SELECT 1 / 0",)], ids=["too_long", "mistake"])
async def test_a_database_that_answers_is_not_out_of_reach(database: Database, statements: tuple[str, ...]) -> None:
    with pytest.raises(Exception, match=r"canceling|division") as answered:
        await Inbox(database, handlers_that(*statements)).handle(cancelled().to_bytes())

    assert not is_out_of_reach(answered.value)
