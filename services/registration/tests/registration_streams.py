"""Clients of the stream of a registration, over a real connection."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx
from chassis.process import BackgroundServer
from testkit.driver import Headers

from .registration_driver import RegistrationDriver

HEARTBEAT = ":"


class Stream:
    """An open stream, read message by message. It is read in a task, since a read that is cancelled cannot go on."""

    def __init__(self, response: httpx.Response) -> None:
        self.headers = response.headers
        self._messages: asyncio.Queue[dict[str, str] | None] = asyncio.Queue()
        self.reading = asyncio.create_task(self._read(response))

    async def _read(self, response: httpx.Response) -> None:
        found: dict[str, str] = {}
        async for line in response.aiter_lines():
            if not line:
                self._messages.put_nowait(found)
                found = {}
            else:
                name, _, value = line.partition(": ") if line != HEARTBEAT else (HEARTBEAT, "", "")
                found[name] = value
        self._messages.put_nowait(None)

    async def message(self, *, within: float = 10.0) -> dict[str, str]:
        """Return the fields of the next message; a heartbeat has the field ":"."""
        async with asyncio.timeout(within):
            found = await self._messages.get()
        if found is None:
            raise EOFError
        return found

    async def event(self, *, within: float = 10.0) -> dict[str, Any]:
        """Return the data of the next event, after heartbeats. Its id is its revision."""
        async with asyncio.timeout(within):
            while "event" not in (message := await self.message()):
                pass
        data: dict[str, Any] = json.loads(message["data"])
        assert (message["event"], message["id"]) == ("status", str(data["revision"]))
        return data

    async def is_silent(self, *, seconds: float = 0.6) -> bool:
        """Return whether no event comes for a while."""
        try:
            await self.event(within=seconds)
        except TimeoutError:
            return True
        return False

    async def ended(self, *, within: float = 10.0) -> None:
        """Read until the server ends the stream; fail if it does not, or if the connection breaks."""
        async with asyncio.timeout(within):
            await self.reading


class StreamServer:
    """An API process that serves streams on a port."""

    def __init__(self, driver: RegistrationDriver, server: BackgroundServer) -> None:
        self.driver = driver
        self.server = server
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=httpx.Timeout(10, read=None))

    @classmethod
    async def start(cls, driver: RegistrationDriver) -> Self:
        """Serve the driver's application."""
        server = BackgroundServer(driver.app, host="127.0.0.1", grace_seconds=5)
        await server.start()
        return cls(driver, server)

    async def stop(self) -> None:
        """Stop the clients, then the server."""
        await self.http.aclose()
        await self.server.stop()

    @asynccontextmanager
    async def stream(
        self, entry: dict[str, Any], *, by: Headers | None = None, last: object = None
    ) -> AsyncIterator[Stream]:
        """Open a stream of a registration, as its runner unless headers of another caller are given."""
        async with self._requested(entry, by, last) as response:
            assert response.status_code == 200, await response.aread()
            stream = Stream(response)
            try:
                yield stream
            finally:
                stream.reading.cancel()
                await asyncio.wait({stream.reading})

    async def refusal(
        self, entry: dict[str, Any], *, by: Headers | None = None, last: object = None
    ) -> tuple[int, str, httpx.Headers]:
        """Return status, code and headers of the answer to a request for a stream that is refused."""
        async with self._requested(entry, by, last) as response:
            assert response.status_code >= 400
            return response.status_code, json.loads(await response.aread())["code"], response.headers

    def _requested(self, entry: dict[str, Any], by: Headers | None, last: object) -> Any:
        headers = dict(self.driver.runner_of(entry) if by is None else by)
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        path = self.driver.url(f"/registrations/{entry['registration_id']}/stream")
        return self.http.stream("GET", path, headers=headers)
