"""The database fails: requests get 503, nothing is half done, and registration recovers by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs
from testkit.clocks import ManualClock
from testkit.plugin import FreshDatabase
from testkit.tcp_proxy import TcpProxy

from .registration_driver import RegistrationDriver, settings_for
from .registration_streams import HEARTBEAT, StreamServer

T = TypeVar("T")


@pytest.fixture
async def proxy(fresh_database: FreshDatabase) -> AsyncIterator[TcpProxy]:
    async with TcpProxy(await fresh_database("registration")) as proxy:
        yield proxy


@pytest.fixture
async def driver(proxy: TcpProxy, clock: ManualClock) -> AsyncIterator[RegistrationDriver]:
    made = RegistrationDriver(settings_for(proxy.url), clock=clock)
    yield made
    await made.close()


async def _read(query: Callable[[], Awaitable[T]]) -> T:
    """Return what a query of the test finds, on a fresh connection if the pooled one was cut."""
    try:
        return await query()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    return await query()


async def test_without_its_database_registration_answers_503_and_recovers_by_itself(
    driver: RegistrationDriver, proxy: TcpProxy
) -> None:
    await driver.open_category()
    form = driver.form()
    await proxy.disconnect()
    answers = await asyncio.gather(
        driver.try_register(form=form, key="k-1"), *(driver.try_register() for _ in range(20))
    )
    assert {answer.status for answer in answers} == {503}
    assert all("Retry-After" in answer.headers for answer in answers)
    assert (await driver.http.get("/health/ready")).status_code == 503
    assert (await driver.http.get("/health/live")).status_code == 200
    await proxy.connect()
    answer = await driver.try_register(form=form, key="k-1")
    assert answer.status == 201
    assert (await _read(driver.places))["taken"] == 1
    assert (await driver.http.get("/health/ready")).status_code == 200


async def test_lost_connections_at_any_moment_leave_registrations_and_places_consistent(
    driver: RegistrationDriver, proxy: TcpProxy
) -> None:
    await driver.open_category(quota=500)
    forms = [driver.form() for _ in range(60)]

    async def insist(index: int) -> str:
        for _ in range(200):
            answer = await driver.try_register(form=forms[index], key=f"k-{index}")
            if answer.status == 201:
                return str(answer.body["registration_id"])
            assert answer.status in (409, 503), answer.body
            await asyncio.sleep(0.02)
        raise AssertionError("never got through")

    async def disconnect_repeatedly() -> None:
        for _ in range(4):
            await asyncio.sleep(0.05)
            await proxy.disconnect()
            await proxy.connect()

    *entries, _ = await asyncio.gather(*(insist(index) for index in range(60)), disconnect_repeatedly())
    assert len(set(entries)) == 60
    assert (await _read(driver.places))["taken"] == await _read(driver.live_participants) == 60


async def test_a_stream_stays_while_the_database_is_away_and_goes_on_when_it_is_back(
    driver: RegistrationDriver, proxy: TcpProxy
) -> None:
    await driver.open_category()
    entry = await driver.register()
    process = driver.another_process(stream_poll_interval_seconds=0.1, stream_heartbeat_seconds=0.3)
    server = await StreamServer.start(process)
    async with server.stream(entry) as stream, server.stream(entry, by=driver.staff()) as of_staff:
        await stream.event()
        await of_staff.event()
        with capture_logs() as logs:
            await proxy.disconnect()
            for _ in range(5):
                assert HEARTBEAT in await stream.message(within=5)
            status, code, headers = await server.refusal(entry)
            assert (status, code, "Retry-After" in headers) == (503, "unavailable", True)
            await proxy.connect()
            await _read(lambda: driver.execute("UPDATE registrations SET revision = 7"))
            assert [(await each.event())["revision"] for each in (stream, of_staff)] == [7, 7]
        watched = [each["event"] for each in logs if "watched" in each["event"]]
        assert watched == ["registrations_not_watched", "registrations_watched_again"]
    await server.stop()
    await process.close()
