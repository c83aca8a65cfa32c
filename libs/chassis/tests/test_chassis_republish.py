"""Events that a restore lost on their way are sent again, and take effect once."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from chassis.database import Database
from chassis.inbox import Inbox
from chassis.relay import relay_broker
from chassis.sent_events.commands import NotKept, republish, require_kept
from chassis.sent_events.queries import count_sent
from chassis.sent_events.rules import Period
from chassis.tables import OUTBOX_QUEUE
from chassis.transports import InProcessTransport
from contracts import RegistrationCancelled
from contracts.topology import subscribers_of
from sqlalchemy import delete, select, text
from testkit.databases import Databases
from testkit.example.recording_listener import RecordingListener
from testkit.example.service import OWNER, PACKAGE, SERVICE, Connect, cancelled, effects, example_handlers, rows
from testkit.example.tables import service_tables
from testkit.plugin import FreshDatabase
from testkit.polling import eventually

Deliver = Callable[[Database], Awaitable[None]]

_TYPE = RegistrationCancelled.TYPE


@pytest.fixture
async def sender(fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    """The database of the service that sends the events."""
    database = Database(await fresh_database(PACKAGE), service=OWNER, tables=service_tables, pool_size=4)
    yield database
    await database.close()


@pytest.fixture
async def deliver(sender: Database) -> Deliver:
    """Relays what waits at the sender to a receiver, until nothing waits."""

    async def run(receiver: Database) -> None:
        inbox, transport = Inbox(receiver, example_handlers()), InProcessTransport()
        for service in subscribers_of(_TYPE):
            if service != SERVICE:
                RecordingListener().at(transport, service)
        transport.listen(SERVICE, deliver=inbox.deliver, dead_letter=inbox.deliver)
        broker = relay_broker(sender, transport)
        async with AsyncExitStack() as stopping:
            await transport.start()
            stopping.push_async_callback(transport.stop)
            await broker.start()
            stopping.push_async_callback(broker.stop)
            await eventually(partial(_is_drained, sender))

    return run


async def _is_drained(database: Database) -> bool:
    return await rows(database, service_tables.outbox) == 0


async def publish(sender: Database, count: int) -> list[UUID]:
    """Leave `count` events in the sender's outbox; their ids."""
    events = [cancelled() for _ in range(count)]
    async with sender.work() as work:
        for event in events:
            await sender.outbox.insert(work.session, queue=OUTBOX_QUEUE, payload=event.to_bytes(), headers=None)
    return [event.message_id for event in events]


async def sent(sender: Database, count: int) -> list[UUID]:
    """Have `count` events leave the outbox, as a relay would; their ids."""
    events = await publish(sender, count)
    async with sender.work() as work:
        await work.session.execute(delete(service_tables.outbox))
    return events


async def since_the_beginning(sender: Database) -> Period:
    async with sender.read() as session:
        began = await session.scalar(text("SELECT min(sent_at) FROM sent_events"))
    return await require_kept(sender, began)


async def waiting(sender: Database) -> Sequence[bytes]:
    async with sender.read() as session:
        return (await session.execute(select(service_tables.outbox.c.payload))).scalars().all()


async def test_a_receiver_that_was_restored_gets_what_it_lost_and_nothing_takes_effect_twice(
    url: str, sender: Database, deliver: Deliver, connect: Connect, databases: Databases
) -> None:
    receiver = connect(url)
    early = await publish(sender, 5)
    await deliver(receiver)
    await receiver.close()
    backup = await databases.clone(urlsplit(url).path.removeprefix("/"))
    late = await publish(sender, 5)
    await deliver(receiver)
    assert sorted(await effects(receiver)) == sorted([*early, *late])

    restored = connect(backup)
    await deliver(restored)
    assert sorted(await effects(restored)) == sorted(early), "the control: nothing comes by itself"

    for _ in range(2):
        period = await since_the_beginning(sender)
        assert await republish(sender, period, by="operator") == Counter({_TYPE: 10})
        await deliver(restored)
        assert sorted(await effects(restored)) == sorted([*early, *late])

    await deliver(receiver)
    assert sorted(await effects(receiver)) == sorted([*early, *late]), "who was not restored ignores them"
    await restored.close()
    await databases.drop(backup)


