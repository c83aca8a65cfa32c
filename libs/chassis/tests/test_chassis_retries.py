"""Parked events are tried again until they work or are given up; what was given up waits for a person."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chassis.database import Database, UnitOfWork
from chassis.errors import NotYet
from chassis.inbox import Handlers, Inbox
from chassis.retries import (
    ParkedEventRetry,
    UnknownDeadLetter,
    drop_dead_letter,
    forget_processed,
    list_dead_letters,
    replay_dead_letter,
    retry_broker,
    show_dead_letter,
)
from contracts import Event, MalformedEvent, PaymentVerified, RegistrationCancelled, parse_head
from sqlalchemy import select, text, update
from testkit.example.service import OWNER, cancelled, effects, example_handlers, leave_effect, rows
from testkit.example.tables import service_tables
from testkit.golden import golden
from testkit.polling import eventually

Retrying = Callable[..., Awaitable[None]]

DIES = Path(__file__).parent / "programs" / "retry_that_dies.py"

SOON: dict[str, Any] = {"initial_delay_seconds": 0.02, "max_delay_seconds": 0.05}


@pytest.fixture
async def retrying(database: Database) -> AsyncIterator[Retrying]:
    """Starts the retries of an inbox, with short waits."""
    async with AsyncExitStack() as stopping:

        async def start(inbox: Inbox, **strategy: Any) -> None:
            broker = retry_broker(database, inbox, strategy=ParkedEventRetry(**SOON, **strategy))
            await broker.start()
            stopping.push_async_callback(broker.stop)

        yield start


def failing(*errors: Exception) -> Handlers:
    """Raises each error in turn after leaving an effect, and then handles."""
    left = list(errors)
    handlers = Handlers()

    @handlers.on(RegistrationCancelled)
    async def fail_at_first(event: Event[Any], work: UnitOfWork) -> None:
        await leave_effect(event, work)
        if left:
            raise left.pop(0)

    return handlers


UNREADABLE = [
    pytest.param(cancelled().to_bytes().replace(b'"reason"', b'"why"'), "MalformedEvent", id="other_fields"),
    pytest.param(cancelled().to_bytes().replace(b'"version":1', b'"version":2'), "UnknownEvent", id="newer_version"),
    pytest.param(golden(PaymentVerified).to_bytes(), "UnknownEvent: payment.verified v1 has no", id="no_handler"),
]


async def dead(database: Database) -> dict[str, Any]:
    """The one dead letter."""
    async with database.read() as session:
        return dict((await session.execute(select(service_tables.dead_letters))).mappings().one())


async def test_an_event_that_fails_twice_and_then_works_has_one_effect(database: Database, retrying: Retrying) -> None:
    inbox, event = Inbox(database, failing(LookupError("first"), NotYet("second"))), cancelled()
    await inbox.deliver(event.to_bytes(), OWNER)
    assert await effects(database) == []

    await retrying(inbox)

    await eventually(lambda: effects(database))
    await eventually(lambda: _is_empty(database))
    assert await effects(database) == [event.message_id]
    assert await rows(database, service_tables.dead_letters) == 0


async def test_an_event_that_came_before_the_one_it_needs_works_once_that_one_is_there(
    database: Database, retrying: Retrying
) -> None:
    known: set[object] = set()
    tried: list[object] = []
    handlers = Handlers()

    @handlers.on(RegistrationCancelled)
    async def need_the_registration(event: Event[Any], work: UnitOfWork) -> None:
        tried.append(event.subject)
        if event.subject not in known:
            raise NotYet("the registration is unknown")
        await leave_effect(event, work)

    inbox, event = Inbox(database, handlers), cancelled()
    await inbox.deliver(event.to_bytes(), OWNER)
    await retrying(inbox)
    await eventually(lambda: len(tried) > 2)
    assert await effects(database) == []

    known.add(event.subject)

    await eventually(lambda: effects(database))
    assert await effects(database) == [event.message_id]


async def test_what_works_while_it_still_waits_has_its_effect_once(database: Database, retrying: Retrying) -> None:
    event = cancelled()
    await Inbox(database, failing(LookupError("once"))).deliver(event.to_bytes(), OWNER)
    await Inbox(database, example_handlers()).deliver(event.to_bytes(), OWNER)

    await retrying(Inbox(database, example_handlers()))

    await eventually(lambda: _is_empty(database))
    assert await effects(database) == [event.message_id]


async def test_when_all_tries_are_used_up_the_event_is_a_dead_letter_with_the_reason(
    database: Database, retrying: Retrying
) -> None:
    inbox, event = Inbox(database, failing(*[LookupError("sari@example.com")] * 9)), cancelled()
    await inbox.deliver(event.to_bytes(), OWNER)

    await retrying(inbox, max_attempts=2)

    await eventually(lambda: rows(database, service_tables.dead_letters))
    found = await dead(database)
    assert (found["payload"], found["deliveries_count"]) == (event.to_bytes(), 2)
    assert found["last_exception"] == "LookupError", "the text of an unforeseen error may quote a person"
    assert await rows(database, service_tables.retries) == 0
    assert await effects(database) == []


@pytest.mark.parametrize(("body", "reason"), UNREADABLE)
async def test_what_cannot_be_read_or_is_handled_by_no_one_is_given_up_after_all_tries(
    database: Database, retrying: Retrying, body: bytes, reason: str
) -> None:
    inbox = Inbox(database, example_handlers())
    await inbox.deliver(body, parse_head(body).source)

    await retrying(inbox, max_attempts=3)

    await eventually(lambda: rows(database, service_tables.dead_letters))
    found = await dead(database)
    assert (found["payload"], found["deliveries_count"]) == (body, 3)
    assert found["last_exception"].startswith(reason)


@pytest.mark.parametrize(("body", "reason"), UNREADABLE)
async def test_what_only_a_newer_release_can_read_is_tried_again_for_it_may_be_under_way(
    database: Database, retrying: Retrying, body: bytes, reason: str
) -> None:
    inbox = Inbox(database, example_handlers())
    await inbox.deliver(body, parse_head(body).source)

    await retrying(inbox)

    async def tried_twice() -> bool:
        async with database.read() as session:
            return int((await session.execute(select(service_tables.retries.c.attempts_count))).scalar_one()) >= 2

    await eventually(tried_twice)
    assert await rows(database, service_tables.dead_letters) == 0


async def test_what_a_killed_process_was_retrying_is_tried_again_within_ten_seconds(
    url: str, database: Database, retrying: Retrying
) -> None:
    event = cancelled()
    await Inbox(database, failing(NotYet("wait"))).deliver(event.to_bytes(), OWNER)
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, str(DIES), url], check=False, timeout=25)
    assert killed.returncode == -signal.SIGKILL
    assert await effects(database) == []

    await retrying(Inbox(database, example_handlers()))

    await eventually(lambda: effects(database), within=10)


def test_tries_spread_over_about_an_hour_and_an_outage_ends_none() -> None:
    strategy, now = ParkedEventRetry(), datetime(2027, 1, 1, tzinfo=UTC)

    def delay(attempt: int, error: Exception | None = None) -> float | None:
        return strategy.get_next_attempt_delay(
            first_attempt_at=now, last_attempt_at=now, attempts_count=attempt, exception=error or LookupError()
        )

    delays = [delay(attempt) for attempt in range(1, 20)]
    assert delays[:3] == [0.5, 1.0, 2.0]
    assert max(filter(None, delays)) == 300
    assert timedelta(minutes=40) < timedelta(seconds=sum(filter(None, delays))) < timedelta(minutes=90)
    assert delay(20) is None
    assert delay(500, ConnectionRefusedError()) == 1.0
    assert delay(1, MalformedEvent("no JSON")) == 0.5


async def test_tries_that_the_database_ended_cost_nothing(database: Database, retrying: Retrying) -> None:
    outages = [TimeoutError(), ConnectionResetError(), TimeoutError(), TimeoutError(), NotYet("1"), NotYet("2")]
    event = cancelled()
    await Inbox(database, example_handlers()).schedule_retry(event.to_bytes(), NotYet("too early"))
    soon: dict[str, Any] = {"max_attempts": 3, "outage_delay_seconds": 0.02}

    await retrying(Inbox(database, failing(*outages)), **soon)

    await eventually(lambda: effects(database))
    assert await rows(database, service_tables.dead_letters) == 0


async def test_real_failures_between_those_of_the_database_are_counted(database: Database, retrying: Retrying) -> None:
    """The negative control: three real failures are as many as are allowed, whatever lies between them."""
    errors = [LookupError(), TimeoutError(), NotYet("2"), TimeoutError(), LookupError()]
    event = cancelled()
    await Inbox(database, example_handlers()).schedule_retry(event.to_bytes(), NotYet("too early"))

    await retrying(Inbox(database, failing(*errors)), max_attempts=3, outage_delay_seconds=0.02)

    await eventually(lambda: rows(database, service_tables.dead_letters))
    assert (await dead(database))["deliveries_count"] == 5
    assert await effects(database) == []


async def test_an_event_that_meets_a_lock_again_and_again_is_no_dead_letter(
    database: Database, connect: Callable[..., Database], url: str, retrying: Retrying
) -> None:
    event, tried = cancelled(), []
    handlers = Handlers()

    @handlers.on(RegistrationCancelled)
    async def need_the_lock(event: Event[Any], work: UnitOfWork) -> None:
        tried.append(event)
        await work.session.execute(text("SET LOCAL lock_timeout = '20ms'"))
        await work.session.execute(text("LOCK TABLE effects"))
        await leave_effect(event, work)

    async with connect(url).work() as other:
        await other.session.execute(text("LOCK TABLE effects"))
        await Inbox(database, handlers).schedule_retry(event.to_bytes(), NotYet("too early"))
        await retrying(Inbox(database, handlers), max_attempts=2, outage_delay_seconds=0.02)
        await eventually(lambda: len(tried) > 3)

    await eventually(lambda: effects(database))


def test_tries_that_the_database_ends_come_less_often_the_longer_it_takes_but_every_minute() -> None:
    strategy, begun = ParkedEventRetry(), datetime(2027, 1, 1, tzinfo=UTC)
    since = [timedelta(), timedelta(minutes=1), timedelta(minutes=5), timedelta(days=9)]

    delays = [
        strategy.get_next_attempt_delay(
            first_attempt_at=begun, last_attempt_at=begun + age, attempts_count=0, exception=TimeoutError()
        )
        for age in since
    ]

    assert delays == [1.0, 6.0, 30.0, 60.0]


async def test_a_replayed_dead_letter_gets_a_fresh_set_of_tries(database: Database, retrying: Retrying) -> None:
    inbox, event = Inbox(database, example_handlers()), cancelled()
    await inbox.give_up(event.to_bytes(), "crash_guard", "took its reader down")
    letter = (await list_dead_letters(database))[0]["id"]

    await replay_dead_letter(database, letter, by="staff:1")
    await retrying(inbox)

    await eventually(lambda: effects(database))
    assert await list_dead_letters(database) == []
    assert await _audited(database) == [("staff:1", "dead_letter.replay", str(letter))]


async def test_replaying_what_is_being_tried_already_adds_no_second_row(database: Database) -> None:
    event = cancelled()
    await Inbox(database, failing(NotYet("wait"))).deliver(event.to_bytes(), OWNER)
    await Inbox(database, example_handlers()).give_up(event.to_bytes(), "crash_guard", "took its reader down")

    await replay_dead_letter(database, (await list_dead_letters(database))[0]["id"], by="staff:1")

    assert await rows(database, service_tables.retries) == 1


async def test_dead_letters_are_listed_shown_and_dropped(database: Database) -> None:
    inbox = Inbox(database, example_handlers())
    events = [cancelled() for _ in range(3)]
    for event in events:
        await inbox.give_up(event.to_bytes(), "crash_guard", "took its reader down")

    listed = await list_dead_letters(database)
    assert [row["headers"]["event_id"] for row in listed] == [str(event.message_id) for event in events]
    assert {row["failure_reason"] for row in listed} == {"crash_guard"}
    assert all("payload" not in row for row in listed)
    assert await list_dead_letters(database, limit=1, after=listed[0]["id"]) == [listed[1]]

    shown = await show_dead_letter(database, listed[1]["id"], by="staff:1")
    assert (shown["payload"], shown["last_exception"]) == (
        events[1].to_bytes(),
        "took its reader down",
    )

    await drop_dead_letter(database, listed[1]["id"], by="staff:2")
    assert [row["id"] for row in await list_dead_letters(database)] == [listed[0]["id"], listed[2]["id"]]
    assert await _audited(database) == [
        ("staff:1", "dead_letter.show", str(listed[1]["id"])),
        ("staff:2", "dead_letter.drop", str(listed[1]["id"])),
    ]


async def test_a_dead_letter_that_is_gone_is_unknown(database: Database) -> None:
    with pytest.raises(UnknownDeadLetter):
        await show_dead_letter(database, 42, by="staff:1")
    with pytest.raises(UnknownDeadLetter):
        await replay_dead_letter(database, 42, by="staff:1")
    with pytest.raises(UnknownDeadLetter):
        await drop_dead_letter(database, 42, by="staff:1")
    assert await _audited(database) == []


async def test_notes_of_processed_events_are_forgotten_when_nothing_can_bring_them_back(database: Database) -> None:
    inbox, old, new = Inbox(database, example_handlers()), cancelled(), cancelled()
    for event in (old, new):
        await inbox.deliver(event.to_bytes(), OWNER)
    processed = service_tables.processed
    async with database.work() as work:
        past = update(processed).where(processed.c.event_id == old.message_id)
        await work.session.execute(past.values(processed_at=text("now() - interval '31 days'")))

    await forget_processed(database)

    async with database.read() as session:
        assert (await session.execute(select(processed.c.event_id))).scalars().all() == [new.message_id]


@pytest.mark.parametrize("keep", ["dead_letter", "schedule_retry"])
async def test_the_note_of_an_event_is_kept_while_a_dead_letter_or_a_parked_event_bears_it(
    database: Database, retrying: Retrying, keep: str
) -> None:
    inbox, event = Inbox(database, example_handlers()), cancelled()
    await inbox.deliver(event.to_bytes(), OWNER)
    await (
        inbox.give_up(event.to_bytes(), "crash_guard", "took its reader down")
        if keep == "dead_letter"
        else inbox.schedule_retry(event.to_bytes(), NotYet("wait"))
    )
    await _a_month_passes(database)
    # when
    await forget_processed(database)
    for letter in await list_dead_letters(database):
        await replay_dead_letter(database, letter["id"], by="staff:1")
    await retrying(inbox)
    # then: what was handled has no second effect, and is forgotten after that
    await eventually(lambda: _is_empty(database))
    assert await effects(database) == [event.message_id]
    await forget_processed(database)
    assert await rows(database, service_tables.processed) == 0


async def _a_month_passes(database: Database) -> None:
    async with database.work() as work:
        past = update(service_tables.processed).values(processed_at=text("now() - interval '31 days'"))
        await work.session.execute(past)


async def _is_empty(database: Database) -> bool:
    return await rows(database, service_tables.retries) == 0


async def _audited(database: Database) -> list[tuple[str, str, str]]:
    log = service_tables.audit_log
    async with database.read() as session:
        found = await session.execute(select(log.c.actor, log.c.action, log.c.subject).order_by(log.c.id))
        return [(row.actor, row.action, row.subject) for row in found]
