"""Clients that do what no library does."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> Mapping[str, Any]:
        """The problem document.

        Raises:
            AssertionError: it is none.
        """
        assert self.headers.get("content-type") == "application/problem+json", (self.status, self.headers, self.body)
        found: Mapping[str, Any] = json.loads(self.body)
        assert found["status"] == self.status
        assert found["correlation_id"] == self.headers["x-correlation-id"]
        return found

    @property
    def is_page(self) -> bool:
        """Whether it is HTML."""
        return self.headers.get("content-type", "").startswith("text/html")


class Connection:
    """One TCP connection, from an address of this machine's choice."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int, *, source: str = "127.0.0.1", **options: Any) -> Self:
        """Connect to a port of this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), **options))

    async def send(self, data: bytes) -> None:
        """Write it."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, within: float = 10.0) -> Answer:
        """The next answer; its end is known by its length.

        Raises:
            TimeoutError: none came in time.
            EOFError: the connection was closed without one.
        """
        async with asyncio.timeout(within):
            head = await self._reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines[1:] if line)}
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(lines[0].split()[1]), headers, body)

    async def silent(self, *, for_seconds: float = 0.3) -> bool:
        """Whether nothing comes for a while, and the connection stays."""
        try:
            async with asyncio.timeout(for_seconds):
                await self._reader.read(1)
        except TimeoutError:
            return True
        return False

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


async def ask(port: int, request: bytes, *, source: str = "127.0.0.1", **options: Any) -> Answer:
    """The answer to a request as it is written."""
    connection = await Connection.open(port, source=source, **options)
    try:
        await connection.send(request)
        return await connection.answer()
    finally:
        await connection.close()


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """A request, with the length of its body."""
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: race.example", *length, *headers, "", ""]).encode() + body


def unfinished(method: str, path: str, *headers: str, length: int, sent: bytes = b"{") -> bytes:
    """A request that says it is longer than what is sent of it."""
    head = [f"{method} {path} HTTP/1.1", "Host: race.example", f"Content-Length: {length}", *headers, "", ""]
    return "\r\n".join(head).encode() + sent


class Crowd:
    """Connections that stay open until the end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open = AsyncExitStack()
        self.members: list[Connection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def come(self, count: int, data: bytes, *, source: str = "127.0.0.1") -> list[Connection]:
        """`count` more, each sending `data`."""
        new = await asyncio.gather(*(Connection.open(self._port, source=source) for _ in range(count)))
        for each in new:
            self._open.push_async_callback(each.close)
        await asyncio.gather(*(each.send(data) for each in new))
        self.members += new
        return list(new)


async def answered(connections: list[Connection], *, within: float = 1.0) -> list[int]:
    """The statuses of those who got an answer within a while; the others are still listened to."""

    async def status(each: Connection) -> int | None:
        try:
            return (await each.answer(within=within)).status
        except TimeoutError:
            return None

    found = await asyncio.gather(*map(status, connections))
    return [each for each in found if each is not None]
