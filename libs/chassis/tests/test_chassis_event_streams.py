"""A stream of events lasts while its client reads it, and costs nothing when it does not."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.clock import utcnow
from chassis.process import BackgroundServer
from chassis.telemetry import OPEN_STREAMS
from chassis.web import open_ended
from chassis.web.bodies import BodyLimit
from chassis.web.event_streams import (
    EventStream,
    LatestEvent,
    OpenStreams,
    ServerSentEvent,
    StreamsExhausted,
    StreamTimes,
    TooManyStreams,
)
from chassis.web.middleware import NOTHING_ALLOWED, RequestContext
from chassis.web.problems import PROBLEM_DOCUMENTS
from prometheus_client import REGISTRY
from testkit.polling import eventually
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

GET = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
LARGE = "x" * 1_000_000


class Program:
    """An application with one endless stream for each request, and the server that runs it."""

    def __init__(self) -> None:
        self.events: list[LatestEvent] = []
        self.clients: list[Client] = []
        self.running = 0
        self.times = StreamTimes(heartbeat=0.2, maximum=30)
        app = BodyLimit(self._answer, larger={})
        self.server = BackgroundServer(
            RequestContext(
                app, service="streams", content_security_policy=NOTHING_ALLOWED, error_responses=PROBLEM_DOCUMENTS
            ),
            host="127.0.0.1",
            grace_seconds=20,
        )
        self.server.config.lifespan = "off"

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        events = LatestEvent()
        self.events.append(events)
        self.running += 1
        try:
            stream = EventStream(
                events, times=self.times, until=utcnow() + timedelta(hours=1), still_allowed=self._allowed
            )
            await stream(scope, receive, send)
        finally:
            self.running -= 1

    async def _allowed(self) -> bool:
        return True


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    made = Program()
    yield made
    for client in made.clients:
        await client.leave()
    if made.server.started:
        await made.server.stop()


class Client:
    """A connection that reads when it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def of(cls, program: Program, *, request: bytes = GET) -> "Client":
        """Open a stream; what comes is not read beyond some kilobytes."""
        if not program.server.started:
            await program.server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", program.server.port, limit=1024)
        writer.write(request)
        program.clients.append(cls(reader, writer))
        return program.clients[-1]

    async def until(self, text: bytes, *, within: float = 5.0) -> bytes:
        """Read until `text` has come."""
        found = b""
        async with asyncio.timeout(within):
            while text not in found:
                piece = await self.reader.read(65_536)
                assert piece, found
                found += piece
        return found

    async def rest(self, *, within: float = 5.0) -> bytes:
        """Read until the server closes the connection."""
        async with asyncio.timeout(within):
            return await self.reader.read()

    async def leave(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


def _event(number: int, data: str = "{}") -> ServerSentEvent:
    return ServerSentEvent(str(number), "status", data)


async def test_events_come_as_they_happen_and_heartbeats_between(program: Program) -> None:
    client = await Client.of(program)
    head = await client.until(b"retry: ")
    assert b"text/event-stream\r\n" in head
    program.events[0].put(_event(1, '{"a":1}'))
    assert b'id: 1\nevent: status\ndata: {"a":1}\n\n' in await client.until(b"\n\n")
    await client.until(b":\n\n")
    await client.until(b":\n\n")
    program.events[0].end()
    await client.until(b"0\r\n\r\n")
    await eventually(lambda: program.running == 0)


async def test_a_client_that_leaves_is_noticed(program: Program) -> None:
    program.times = StreamTimes(heartbeat=60, maximum=600)
    client = await Client.of(program)
    await client.until(b"retry: ")
    await client.leave()
    await eventually(lambda: program.running == 0)


async def test_a_client_that_leaves_is_noticed_although_it_sent_another_request(program: Program) -> None:
    """The server tells its newest request only; `Connection` tells the one in progress."""
    program.times = StreamTimes(heartbeat=60, maximum=600)
    client = await Client.of(program, request=GET + GET)
    await client.until(b"retry: ")
    await client.leave()
    await eventually(lambda: program.running == 0)


async def test_a_slow_reader_gets_the_newest_event_and_none_piles_up(program: Program) -> None:
    program.times = StreamTimes(heartbeat=60, maximum=600)
    client = await Client.of(program)
    await eventually(lambda: bool(program.events))
    [connection] = program.server.server_state.connections
    for number in range(200):
        program.events[0].put(_event(number, LARGE))
        await asyncio.sleep(0.002)
    assert connection.transport.get_write_buffer_size() < 2_500_000, (
        "one event that is written, and what the system takes"
    )
    program.events[0].put(_event(1000))
    received = await client.until(b"id: 1000\n", within=10)
    assert received.count(b"id: ") < 100


async def test_a_reader_that_stops_reading_is_cut_off(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_ended, "STALLED_SECONDS", 0.5)
    await Client.of(program)
    await eventually(lambda: bool(program.events))
    for number in range(20):
        program.events[0].put(_event(number, LARGE))
        await asyncio.sleep(0.01)
    await eventually(lambda: not program.server.server_state.connections, within=5)
    assert program.running == 0


async def _reading(program: Program) -> list[Client]:
    clients = [await Client.of(program) for _ in range(3)]
    for client in clients:
        await client.until(b"retry: ")
    return clients


async def _not_reading(program: Program) -> list[Client]:
    """What was sent does not fit into the buffers of the system."""
    clients = [await Client.of(program) for _ in range(3)]
    await eventually(lambda: len(program.events) == 3)
    for number in range(20):
        for events in program.events:
            events.put(_event(number, LARGE))
        await asyncio.sleep(0.01)
    return clients


async def _seconds_to_stop(program: Program) -> float:
    began = time.monotonic()
    await program.server.stop()
    return time.monotonic() - began


@pytest.mark.parametrize("opened", [_reading, _not_reading])
async def test_a_stop_of_the_server_ends_streams_at_once(program: Program, opened: Callable[..., Any]) -> None:
    clients = await opened(program)
    assert await _seconds_to_stop(program) < 3
    assert program.running == 0
    if opened is _reading:
        assert [(await client.rest()).endswith(b"0\r\n\r\n") for client in clients] == [True] * 3


async def test_without_word_of_the_stop_streams_hold_it_up(program: Program) -> None:
    """The negative control: uvicorn's own protocol waits for them."""
    program.server.config.http = HttpToolsProtocol
    program.times = StreamTimes(heartbeat=0.2, maximum=4)
    await _reading(program)
    assert await _seconds_to_stop(program) > 2.5


async def test_a_request_that_arrives_during_the_stop_is_answered_and_holds_nothing_up(program: Program) -> None:
    client = await Client.of(program, request=b"")
    await eventually(lambda: len(program.server.server_state.connections) == 1)
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(_seconds_to_stop(program))
    await asyncio.sleep(0.3)
    client.writer.write(GET)
    assert (await client.rest()).endswith(b"0\r\n\r\n")
    assert await stopping < 3


async def test_a_body_that_does_not_come_ends_the_stream_without_an_error(
    program: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("chassis.web.bodies._SECONDS", -1.5)
    client = await Client.of(program, request=b"GET /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
    await client.until(b"0\r\n\r\n")
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_its_time_in_metrics_ends_with_its_header(program: Program) -> None:
    def seconds() -> float:
        labels = {"service": "streams", "method": "GET", "route": "unmatched", "status": "200"}
        return REGISTRY.get_sample_value("startline_http_request_seconds_sum", labels) or 0.0

    before = seconds()
    client = await Client.of(program)
    await client.until(b":\n\n")
    await client.until(b":\n\n")
    await client.leave()
    await eventually(lambda: program.running == 0)
    assert seconds() - before < 0.1


def test_streams_are_limited_in_all_and_for_each_subject() -> None:
    streams, some, another = OpenStreams("limited", maximum=3, per_subject=2), uuid4(), uuid4()
    with streams.one_of(some), streams.one_of(some):
        with pytest.raises(TooManyStreams), streams.one_of(some):
            pass
        with streams.one_of(another):
            assert (len(streams), OPEN_STREAMS.labels("limited")._value.get()) == (3, 3)
            with pytest.raises(StreamsExhausted), streams.one_of(uuid4()):
                pass
    with streams.one_of(some), streams.one_of(another), streams.one_of(uuid4()):
        assert len(streams) == 3
    assert (len(streams), OPEN_STREAMS.labels("limited")._value.get(), dict(streams._open)) == (0, 0, {})
