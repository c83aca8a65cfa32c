"""What left the outbox is kept for days, without ever being in the way of what leaves it."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from chassis.database import Database, waits_for_lock
from chassis.migrations import upgrade
from chassis.sent_events.partitions import DAYS_AHEAD, days_ahead, keep_partitions, periods
from chassis.sent_events.rules import Period, gapless
from chassis.tables import OUTBOX_QUEUE
from chassis.transports import InProcessTransport, Message
from chassis.worker import Worker
from contracts import PaymentRejected
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError
from testkit.example.service import PACKAGE, Connect, cancelled, complete, example_handlers, rows
from testkit.example.tables import service_tables
from testkit.golden import golden
from testkit.polling import eventually

from .conftest import Relaying

DIES = Path(__file__).parent / "programs" / "relay_that_dies.py"


class Recording(InProcessTransport):
    """Keeps the ids of what is published."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[str] = []

    async def publish(self, message: Message) -> None:
        self.published.append(message.message_id)


async def publish(database: Database, count: int) -> list[str]:
    """Leave `count` events in the outbox; their ids."""
    async with database.work() as work:
        for _ in range(count):
            event = cancelled()
            await database.outbox.insert(work.session, queue=OUTBOX_QUEUE, payload=event.to_bytes(), headers=None)
        bodies = (await work.session.execute(select(service_tables.outbox.c.payload))).scalars().all()
    return [body.decode().split('"')[3] for body in bodies]


async def kept(database: Database) -> list[str]:
    """The ids of the sent events."""
    async with database.read() as session:
        return [str(each) for each in (await session.execute(select(service_tables.sent.c.message_id))).scalars()]


async def execute(database: Database, statement: str) -> None:
    async with database.work() as work:
        await work.session.execute(text(statement))


async def is_drained(database: Database) -> bool:
    return await rows(database, service_tables.outbox) == 0


def partition(day: datetime) -> str:
    return f"sent_events_{day:%Y%m%d}"


