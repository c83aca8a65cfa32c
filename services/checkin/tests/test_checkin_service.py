"""The service as a whole: migrations, worker, transports, logs."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import structlog
from chassis.migrations import _LOCK_ID, downgrade, drift
from chassis.telemetry import configure_logging
from chassis.transports import InProcessTransport, RabbitTransport, Transport
from chassis.transports.port import Message
from checkin.service import SERVICE
from checkin.tables import Base
from contracts import Event, Payload
from contracts.topology import Names
from sqlalchemy import text
from testkit.brokers import BrokerPrefix
from testkit.example.recording_listener import message as on_its_way
from testkit.harness import ManualClock
from testkit.plugin import FreshDatabase
from testkit.polling import eventually

from .checkin_world import PIN, PackDay, cancellation, confirmation, person


@pytest.fixture
def logging_put_back() -> Iterator[None]:
    """Leaves logging to the next test as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@asynccontextmanager
async def working(day: PackDay, transport: Transport) -> AsyncIterator[None]:
    worker = SERVICE.build_worker(day.settings, day.database, transport)
    await transport.start()
    await worker.start()
    try:
        yield
    finally:
        await transport.stop()
        await worker.stop()


def message(payload: Payload, day: PackDay) -> Message:
    event = Event[Any].of(
        payload,
        source="registration",
        subject=payload.registration_id,  # type: ignore[attr-defined]  # both payloads here have it
        occurred_at=day.database.clock(),
        correlation_id="story",
    )
    return on_its_way(event)


async def a_pick_up_told_over(day: PackDay, transport: Transport) -> None:
    """Confirmed and cancelled come in, a check-in goes out; every message is sent twice."""
    desk = await day.desk()
    coming, going = confirmation(runner := person("Ani")), confirmation(person("Bima"))
    async with working(day, transport):
        for each in (message(coming, day), message(cancellation(going), day), message(going, day)):
            await transport.publish(each)
            await transport.publish(each)

        async def roster_is_right() -> bool:
            rows = await day.rows("SELECT full_name, cancelled_at IS NULL AS good FROM roster ORDER BY full_name")
            return rows == [{"full_name": "Ani", "good": True}, {"full_name": "Bima", "good": False}]

        await eventually(roster_is_right)
        assert (await day.scan(desk.device, runner.ticket_code)).status == 201

        async def nothing_waits() -> bool:
            return await day.rows("SELECT 1 FROM outbox UNION ALL SELECT 1 FROM event_retries") == []

        await eventually(nothing_waits)


async def test_a_pick_up_in_one_process(day: PackDay) -> None:
    transport = InProcessTransport()
    for service in ("payment", "notification"):
        transport.listen(service, deliver=_pass_over, dead_letter=_pass_over)
    await a_pick_up_told_over(day, transport)


async def _pass_over(_: bytes, __: str) -> None:
    """Other services hear the same news; here they are none of our business."""


async def test_a_pick_up_over_rabbitmq(day: PackDay, rabbitmq_url: str, broker_prefix: BrokerPrefix) -> None:
    await a_pick_up_told_over(day, RabbitTransport(rabbitmq_url, names=Names(broker_prefix)))


async def test_the_worker_replaces_a_signing_key_that_is_old(day: PackDay, clock: ManualClock) -> None:
    await day.desk()
    clock.advance(timedelta(days=31))

    async def there_is_a_newer_key() -> bool:
        return len(await day.rows("SELECT 1 FROM signing_keys")) == 2

    async with working(day, InProcessTransport()):
        await eventually(there_is_a_newer_key)


async def test_the_worker_folds_names_that_an_earlier_release_stored(day: PackDay) -> None:
    await day.confirmed(person("Jos\u00e9"))
    await day.execute("UPDATE roster SET search_text = NULL")

    async def the_name_is_folded() -> bool:
        return await day.rows("SELECT search_text FROM roster") == [{"search_text": "jose"}]

    async with working(day, InProcessTransport()):
        await eventually(the_name_is_folded)


async def test_two_processes_that_migrate_at_once_build_the_indexes_once(fresh_database: FreshDatabase) -> None:
    """An index that is built concurrently waits for all open snapshots: also of a process that waits for its turn."""
    # given
    url = await fresh_database("checkin")
    await asyncio.to_thread(downgrade, url, "checkin", "0001")
    command = [sys.executable, "-c", f"from chassis.migrations import upgrade; upgrade({url!r}, 'checkin')"]
    day = PackDay(url)
    # when
    async with day.database.work() as first:
        await first.session.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK_ID})
        both = [asyncio.create_task(asyncio.to_thread(subprocess.run, command, check=False)) for _ in range(2)]
        await eventually(lambda: _both_are_there(day), within=30)
    # then
    assert [(await done).returncode for done in both] == [0, 0]
    assert await asyncio.to_thread(drift, url, Base.metadata) == []
    assert await day.rows("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid") == []
    await day.close()


async def _both_are_there(day: PackDay) -> bool:
    others = "datname = current_database() AND application_name NOT LIKE 'startline%' AND query <> ''"
    return len(await day.rows(f"SELECT 1 FROM pg_stat_activity WHERE {others}")) == 2


@pytest.mark.usefixtures("logging_put_back")
async def test_no_pin_token_or_name_reaches_the_logs(day: PackDay, capsys: pytest.CaptureFixture[str]) -> None:
    # given
    configure_logging("DEBUG")
    station_id = await day.station()
    token = (await day.log_in(station_id)).body["device_token"]
    await day.confirmed(runner := person("Zulkarnain Canary"))
    # when
    await day.scan({"Authorization": f"Bearer {token}"}, runner.ticket_code)
    for _ in range(11):
        await day.log_in(station_id, "528307")
    # then
    said = "".join(capsys.readouterr())
    assert "station_locked" in said
    for secret in (PIN, "528307", token, runner.ticket_code, "Canary"):
        assert secret not in said
