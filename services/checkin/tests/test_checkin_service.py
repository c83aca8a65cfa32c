"""The service as a whole: worker, transports, migrations, logs."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
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
from testkit.clocks import ManualClock
from testkit.example.recording_listener import message as message_of
from testkit.logs import log_plainly
from testkit.plugin import FreshDatabase
from testkit.polling import eventually

from .checkin_driver import PIN, WRONG_PIN, CheckinDriver, cancellation, confirmation, person, settings_for


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """Restore the logging that the test found."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    log_plainly()


@asynccontextmanager
async def working(driver: CheckinDriver, transport: Transport) -> AsyncIterator[None]:
    worker = SERVICE.build_worker(driver.settings, driver.database, transport)
    await transport.start()
    await worker.start()
    try:
        yield
    finally:
        await transport.stop()
        await worker.stop()


def message(payload: Payload, driver: CheckinDriver) -> Message:
    event = Event[Any].of(
        payload,
        source="registration",
        subject=payload.registration_id,  # type: ignore[attr-defined]  # both payloads here have it
        occurred_at=driver.clock(),
        correlation_id="test",
    )
    return message_of(event)


async def check_in_with_repeated_messages(driver: CheckinDriver, transport: Transport) -> None:
    """Send a confirmation and a cancellation, every message twice, and check in."""
    station = await driver.set_up_station()
    kept, cancelled = confirmation(runner := person("Ani")), confirmation(person("Bima"))
    async with working(driver, transport):
        for each in (message(kept, driver), message(cancellation(cancelled), driver), message(cancelled, driver)):
            await transport.publish(each)
            await transport.publish(each)

        async def roster_is_right() -> bool:
            rows = await driver.rows("SELECT full_name, cancelled_at IS NULL AS valid FROM roster ORDER BY full_name")
            return rows == [{"full_name": "Ani", "valid": True}, {"full_name": "Bima", "valid": False}]

        await eventually(roster_is_right)
        assert (await driver.try_scan(station.device, runner.ticket_code)).status == 201

        async def nothing_waits() -> bool:
            return await driver.rows("SELECT 1 FROM outbox UNION ALL SELECT 1 FROM event_retries") == []

        await eventually(nothing_waits)


async def test_a_check_in_with_repeated_messages_in_one_process(driver: CheckinDriver) -> None:
    transport = InProcessTransport()
    for service in ("payment", "notification"):
        transport.listen(service, deliver=_ignore, dead_letter=_ignore)
    await check_in_with_repeated_messages(driver, transport)


async def _ignore(_: bytes, __: str) -> None:
    """Other services subscribe to the same events; here they do nothing."""


async def test_a_check_in_with_repeated_messages_over_rabbitmq(
    driver: CheckinDriver, rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> None:
    await check_in_with_repeated_messages(driver, RabbitTransport(rabbitmq_url, names=Names(broker_prefix)))


async def test_the_worker_replaces_a_signing_key_that_is_old(driver: CheckinDriver, clock: ManualClock) -> None:
    await driver.set_up_station()
    clock.advance(timedelta(days=31))

    async def there_is_a_newer_key() -> bool:
        return len(await driver.rows("SELECT 1 FROM signing_keys")) == 2

    async with working(driver, InProcessTransport()):
        await eventually(there_is_a_newer_key)


async def test_the_worker_folds_names_that_an_earlier_release_stored(driver: CheckinDriver) -> None:
    await driver.confirm(person("Jos\u00e9"))
    await driver.execute("UPDATE roster SET search_text = NULL")

    async def the_name_is_folded() -> bool:
        return await driver.rows("SELECT search_text FROM roster") == [{"search_text": "jose"}]

    async with working(driver, InProcessTransport()):
        await eventually(the_name_is_folded)


async def test_two_processes_that_migrate_at_once_build_the_indexes_once(fresh_database: FreshDatabase) -> None:
    """An index that is built concurrently waits for all open snapshots: also of a process that waits for its turn."""
    # given
    url = await fresh_database("checkin")
    await asyncio.to_thread(downgrade, url, "checkin", "0001")
    command = [sys.executable, "-c", f"from chassis.migrations import upgrade; upgrade({url!r}, 'checkin')"]
    driver = CheckinDriver(settings_for(url))
    # when
    async with driver.database.work() as first:
        await first.session.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK_ID})
        both = [asyncio.create_task(asyncio.to_thread(subprocess.run, command, check=False)) for _ in range(2)]
        await eventually(lambda: _both_are_connected(driver), within=30)
    # then
    assert [(await done).returncode for done in both] == [0, 0]
    assert await asyncio.to_thread(drift, url, Base.metadata) == []
    assert await driver.rows("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid") == []
    await driver.close()


async def _both_are_connected(driver: CheckinDriver) -> bool:
    others = "datname = current_database() AND application_name NOT LIKE 'startline%' AND query <> ''"
    return len(await driver.rows(f"SELECT 1 FROM pg_stat_activity WHERE {others}")) == 2


@pytest.mark.usefixtures("restored_logging")
async def test_no_pin_token_or_name_reaches_the_logs(driver: CheckinDriver, capsys: pytest.CaptureFixture[str]) -> None:
    # given
    configure_logging("DEBUG")
    station_id = await driver.open_station()
    device = await driver.log_in(station_id)
    await driver.confirm(runner := person("Zulkarnain Canary"))
    # when
    await driver.scan(device, runner.ticket_code)
    for _ in range(11):
        await driver.try_log_in(station_id, WRONG_PIN)
    # then
    token = device["Authorization"].removeprefix("Bearer ")
    logged = "".join(capsys.readouterr())
    assert "station_locked" in logged
    for secret in (PIN, WRONG_PIN, token, runner.ticket_code, "Canary"):
        assert secret not in logged
