"""Runners follow their registration on a stream: each change, made by any process, and nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from chassis.auth.access import STAFF_ISSUER
from chassis.auth.principals import Role, TokenKind
from chassis.clock import SKEW
from chassis.telemetry import OPEN_STREAMS
from contracts import StaffSessionsEnded
from registration.streams import queries, watcher
from registration.streams.watcher import Watcher
from sqlalchemy import event
from testkit.polling import eventually

from .registration_driver import RegistrationDriver
from .registration_streams import HEARTBEAT, StreamServer
from .waitlist_driver import WaitlistDriver

QUICK = {"stream_poll_interval_seconds": 0.2, "stream_heartbeat_seconds": 0.3}


class Serving:
    """Starts further API processes on the same database."""

    def __init__(self, driver: RegistrationDriver, stack: AsyncExitStack) -> None:
        self._driver = driver
        self._stack = stack

    async def __call__(self, **settings: Any) -> StreamServer:
        other = self._driver.another_process(**{**QUICK, **settings})
        self._stack.push_async_callback(other.close)
        server = await StreamServer.start(other)
        self._stack.push_async_callback(server.stop)
        return server


@pytest.fixture
async def serve(driver: RegistrationDriver) -> AsyncIterator[Serving]:
    async with AsyncExitStack() as stack:
        yield Serving(driver, stack)


@pytest.fixture
async def server(serve: Serving) -> StreamServer:
    return await serve()


@pytest.fixture
async def entry(driver: RegistrationDriver) -> dict[str, Any]:
    await driver.open_category()
    return await driver.register()


async def test_the_present_state_comes_at_once_and_then_every_change_of_other_processes(
    driver: RegistrationDriver, server: StreamServer, entry: dict[str, Any]
) -> None:
    async with server.stream(entry) as stream:
        first = await stream.event()
        assert first == {
            "registration_id": entry["registration_id"],
            "status": "pending_payment",
            "expires_at": first["expires_at"],
            "revision": 1,
        }
        assert datetime.fromisoformat(first["expires_at"]) == datetime.fromisoformat(entry["expires_at"])
        payment_id = await driver.upload_proof(entry)  # the driver's own process: a worker, or another API
        assert (await stream.event())["status"] == "payment_uploaded"
        driver.clock.advance(timedelta(hours=1))
        await driver.reject(entry, payment_id)
        rejected = await stream.event()
        assert (rejected["status"], rejected["expires_at"] > first["expires_at"]) == ("pending_payment", True)
        await driver.cancel(entry["registration_id"])
        assert (await stream.event())["status"] == "cancelled"
        assert await stream.is_silent()


async def test_without_the_repeated_query_no_change_is_seen(
    driver: RegistrationDriver, server: StreamServer, entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: nothing but the query tells a process of another one's change."""
    async with server.stream(entry) as stream:
        await stream.event()
        monkeypatch.setattr(Watcher, "_show", lambda *_: None)
        await driver.cancel(entry["registration_id"])
        assert await stream.is_silent()


async def test_the_headers_keep_caches_and_proxies_from_holding_it_back(
    server: StreamServer, entry: dict[str, Any]
) -> None:
    async with server.stream(entry) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.headers["Cache-Control"] == "no-store"
        assert stream.headers["X-Accel-Buffering"] == "no"
        assert "Content-Encoding" not in stream.headers
        assert 2000 <= int((await stream.message())["retry"]) <= 5000


async def test_a_client_that_comes_back_gets_what_it_missed_and_nothing_that_it_has(
    driver: RegistrationDriver, serve: Serving, entry: dict[str, Any]
) -> None:
    first, second = await serve(), await serve()
    async with first.stream(entry) as stream:
        seen = (await stream.event())["revision"]
    async with second.stream(entry, last=seen) as stream:
        assert await stream.is_silent()
    await driver.upload_proof(entry)
    async with second.stream(entry, last=seen) as stream:
        newest = await stream.event()
        assert (newest["status"], newest["revision"]) == ("payment_uploaded", seen + 1)
    await first.stop()
    async with second.stream(entry, last=newest["revision"]) as stream:
        assert await stream.is_silent()
        await driver.cancel(entry["registration_id"])
        assert (await stream.event())["revision"] == newest["revision"] + 1


