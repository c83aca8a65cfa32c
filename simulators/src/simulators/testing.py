"""For tests against the simulators: run them for a while, talk to them, wait for what happens in the background."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
import uvicorn

from simulators.lifecycle import Simulators
from simulators.settings import Settings

ANY_DEVICE = "a-device"
T = TypeVar("T")


class Stage:
    """Running simulators and an HTTP client on their app."""

    def __init__(self, simulators: Simulators, http: httpx.AsyncClient) -> None:
        self.simulators = simulators
        self.http = http

    async def send(self, *, token: str | None = ANY_DEVICE, **fields: str) -> dict[str, Any]:
        """Call Fonnte's `/send` with a form; gives the answer's body."""
        return await self.fonnte("send", token=token, data=fields)

    async def fonnte(self, call: str, *, token: str | None = ANY_DEVICE, **request: Any) -> dict[str, Any]:
        """Call Fonnte's API. Raises `httpx.HTTPStatusError` unless the answer is a success."""
        headers = {} if token is None else {"Authorization": token}
        answer = await self.http.post(f"/simulators/fonnte/{call}", headers=headers, **request)
        body: dict[str, Any] = answer.raise_for_status().json()
        return body

    async def mode(self, channel: str, mode: str) -> None:
        """Set how `mail` or `whatsapp` behaves. Raises `httpx.HTTPStatusError` for an unknown mode."""
        (await self.http.post(f"/simulators/{channel}/mode", json={"mode": mode})).raise_for_status()

    async def items(self, channel: str, **query: str) -> list[dict[str, Any]]:
        """What `mail` or `whatsapp` received, newest last."""
        answer = await self.http.get(f"/simulators/{channel}", params=query)
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items


@asynccontextmanager
async def playing(**settings: Any) -> AsyncIterator[Stage]:
    """Simulators with `settings`, on free ports, deliveries at once, for the length of the block."""
    simulators = Simulators(Settings(**{"fonnte_delivered_after_seconds": 0, **settings}))
    await simulators.start()
    try:
        transport = httpx.ASGITransport(simulators.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://simulators") as http:
            yield Stage(simulators, http)
    finally:
        await simulators.stop()


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """`app` behind a real HTTP server on a free port of this machine; gives its base URL."""
    taken = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[taken]))
    try:
        await eventually(lambda: server.started)
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def eventually(look: Callable[[], T], *, within: float = 5.0) -> T:
    """What `look` returns as soon as that is true. Raises `TimeoutError` after `within` seconds."""
    deadline = time.monotonic() + within
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen in time")
        await asyncio.sleep(0.01)
    return seen
