"""An event has its effect once, however often, from wherever and in whatever company it comes."""

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest
from chassis.database import Database, UnitOfWork
from chassis.errors import NotYet
from chassis.inbox import Handlers, Inbox
from chassis.telemetry import correlation_id
from contracts import Event, Payload, PaymentVerified, RefundDue, RegistrationCancelled, envelope
from sqlalchemy import select, text
from testkit.example.service import OWNER, Connect, cancelled, effects, example_handlers, leave_effect, rows
from testkit.example.tables import Runner, service_tables
from testkit.golden import golden
from testkit.polling import eventually
from testkit.tcp_proxy import TcpProxy

DIES = Path(__file__).parent / "programs" / "inbox_that_dies.py"


class Ended(BaseException):
    """Not an error of the handler: the process is told to end."""


def inbox_that_raises(database: Database, error: BaseException) -> Inbox:
    """Its handler leaves an effect and then raises."""
    handlers = Handlers()

    @handlers.on(RegistrationCancelled)
    async def leave_and_raise(event: Event[Any], work: UnitOfWork) -> None:
        await leave_effect(event, work)
        raise error

    return Inbox(database, handlers)


async def parked(database: Database) -> list[dict[str, Any]]:
    """What waits in the retry table."""
    async with database.read() as session:
        found = await session.execute(select(service_tables.retries).order_by(service_tables.retries.c.id))
        return [dict(row) for row in found.mappings()]


async def test_an_event_that_comes_twice_in_a_row_has_one_effect(database: Database) -> None:
    inbox, event = Inbox(database, example_handlers()), cancelled()

    await inbox.deliver(event.to_bytes(), OWNER)
    await inbox.deliver(event.to_bytes(), OWNER)

    assert await effects(database) == [event.message_id]
    assert await parked(database) == []


async def test_an_event_that_comes_on_many_connections_at_once_has_one_effect(url: str, connect: Connect) -> None:
    processes = [Inbox(connect(url), example_handlers()) for _ in range(3)]
    events = [cancelled() for _ in range(5)]
    deliveries = [inbox.deliver(event.to_bytes(), OWNER) for inbox in processes for event in events for _ in range(3)]

    await asyncio.gather(*deliveries)

    found = Counter(await effects(connect(url)))
    assert found == {event.message_id: 1 for event in events}
    assert await parked(connect(url)) == []


async def test_with_the_guard_off_the_same_deliveries_leave_many_effects(url: str, connect: Connect) -> None:
    """The negative control of the test above."""

    class Forgetful(Inbox):
        async def _is_first(self, event: Event[Any], work: UnitOfWork) -> bool:
            return True

    processes = [Forgetful(connect(url), example_handlers()) for _ in range(3)]
    event = cancelled()

    await asyncio.gather(*(inbox.deliver(event.to_bytes(), OWNER) for inbox in processes for _ in range(3)))

    assert await effects(connect(url)) == [event.message_id] * 9


async def test_what_a_handler_publishes_goes_out_once_as_well(database: Database) -> None:
    handlers = Handlers()

    @handlers.on(RegistrationCancelled)
    async def give_back(event: Event[Any], work: UnitOfWork) -> None:
        assert correlation_id() == work.correlation_id == event.correlation_id
        work.publish(golden(RefundDue).payload, subject=event.subject)

    inbox, event = Inbox(database, handlers), cancelled()
    await inbox.deliver(event.to_bytes(), OWNER)
    await inbox.deliver(event.to_bytes(), OWNER)

    assert await rows(database, service_tables.outbox) == 1


async def test_an_event_without_a_handler_here_is_parked_for_a_newer_release_may_have_one(database: Database) -> None:
    event = golden(PaymentVerified)

    await Inbox(database, example_handlers()).deliver(event.to_bytes(), "payment")

    [row] = await parked(database)
    assert row["headers"] == {
        "event_id": str(event.message_id),
        "event_type": "payment.verified",
        "reason": "UnknownEvent: payment.verified v1 has no handler here",
    }
    assert await rows(database, service_tables.processed) == 0


def test_an_event_has_one_handler() -> None:
    handlers = example_handlers()

    with pytest.raises(TypeError, match=r"registration\.cancelled v1 has a handler already"):
        handlers.on(RegistrationCancelled)(leave_effect)
    assert handlers.kinds == {("registration.cancelled", 1)}


async def test_two_versions_of_an_event_have_each_their_handler(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envelope, "_registry", dict(envelope._registry))

    class CancelledByVote(Payload):
        TYPE: ClassVar[str] = "registration.cancelled"
        VERSION: ClassVar[int] = 2

        votes: int

    handlers, heard = example_handlers(), []

    @handlers.on(CancelledByVote)
    async def count(event: Event[CancelledByVote], work: UnitOfWork) -> None:
        heard.append(event.payload.votes)

    inbox, older = Inbox(database, handlers), cancelled()
    newer = json.loads(cancelled().to_bytes()) | {"version": 2, "payload": {"votes": 3}}

    await inbox.deliver(json.dumps(newer).encode(), OWNER)
    await inbox.deliver(older.to_bytes(), OWNER)

    assert heard == [3]
    assert await effects(database) == [older.message_id]
    assert await parked(database) == []


