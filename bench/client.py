"""A load generator: plain HTTP/1.1 over keep-alive connections, so that the client costs as little as possible."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Answers:
    """What came back. Latencies are seconds, from the moment the request was due."""

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: dict[int, list[float]] = field(default_factory=dict)
    started: float = 0.0
    ended: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.started

    def note(self, status: int, latency: float) -> None:
        """One answer."""
        self.statuses[status] += 1
        self.latencies.setdefault(status, []).append(latency)

    def rate(self, status: int) -> float:
        """Answers of that status per second."""
        return self.statuses[status] / self.seconds

    def percentile(self, status: int, share: float) -> float:
        """The latency that `share` of those answers did not exceed; 0 without any."""
        found = sorted(self.latencies.get(status, ()))
        return found[min(len(found) - 1, int(len(found) * share))] if found else 0.0


def post(path: str, body: bytes, *, key: str | None = None) -> bytes:
    """A whole request."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    if key:
        head += f"Idempotency-Key: {key}\r\n"
    return head.encode() + b"\r\n" + body


class Connection:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int) -> "Connection":
        """Connect."""
        return cls(*await asyncio.open_connection(host, port))

    async def ask(self, request: bytes) -> int:
        """Send a request, read the whole answer, give its status."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        lowered = head.lower()
        start = lowered.find(b"content-length:")
        if start >= 0:
            length = int(lowered[start + 15 : lowered.find(b"\r\n", start)])
            await self._reader.readexactly(length)
        return status

    def close(self) -> None:
        """Disconnect."""
        self._writer.close()


async def closed_loop(host: str, port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Answers:
    """As fast as the answers come, on so many connections."""
    answers = Answers()
    opened = [await Connection.open(host, port) for _ in range(connections)]
    answers.started = time.perf_counter()
    deadline = answers.started + seconds

    async def run(connection: Connection) -> None:
        while time.perf_counter() < deadline:
            request = next(requests, None)
            if request is None:
                return
            begun = time.perf_counter()
            answers.note(await connection.ask(request), time.perf_counter() - begun)

    await asyncio.gather(*(run(connection) for connection in opened))
    answers.ended = time.perf_counter()
    for connection in opened:
        connection.close()
    return answers
