"""Helpers for tests with the simulators: running them, sending requests, waiting for background work."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
import uvicorn
from fastapi import FastAPI

from simulators.lifecycle import Simulators
from simulators.midtrans import MidtransAccount, build_midtrans
from simulators.midtrans.testing import BASE_URL, MidtransCalls
from simulators.settings import Settings

ANY_DEVICE = "a-device"
T = TypeVar("T")


class Stage:
    """Running simulators and an HTTP client of their application."""

    def __init__(self, simulators: Simulators, http: httpx.AsyncClient) -> None:
        self.simulators = simulators
        self.http = http
        self.midtrans = MidtransCalls(simulators.midtrans, http, transport=httpx.ASGITransport(simulators.app))

    async def send(self, *, token: str | None = ANY_DEVICE, **fields: str) -> dict[str, Any]:
        """Call Fonnte's `/send` with a form and return the body of the response."""
        return await self.fonnte("send", token=token, data=fields)

    async def fonnte(self, call: str, *, token: str | None = ANY_DEVICE, **request: Any) -> dict[str, Any]:
        """Call Fonnte's API and return the body of the response.

        Raises:
            httpx.HTTPStatusError: the response is not a success.
        """
        headers = {} if token is None else {"Authorization": token}
        answer = await self.http.post(f"/simulators/fonnte/{call}", headers=headers, **request)
        body: dict[str, Any] = answer.raise_for_status().json()
        return body

    async def mode(self, channel: str, mode: str) -> None:
        """Set the mode of `mail` or `whatsapp`.

        Raises:
            httpx.HTTPStatusError: the mode is unknown.
        """
        (await self.http.post(f"/simulators/{channel}/mode", json={"mode": mode})).raise_for_status()

    async def items(self, channel: str, **query: str) -> list[dict[str, Any]]:
        """Return the items that `mail` or `whatsapp` received, newest last."""
        answer = await self.http.get(f"/simulators/{channel}", params=query)
        items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
        return items


@asynccontextmanager
async def playing(
    *, midtrans_transport: httpx.AsyncBaseTransport | None = None, **settings: Any
) -> AsyncIterator[Stage]:
    """Run simulators with `settings`, on free ports and without delivery delay, until the block ends.

    Args:
        midtrans_transport: posts Midtrans' notifications instead of the network, if it is given.
    """
    simulators = Simulators(
        Settings(**{"fonnte_delivered_after_seconds": 0, **settings}), midtrans_transport=midtrans_transport
    )
    await simulators.start()
    try:
        transport = httpx.ASGITransport(simulators.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            yield Stage(simulators, http)
    finally:
        await simulators.stop()


@asynccontextmanager
async def paying(*, notifying: httpx.AsyncBaseTransport | None = None, **settings: Any) -> AsyncIterator[MidtransCalls]:
    """Run Midtrans alone, in this process and without a socket, until the block ends.

    Notifications go to `midtrans_notification_url` of `settings`; an adapter reaches the API by `api_url` and
    `transport` of what is yielded.

    Args:
        notifying: posts notifications instead of the network, such as `httpx.ASGITransport(app)`.
    """
    account = MidtransAccount(Settings(**settings), notifying)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/simulators/midtrans", build_midtrans(account))
    account.start()
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE_URL) as http:
            yield MidtransCalls(account, http, transport=httpx.ASGITransport(app))
    finally:
        await account.stop()


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """Serve `app` with a real HTTP server on a free local port; yield its base URL."""
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
    """Return the result of `look` as soon as it is true.

    Raises:
        TimeoutError: it was not within `within` seconds.
    """
    deadline = time.monotonic() + within
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen in time")
        await asyncio.sleep(0.01)
    return seen
