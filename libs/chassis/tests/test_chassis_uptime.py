"""The record of when a service was open: beats, and the outages between them."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from chassis.database import Database
from chassis.tables import TYPES, new_metadata
from chassis.uptime.beats import beat, beating, report_closed
from chassis.uptime.queries import open_until
from chassis.uptime.rules import BEAT_EVERY, LONGEST_GAP, advanced, is_closed
from chassis.uptime.tables import OutageColumns, UptimeColumns, UptimeRecord, outage_checks, uptime_checks
from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import func, literal, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase
from structlog.testing import capture_logs
from testkit.clocks import ManualClock
from testkit.polling import eventually

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Base(DeclarativeBase):
    metadata = new_metadata()
    type_annotation_map = TYPES


class Uptime(UptimeColumns, Base):
    __table_args__ = uptime_checks()


class Outage(OutageColumns, Base):
    __table_args__ = outage_checks()


RECORD = UptimeRecord(Uptime, Outage)


@pytest.fixture
async def recorded(database: Database) -> Database:
    """The example's database with the record's tables."""
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    return database


async def outages(database: Database) -> Sequence[tuple[datetime, datetime]]:
    async with database.read() as session:
        found = (await session.execute(select(Outage.began_at, Outage.ended_at).order_by(Outage.id))).all()
    return [(row.began_at, row.ended_at) for row in found]


async def last_open(database: Database) -> datetime | None:
    async with database.read() as session:
        return await open_until(session, RECORD)


NOW = datetime.fromisoformat("2026-11-26T12:00:00+00:00")


@pytest.mark.parametrize(("gap", "closed"), [(LONGEST_GAP, False), (LONGEST_GAP + MINUTE / 60, True), (-HOUR, False)])
def test_a_service_is_closed_when_its_last_beat_is_too_old(gap: timedelta, *, closed: bool) -> None:
    assert is_closed(NOW - gap, NOW) is closed


@pytest.mark.parametrize(
    ("before", "after"), [(-HOUR, timedelta()), (MINUTE, MINUTE), (LONGEST_GAP, LONGEST_GAP), (HOUR, timedelta())]
)
def test_a_beat_moves_back_only_what_a_wrong_clock_recorded(before: timedelta, after: timedelta) -> None:
    assert advanced(NOW + before, NOW) == NOW + after


async def test_the_first_beat_ends_no_outage(recorded: Database) -> None:
    assert await last_open(recorded) is None
    await beat(recorded, RECORD)
    assert await last_open(recorded) is not None
    assert await outages(recorded) == []


async def test_a_gap_between_two_beats_is_an_outage_and_a_short_one_is_none(
    recorded: Database, clock: ManualClock
) -> None:
    await beat(recorded, RECORD)
    clock.advance(2 * MINUTE)
    await beat(recorded, RECORD)
    last = await last_open(recorded)
    clock.advance(HOUR)
    await beat(recorded, RECORD)
    await beat(recorded, RECORD)
    [(began, ended)] = await outages(recorded)
    assert began == last
    assert HOUR <= ended - began < HOUR + MINUTE


async def test_of_beats_at_once_one_records_the_outage(recorded: Database, clock: ManualClock) -> None:
    await beat(recorded, RECORD)
    clock.advance(HOUR)
    await asyncio.gather(*(beat(recorded, RECORD) for _ in range(4)))
    assert len(await outages(recorded)) == 1


async def test_an_outage_begins_no_earlier_than_a_sign_of_an_older_release(
    recorded: Database, clock: ManualClock
) -> None:
    await beat(recorded, RECORD)
    sign = clock() + HOUR
    signs = UptimeRecord(Uptime, Outage, signs=(select(literal(sign)).scalar_subquery(),))
    clock.advance(2 * HOUR)
    await beat(recorded, signs)
    assert [began for began, _ in await outages(recorded)] == [sign]
    clock.advance(MINUTE)
    await beat(recorded, signs)
    assert len(await outages(recorded)) == 1


async def test_clocks_that_differ_too_much_do_not_record_time_twice(recorded: Database, clock: ManualClock) -> None:
    for _ in range(8):
        await beat(recorded, RECORD)
        clock.advance(BEAT_EVERY)
        with clock.differing(10 * MINUTE):
            await beat(recorded, RECORD)
    found = await outages(recorded)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(found))
    assert sum((end - begin for begin, end in found), timedelta()) < 15 * MINUTE


async def test_the_database_keeps_one_row_and_the_order_of_an_outage(recorded: Database) -> None:
    impossible: list[Any] = [
        Uptime(id=2, open_until=NOW),
        Outage(began_at=NOW, ended_at=NOW),
    ]
    for row in impossible:
        with pytest.raises(IntegrityError):
            async with recorded.work() as work:
                work.session.add(row)


async def test_a_process_beats_in_the_background_until_it_ends(recorded: Database) -> None:
    async def beaten() -> bool:
        return await last_open(recorded) is not None

    async with beating(lambda: beat(recorded, RECORD)):
        await eventually(beaten)
    assert "beat" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_the_time_without_a_beat_is_measured_and_logged(recorded: Database, clock: ManualClock) -> None:
    gauge = Gauge("closed_seconds", "For this test", registry=CollectorRegistry())
    await report_closed(recorded, RECORD, gauge)
    assert gauge._value.get() == 0
    await beat(recorded, RECORD)
    for time, names in ((MINUTE, []), (HOUR, ["payment_closed"])):
        clock.advance(time)
        with capture_logs() as logs:
            await report_closed(recorded, RECORD, gauge)
        assert [each["event"] for each in logs] == names
    assert 3660 <= gauge._value.get() < 3720


async def test_outages_have_ids_in_the_order_of_time(recorded: Database, clock: ManualClock) -> None:
    for _ in range(3):
        await beat(recorded, RECORD)
        clock.advance(HOUR)
    await beat(recorded, RECORD)
    found = await outages(recorded)
    assert found == sorted(found)
    async with recorded.read() as session:
        assert (await session.execute(select(func.count(Outage.id)))).scalar_one() == 3