def midnight(days: int = 0) -> datetime:
    """The beginning of today in UTC, or of another day."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=days)


# --- what leaves the outbox


async def test_an_event_that_was_sent_is_kept_as_it_was(database: Database, relaying: Relaying) -> None:
    async with database.work() as work:
        work.publish(golden(PaymentRejected).payload, subject=golden(PaymentRejected).subject)
        [event] = work._events
    transport = Recording()

    await relaying(database, transport)
    await eventually(partial(is_drained, database))

    async with database.read() as session:
        [row] = (await session.execute(select(service_tables.sent))).all()
    assert (str(row.message_id), row.type, row.payload) == (transport.published[0], event.type, event.to_bytes())
    assert abs(datetime.now(UTC) - row.sent_at) < timedelta(minutes=1)


async def test_what_waits_or_was_never_committed_is_not_kept(database: Database) -> None:
    await publish(database, 2)
    async with database.engine.connect() as connection:
        await connection.execute(delete(service_tables.outbox))
        await connection.rollback()

    assert await kept(database) == []
    assert await rows(database, service_tables.outbox) == 2


@pytest.mark.parametrize(("moment", "copies"), [("before_publish", 0), ("after_publish", 0), ("after_delete", 25)])
async def test_a_relay_killed_at_any_moment_leaves_each_event_in_the_outbox_or_a_copy_of_it(
    url: str, database: Database, relaying: Relaying, moment: str, copies: int
) -> None:
    """Between publishing and deleting a kill makes a duplicate, as before, and one copy."""
    events = await publish(database, 30)

    first = await killed_relay(url, moment)
    assert len(await kept(database)) == copies
    assert await rows(database, service_tables.outbox) == 30 - copies

    second = Recording()
    await leases_run_out(database)
    await relaying(database, second)
    await eventually(partial(is_drained, database))
    assert set(first) | set(second.published) == set(events)
    assert sorted(await kept(database)) == sorted(events)


async def killed_relay(url: str, moment: str) -> Sequence[str]:
    """What a relay published before it was killed at that moment."""
    command = [sys.executable, str(DIES), url, moment]
    killed = await asyncio.to_thread(subprocess.run, command, stdout=subprocess.PIPE, check=False, timeout=25)
    assert killed.returncode == -signal.SIGKILL
    return killed.stdout.decode().split()


async def leases_run_out(database: Database) -> None:
    outbox = service_tables.outbox
    async with database.work() as work:
        leased = update(outbox).where(outbox.c.acquired_at.is_not(None))
        await work.session.execute(leased.values(acquired_at=work.now - timedelta(minutes=1)))


@pytest.mark.parametrize(
    "payload",
    [
        b"{}",
        b"\xff\xfe",
        b'{"message_id":"7","type":"' + b"x" * 120 + b'"}',
        b'{"message_id":"' + b"-" * 36 + b'"}',
        b"\\" * 900,
    ],
)
async def test_what_is_no_event_is_kept_too(database: Database, payload: bytes) -> None:
    async with database.work() as work:
        await database.outbox.insert(work.session, queue=OUTBOX_QUEUE, payload=payload, headers=None)
        await work.session.execute(delete(service_tables.outbox))

    async with database.read() as session:
        [row] = (await session.execute(select(service_tables.sent))).all()
    assert (row.type, row.payload) == ("unreadable", payload)


async def test_the_same_event_deleted_twice_at_once_is_kept_once(database: Database) -> None:
    body = cancelled().to_bytes()
    async with database.work() as work:
        for _ in range(2):
            await database.outbox.insert(work.session, queue=OUTBOX_QUEUE, payload=body, headers=None)
        await work.session.execute(delete(service_tables.outbox))

    assert len(await kept(database)) == 1


async def test_an_interrupted_migration_is_run_again_and_keeps_what_is_there(url: str, database: Database) -> None:
    before = await publish(database, 2)
    await execute(database, "DELETE FROM outbox")
    await execute(database, "UPDATE alembic_version SET version_num = '0002'")

    await asyncio.to_thread(upgrade, url, PACKAGE)

    after = await publish(database, 2)
    await execute(database, "DELETE FROM outbox")
    assert sorted(await kept(database)) == sorted([*before, *after])


# --- partitions


async def test_a_missing_partition_does_not_stop_events(database: Database, relaying: Relaying) -> None:
    await execute(database, f"DROP TABLE {partition(midnight())}")
    events, transport = await publish(database, 3), Recording()
    assert await days_ahead(database) == -1

    await relaying(database, transport)
    await eventually(partial(is_drained, database))
    assert sorted(transport.published) == sorted(events)
    assert await kept(database) == []

    await keep_partitions(database, days=7)
    later = await publish(database, 2)
    await eventually(partial(is_drained, database))
    assert sorted(await kept(database)) == sorted(later)
    assert await days_ahead(database) == 7


async def test_a_gap_shows_in_the_periods(database: Database) -> None:
    await execute(database, f"DROP TABLE {partition(midnight())}")
    before = datetime.now(UTC)

    await keep_partitions(database, days=7)

    async with database.read() as session:
        [today] = [each for each in await periods(session) if each.end == midnight(1)]
    assert before - timedelta(seconds=5) < today.start <= datetime.now(UTC) + timedelta(seconds=5)


async def test_tomorrows_missing_partition_shows_in_the_gauge(database: Database) -> None:
    await execute(database, f"DROP TABLE {partition(midnight(1))}")
    assert await days_ahead(database) == 0

    await keep_partitions(database, days=7)

    assert DAYS_AHEAD.labels(database.service)._value.get() == 7


async def test_a_worker_makes_the_partitions(database: Database) -> None:
    await execute(database, f"DROP TABLE {partition(midnight(1))}")
    worker = Worker(database, InProcessTransport(), complete(example_handlers()))

    await worker.start()

    await eventually(partial(_is_ahead, database))
    await worker.stop()


async def _is_ahead(database: Database) -> bool:
    return await days_ahead(database) == 7


async def test_workers_that_make_partitions_at_once_make_each_once(url: str, connect: Connect) -> None:
    databases = [connect(url) for _ in range(4)]
    for day in range(1, 8):
        await execute(databases[0], f"DROP TABLE {partition(midnight(day))}")

    await asyncio.gather(*(keep_partitions(database, days=7) for database in databases))

    assert await days_ahead(databases[0]) == 7


async def old_partition(database: Database, days: int) -> str:
    """A partition for events that were sent so many days ago."""
    name, start, end = partition(midnight(-days)), midnight(-days), midnight(1 - days)
    bounds = f"FROM ('{start.isoformat()}') TO ('{end.isoformat()}')"
    await execute(database, f"CREATE TABLE {name} PARTITION OF sent_events FOR VALUES {bounds}")
    return name


async def test_events_are_kept_for_whole_days_and_then_dropped(database: Database) -> None:
    days = {days: await old_partition(database, days) for days in (1, 3, 4, 30)}

    await keep_partitions(database, days=3)

    async with database.read() as session:
        there = [await session.scalar(text(f"SELECT to_regclass('{name}') IS NOT NULL")) for name in days.values()]
    assert dict(zip(days, there, strict=True)) == {1: True, 3: True, 4: False, 30: False}


async def test_a_reader_of_old_events_delays_the_drop_and_nothing_else(url: str, connect: Connect) -> None:
    database, reader = connect(url), connect(url)
    name = await old_partition(database, 9)
    await execute(database, f"DROP TABLE {partition(midnight(7))}")
    async with reader.read() as session:
        await session.execute(text(f"SELECT count(*) FROM {name}"))

        with pytest.raises(DBAPIError) as waited:
            await keep_partitions(database, days=7)
        assert waits_for_lock(waited.value)
        assert await days_ahead(database) == 7

    await keep_partitions(database, days=7)
    async with database.read() as session:
        assert await session.scalar(text(f"SELECT to_regclass('{name}')")) is None


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(0, None), (1, (1, 4)), (3, (1, 4)), (4, None), (5, (5, 6)), (6, None)],
)
def test_a_period_without_a_gap_ends_where_nothing_was_kept(moment: int, expected: tuple[int, int] | None) -> None:
    def at(hour: int) -> datetime:
        return datetime(2026, 11, 28, hour, tzinfo=UTC)

    kept = [Period(at(2), at(4)), Period(at(5), at(6)), Period(at(1), at(2))]

    assert gapless(kept, at(moment)) == (None if expected is None else Period(*map(at, expected)))
