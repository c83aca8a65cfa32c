"""A load generator: plain HTTP/1.1 over keep-alive connections, in callbacks, so that it costs as little as possible.

A closed loop sends as fast as the answers come, and so asks less of a slow server. An open loop sends on a schedule
that knows nothing of the answers, as a crowd does; its latencies count from the moment a request was due.
"""

import asyncio
import gc
import itertools
import random
import resource
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple, cast

BROKEN = 0
"""In place of a status: the connection ended before the answer did."""

_GIVE_UP_AFTER = 30.0
_SENT_AT_ONCE = 16


class Answer(NamedTuple):
    """What came back: its status, the moment it was due (seconds since the start) and how long it took after that."""

    status: int
    due: float
    latency: float


@dataclass
class Answers:
    """Everything that came back. Times are in seconds; `generator_cores` is the CPU that asking cost."""

    found: list[Answer] = field(default_factory=list)
    seconds: float = 0.0
    generator_cores: float = 0.0

    @property
    def statuses(self) -> Counter[int]:
        """How many answers of each status."""
        return Counter(answer.status for answer in self.found)

    def rate(self, status: int) -> float:
        """Answers of that status per second."""
        return self.statuses[status] / self.seconds

    def rate_until(self, status: int, moment: float) -> float:
        """Answers of that status per second up to a moment: what came while others still did."""
        return sum(each.status == status and each.due + each.latency <= moment for each in self.found) / moment

    def percentile(self, status: int, share: float) -> float:
        """The latency that `share` of the answers with that status did not exceed; 0 without any."""
        return percentile([answer.latency for answer in self.found if answer.status == status], share)


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of them did not exceed; 0 without any."""
    found = sorted(values)
    return found[min(len(found) - 1, int(len(found) * share))] if found else 0.0


def get(path: str, headers: Mapping[str, str]) -> bytes:
    """A whole request."""
    return _head("GET", path, headers)


def post(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A whole request."""
    return _head("POST", path, {"Content-Length": str(len(body)), **headers}) + body


def _head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _whole_length(answer: bytes) -> int:
    """Of head and body together; 0 while the head is not complete."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head = answer[:end].lower()
    start = head.index(b"content-length:") + 15
    return end + 4 + int(head[start:].partition(b"\r\n")[0])


class _Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time. Answers must say their length."""

    def __init__(self, done: Callable[["_Connection", int], None]) -> None:
        self._done = done
        self._buffer = b""
        self._expected = 0
        self._busy = False
        self._transport: asyncio.Transport | None = None
        self.due = 0.0
        self.gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes, due: float) -> None:
        """Ask; the answer is reported to `done`."""
        self.due, self._busy = due, True
        if self._transport is None or self.gone:
            self._answered(BROKEN)
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._expected:
            self._expected = _whole_length(self._buffer)
        if self._expected and len(self._buffer) >= self._expected:
            status, self._buffer, self._expected = int(self._buffer[9:12]), b"", 0
            self._answered(status)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self.gone = True
        if self._busy:
            self._answered(BROKEN)

    def close(self) -> None:
        """Disconnect."""
        if self._transport is not None:
            self._transport.abort()

    def _answered(self, status: int) -> None:
        self._busy = False
        self._done(self, status)


class _Crowd:
    """Connections, each taking the next request when it is free.

    Args:
        next_request: what to send and when that was due; None lets the connection rest.
    """

    def __init__(self, ports: Sequence[int], next_request: Callable[[], tuple[bytes, float] | None]) -> None:
        self._ports = ports
        self._next_request = next_request
        self._all: list[_Connection] = []
        self._under_way = 0
        self._begun = 0.0
        self.resting: list[_Connection] = []
        self.answers = Answers()
        self.quiet = asyncio.Event()
        self.quiet.set()

    async def connect(self, count: int) -> None:
        """Open so many connections, all at rest, to one process after the other."""
        loop = asyncio.get_running_loop()
        for _, port in zip(range(count), itertools.cycle(self._ports), strict=False):
            _, connection = await loop.create_connection(lambda: _Connection(self._done), "127.0.0.1", port)
            self._all.append(connection)
        self.resting = list(self._all)

    @asynccontextmanager
    async def measured(self) -> AsyncIterator[float]:
        """From the first request, at the moment this yields, to the last answer."""
        gc.disable()  # or it would look through all the requests now and then, and answers would seem late
        before, self._begun = _own_cpu(), time.perf_counter()
        yield self._begun
        with suppress(TimeoutError):
            await asyncio.wait_for(self.quiet.wait(), _GIVE_UP_AFTER)
        self.answers.seconds = time.perf_counter() - self._begun
        self.answers.generator_cores = (_own_cpu() - before) / self.answers.seconds
        gc.enable()
        for connection in self._all:
            connection.close()
        await self.quiet.wait()  # who got no answer until now is told so by the end of the connection

    def work(self) -> None:
        """Somebody who rests takes the next request."""
        while self.resting:
            connection = self.resting.pop()
            if not connection.gone:
                self._take_next(connection)
                return

    def _take_next(self, connection: _Connection) -> None:
        found = self._next_request()
        if found is None:
            self.resting.append(connection)
            return
        self._under_way += 1
        self.quiet.clear()
        connection.send(*found)

    def _done(self, connection: _Connection, status: int) -> None:
        latency = time.perf_counter() - connection.due
        self._under_way -= 1
        self.answers.found.append(Answer(status, connection.due - self._begun, latency))
        if not connection.gone:
            self._take_next(connection)
        if not self._under_way:
            self.quiet.set()


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def closed_loop(ports: Sequence[int], requests: Iterator[bytes], *, connections: int, seconds: float) -> Answers:
    """As fast as the answers come, on so many connections."""

    def next_request() -> tuple[bytes, float] | None:
        now = time.perf_counter()
        request = next(requests, None) if now < deadline else None
        return None if request is None else (request, now)

    crowd = _Crowd(ports, next_request)
    await crowd.connect(connections)
    async with crowd.measured() as begun:
        deadline = begun + seconds
        for _ in range(connections):
            crowd.work()
    return crowd.answers


async def open_loop(
    ports: Sequence[int], requests: Iterable[bytes], *, rate: float, seconds: float, connections: int
) -> Answers:
    """As many a second as `rate` says, at random moments (Poisson), however slow the answers are."""
    line: deque[tuple[bytes, float]] = deque()
    crowd = _Crowd(ports, lambda: line.popleft() if line else None)
    await crowd.connect(connections)
    async with crowd.measured() as begun:
        for number, (request, due) in enumerate(zip(requests, _arrivals(rate, seconds), strict=False)):
            early = begun + due - time.perf_counter()
            if early > 0 or number % _SENT_AT_ONCE == 0:
                await asyncio.sleep(max(0.0, early))  # at least lets answers in
            line.append((request, begun + due))
            crowd.work()
    return crowd.answers


def _arrivals(rate: float, seconds: float) -> Iterator[float]:
    moments = random.Random(2027)  # noqa: S311  # the same crowd every time
    at = moments.expovariate(rate)
    while at < seconds:
        yield at
        at += moments.expovariate(rate)