async def test_events_come_back_as_they_were_in_portions_each_with_an_entry_in_the_audit_log(sender: Database) -> None:
    events = await sent(sender, 7)
    period = await since_the_beginning(sender)

    counts = await republish(sender, period, by="operator", at_once=3)

    assert counts == Counter({_TYPE: 7})
    assert sorted(str(each) for each in events) == sorted(body.decode().split('"')[3] for body in await waiting(sender))
    async with sender.read() as session:
        entries = (await session.execute(select(service_tables.audit_log).order_by("id"))).all()
    assert [entry.details["events"] for entry in entries] == [{_TYPE: 3}, {_TYPE: 3}, {_TYPE: 1}]
    assert {(entry.actor, entry.action, entry.subject) for entry in entries} == {
        ("operator", "events.republish", OWNER)
    }
    assert entries[0].details["since"] == period.start.isoformat()


async def test_what_waits_in_the_outbox_already_is_not_put_there_twice(sender: Database) -> None:
    await sent(sender, 4)
    period = await since_the_beginning(sender)

    for _ in range(2):
        assert await republish(sender, period, by="operator") == Counter({_TYPE: 4})

    assert len(await waiting(sender)) == 4


async def test_an_event_that_is_sent_again_is_not_kept_again(sender: Database) -> None:
    """Otherwise it could be sent again after its subscribers have forgotten it."""
    await sent(sender, 4)
    period = await since_the_beginning(sender)
    await republish(sender, period, by="operator")

    async with sender.work() as work:
        await work.session.execute(delete(service_tables.outbox))

    assert await rows(sender, service_tables.sent) == 4


async def test_events_are_counted_by_type_over_all_days(sender: Database) -> None:
    await sent(sender, 5)
    chosen = "SELECT sent_at + interval '1 day', message_id, 'other', payload FROM sent_events"
    async with sender.work() as work:
        await work.session.execute(text(f"INSERT INTO sent_events {chosen}"))
    today = await since_the_beginning(sender)

    both = await count_sent(sender, Period(today.start, today.end + timedelta(days=1)))

    assert both == Counter({_TYPE: 5, "other": 5})
    assert await count_sent(sender, today) == Counter({_TYPE: 5})


async def test_events_are_counted_in_no_unit_of_work(sender: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await sent(sender, 5)
    period = await since_the_beginning(sender)
    monkeypatch.delattr(Database, "work")

    assert await count_sent(sender, period) == Counter({_TYPE: 5})


async def test_only_events_of_the_period_are_sent_again(sender: Database) -> None:
    await sent(sender, 2)
    async with sender.read() as session:
        between = await sender.server_time(session)
    await sent(sender, 3)
    whole = await since_the_beginning(sender)

    for count, part in ((2, Period(whole.start, between)), (3, Period(between, whole.end))):
        assert (await count_sent(sender, part)).total() == count
        assert (await republish(sender, part, by="operator", at_once=2)).total() == count


async def test_a_period_that_goes_on_ends_now(sender: Database) -> None:
    await sent(sender, 1)
    now, began = datetime.now(UTC), (await since_the_beginning(sender)).start

    period = await require_kept(sender, began, now + timedelta(hours=1))

    assert now - timedelta(seconds=5) < period.end < now + timedelta(minutes=1)


async def test_events_from_before_they_were_kept_are_refused(sender: Database) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)

    with pytest.raises(NotKept, match=r"registration kept no events that were sent at .*, but those from .* on"):
        await require_kept(sender, yesterday)


async def test_events_older_than_what_subscribers_recognise_are_refused(sender: Database) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=16)

    with pytest.raises(NotKept, match="more than 15 days ago"):
        await require_kept(sender, long_ago)


async def test_a_period_that_ends_before_it_begins_is_refused(sender: Database) -> None:
    now = datetime.now(UTC)

    for until in (None, now - timedelta(hours=1)):
        with pytest.raises(NotKept, match="is not before"):
            await require_kept(sender, now + timedelta(minutes=1), until)


async def test_a_period_with_a_gap_is_refused_and_the_end_before_the_gap_is_named(sender: Database) -> None:
    three_days_ago = datetime.now(UTC) - timedelta(days=3)
    start = three_days_ago.replace(hour=0, minute=0, second=0, microsecond=0)
    end = start + timedelta(days=1)
    bounds = f"FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
    async with sender.work() as work:
        await work.session.execute(text(f"CREATE TABLE earlier PARTITION OF sent_events FOR VALUES {bounds}"))

    with pytest.raises(NotKept, match=f"kept no events that were sent at {end:%Y-%m-%d}"):
        await require_kept(sender, start)

    assert await require_kept(sender, start, end) == Period(start, end)