async def test_what_a_failing_handler_did_is_undone_and_the_event_is_parked_with_the_reason(
    database: Database, logs: list[Any]
) -> None:
    event = cancelled()

    await inbox_that_raises(database, NotYet("the registration is unknown")).deliver(event.to_bytes(), OWNER)

    (row,) = await parked(database)
    assert row["payload"] == event.to_bytes()
    assert row["headers"] == {
        "event_id": str(event.message_id),
        "event_type": "registration.cancelled",
        "reason": "NotYet: the registration is unknown",
    }
    assert await effects(database) == []
    assert await rows(database, service_tables.processed) == 0
    assert [(log["event"], log["log_level"]) for log in logs] == [("event_parked", "info")]


async def test_the_same_event_parked_twice_is_one_row(database: Database) -> None:
    inbox, event, other = inbox_that_raises(database, LookupError("no")), cancelled(), cancelled()

    await asyncio.gather(*(inbox.deliver(each.to_bytes(), OWNER) for each in (event, event, event, other)))

    assert sorted(row["timer_id"] for row in await parked(database)) == sorted(
        map(str, (event.message_id, other.message_id))
    )


async def test_what_a_newer_release_may_read_is_parked_as_it_came(database: Database) -> None:
    inbox = Inbox(database, example_handlers())
    event = cancelled()
    torn = cancelled().to_bytes().replace(b'"revision":2', b'"revision":"two"')
    unknown = event.to_bytes().replace(b'"version":1', b'"version":99')

    await inbox.deliver(torn, OWNER)
    await inbox.deliver(unknown, OWNER)

    malformed, newer = await parked(database)
    assert (malformed["payload"], newer["payload"]) == (torn, unknown)
    assert malformed["headers"]["reason"].startswith("MalformedEvent")
    assert newer["headers"] == {
        "event_id": str(event.message_id),
        "event_type": "registration.cancelled",
        "reason": "UnknownEvent: registration.cancelled v99",
    }


async def test_the_reason_quotes_nobody(database: Database, logs: list[Any]) -> None:
    handlers = Handlers()

    @handlers.on(RegistrationCancelled)
    async def mistake_sari_for_a_number(event: Event[Any], work: UnitOfWork) -> None:
        await work.session.execute(text("SELECT CAST('sari@example.com' AS integer)"))

    await Inbox(database, handlers).deliver(cancelled().to_bytes(), OWNER)

    (row,) = await parked(database)
    assert row["headers"]["reason"] == "DBAPIError"
    assert "sari" not in str(logs)


@pytest.mark.parametrize("error", [asyncio.CancelledError(), Ended()])
async def test_when_the_process_is_told_to_end_amid_a_handler_nothing_stays_and_it_comes_again(
    database: Database, error: BaseException
) -> None:
    event = cancelled()

    with pytest.raises(type(error)):
        await inbox_that_raises(database, error).handle(event.to_bytes())
    assert await effects(database) == []
    assert await parked(database) == []

    await Inbox(database, example_handlers()).deliver(event.to_bytes(), OWNER)
    assert await effects(database) == [event.message_id]


async def test_when_the_process_is_killed_between_effect_and_commit_the_next_delivery_has_the_effect(
    url: str, database: Database
) -> None:
    event = cancelled()
    command = [sys.executable, str(DIES), url]

    killed = await asyncio.to_thread(subprocess.run, command, input=event.to_bytes(), check=False)

    assert killed.returncode == -signal.SIGKILL
    assert await effects(database) == []
    await asyncio.wait_for(Inbox(database, example_handlers()).deliver(event.to_bytes(), OWNER), timeout=10)
    await Inbox(database, example_handlers()).deliver(event.to_bytes(), OWNER)
    assert await effects(database) == [event.message_id]


async def test_while_the_database_is_down_an_event_is_held_and_costs_no_try(
    database: Database, wired: Database, proxy: TcpProxy, logs: list[Any]
) -> None:
    event = cancelled()
    await proxy.disconnect()
    held = asyncio.create_task(Inbox(wired, example_handlers()).deliver_with_backoff(event.to_bytes(), OWNER))
    await eventually(lambda: [log for log in logs if log["event"] == "database_down_holding_event"])
    assert not held.done()

    await proxy.connect()
    await asyncio.wait_for(held, timeout=10)

    assert await effects(database) == [event.message_id]
    assert await parked(database) == []


async def test_a_mistake_of_the_handler_is_not_taken_for_an_outage(database: Database) -> None:
    handlers = Handlers()

    @handlers.on(RegistrationCancelled)
    async def ask_for_too_much(event: Event[Any], work: UnitOfWork) -> None:
        await work.session.execute(select(Runner).where(Runner.number == 2**70))

    await asyncio.wait_for(Inbox(database, handlers).deliver_with_backoff(cancelled().to_bytes(), OWNER), timeout=10)

    assert len(await parked(database)) == 1


async def test_without_patience_an_outage_is_the_callers_to_handle(wired: Database, proxy: TcpProxy) -> None:
    await proxy.disconnect()

    with pytest.raises(OSError, match=r"."):
        await Inbox(wired, example_handlers()).deliver(cancelled().to_bytes(), OWNER)


async def test_what_the_crash_guard_put_aside_is_parked_even_when_the_database_is_down_at_first(
    database: Database, wired: Database, proxy: TcpProxy
) -> None:
    event = cancelled()
    await proxy.disconnect()
    waiting = asyncio.create_task(Inbox(wired, example_handlers()).retry_alone(event.to_bytes(), OWNER))
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done, "nobody else keeps it: giving up here would lose the event"

    await proxy.connect()
    await asyncio.wait_for(waiting, timeout=10)

    assert await rows(database, service_tables.retries) == 1