async def test_an_id_from_before_a_restore_of_the_database_gets_the_state(
    server: StreamServer, entry: dict[str, Any]
) -> None:
    async with server.stream(entry, last=99) as stream:
        assert (await stream.event())["revision"] == 1


async def test_a_client_with_the_newest_revision_gets_no_older_one_from_a_read_in_progress(
    driver: RegistrationDriver, server: StreamServer, entry: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that began before the change ends after the client with the change has come."""
    real, began, go_on = queries.differing, asyncio.Event(), asyncio.Event()

    async def slow(*arguments: Any) -> Any:
        found = await real(*arguments)
        began.set()
        await go_on.wait()
        return found

    async with server.stream(entry) as first:
        await first.event()
        await driver.upload_proof(entry)
        monkeypatch.setattr(watcher, "differing", slow)
        await began.wait()
        await driver.cancel(entry["registration_id"])
        second = server.stream(entry, last=3)
        opening = asyncio.create_task(second.__aenter__())
        await eventually(lambda: OPEN_STREAMS.labels("registration")._value.get() == 2)
        go_on.set()
        stream = await opening
        assert (await first.event())["revision"] == 2
        assert (await first.event())["revision"] == 3
        assert await stream.is_silent()
        await second.__aexit__(None, None, None)


async def test_it_is_for_those_who_may_read_the_registration(
    driver: RegistrationDriver, server: StreamServer, entry: dict[str, Any], waitlist: WaitlistDriver
) -> None:
    another = await driver.register()
    unknown = {"registration_id": str(uuid4())}
    assert (await server.refusal(entry, by=driver.runner_of(another)))[:2] == (403, "not_yours")
    assert (await server.refusal(unknown, by=driver.runner_of(entry)))[:2] == (403, "not_yours")
    assert (await server.refusal(entry, by={}))[:2] == (401, "unauthenticated")
    assert (await server.refusal(entry, by=driver.issuer.device(uuid4())))[:2] == (401, "invalid_token")
    assert (await server.refusal(unknown, by=driver.staff(Role.VIEWER)))[:2] == (404, "unknown_registration")
    async with server.stream(entry, by=driver.staff(Role.VIEWER)) as stream:
        assert (await stream.event())["status"] == "pending_payment"


@pytest.mark.parametrize("wrong", ["x", "-1", "1.5", "1,2"])
async def test_an_id_that_no_event_has_is_refused(server: StreamServer, entry: dict[str, Any], wrong: str) -> None:
    status, code, _ = await server.refusal(entry, last=wrong)
    assert (status, code) == (422, "invalid_fields")


async def test_one_registration_has_so_many_streams_and_a_closed_one_makes_room(
    serve: Serving, driver: RegistrationDriver, entry: dict[str, Any]
) -> None:
    server = await serve(stream_max_per_registration=2)
    another = await driver.register()
    async with server.stream(entry) as stream, server.stream(another):
        async with server.stream(entry):
            status, code, headers = await server.refusal(entry)
            assert (status, code, headers["Retry-After"]) == (429, "too_many_streams", "30")
        await _opens(server, entry)
        assert await stream.event()


async def test_a_process_has_so_many_streams(serve: Serving, driver: RegistrationDriver, entry: dict[str, Any]) -> None:
    server = await serve(stream_max_connections=2)
    another, third = await driver.register(), await driver.register()
    async with server.stream(entry), server.stream(another):
        status, code, headers = await server.refusal(third)
        assert (status, code, headers["Retry-After"]) == (503, "streams_exhausted", "30")
        assert OPEN_STREAMS.labels("registration")._value.get() == 2
    await _opens(server, third)
    await eventually(lambda: OPEN_STREAMS.labels("registration")._value.get() == 0)


async def _opens(server: StreamServer, entry: dict[str, Any]) -> None:
    """Wait until a stream can be opened: the server notices a client that left a moment later."""

    async def opened() -> bool:
        async with server._requested(entry, None, None) as response:
            return bool(response.status_code == httpx.codes.OK)

    await eventually(opened)


async def test_a_refused_request_takes_no_place(serve: Serving, driver: RegistrationDriver) -> None:
    server = await serve(stream_max_connections=1)
    for _ in range(3):
        unknown = {"registration_id": str(uuid4())}
        assert (await server.refusal(unknown, by=driver.staff()))[:2] == (404, "unknown_registration")


def _statements(server: StreamServer) -> list[str]:
    """Return a list that grows with the statements of a process."""
    found: list[str] = []
    engine = server.driver.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda _, __, statement, *___: found.append(statement))
    return found


async def test_all_streams_of_a_process_share_one_query(
    serve: Serving, driver: RegistrationDriver, entry: dict[str, Any]
) -> None:
    server = await serve(stream_poll_interval_seconds=0.5)
    entries = [entry, *[await driver.register() for _ in range(4)]]
    statements = _statements(server)
    async with AsyncExitStack() as stack:
        streams = [await stack.enter_async_context(server.stream(each)) for each in entries * 4]
        for stream in streams:
            await stream.event()
        statements.clear()
        await asyncio.sleep(1.6)
        assert 1 <= len(statements) <= 4
        await driver.cancel(entries[2]["registration_id"])
        changed = [await stream.event() for stream in streams[2::5]]
        assert {each["status"] for each in changed} == {"cancelled"}
        assert all([await stream.is_silent(seconds=0.1) for stream in streams[3::5]])
    await eventually(lambda: OPEN_STREAMS.labels("registration")._value.get() == 0)
    await asyncio.sleep(0.6)
    statements.clear()
    await asyncio.sleep(1.2)
    assert statements == [], "nothing is watched"


async def test_new_streams_are_read_together(serve: Serving, driver: RegistrationDriver, entry: dict[str, Any]) -> None:
    server = await serve(stream_max_per_registration=50, stream_poll_interval_seconds=60)
    statements = _statements(server)
    async with AsyncExitStack() as stack:
        opening = (stack.enter_async_context(server.stream(entry)) for _ in range(40))
        for stream in await asyncio.gather(*opening):
            await stream.event()
        assert len(statements) < 20


async def test_heartbeats_come_and_the_stream_ends_in_time(serve: Serving, entry: dict[str, Any]) -> None:
    server = await serve(stream_max_age_seconds=3)
    began = asyncio.get_running_loop().time()
    async with server.stream(entry) as stream:
        await stream.event()
        assert HEARTBEAT in await stream.message()
        assert HEARTBEAT in await stream.message()
        await stream.ended()
    assert 2.3 < asyncio.get_running_loop().time() - began < 8


async def test_it_ends_with_its_token(driver: RegistrationDriver, server: StreamServer, entry: dict[str, Any]) -> None:
    claims = {"role": "admin", "sid": str(uuid4())}
    left = timedelta(seconds=2) - SKEW
    short = driver.issuer.headers(TokenKind.STAFF, STAFF_ISSUER, uuid4(), claims, lifetime=left)
    async with server.stream(entry, by=short) as stream, server.stream(entry) as runners:
        await stream.event()
        await stream.ended(within=5)
        assert await runners.event()
        assert HEARTBEAT in await runners.message()


async def test_it_ends_with_its_session(
    driver: RegistrationDriver, server: StreamServer, entry: dict[str, Any]
) -> None:
    session = uuid4()
    async with server.stream(entry, by=driver.issuer.staff(session_id=session)) as stream:
        await stream.event()
        until = datetime.now(UTC) + timedelta(minutes=5)
        await driver.deliver(StaffSessionsEnded(staff_id=uuid4(), session_ids=(session,), until=until), subject=session)
        await stream.ended(within=8)
