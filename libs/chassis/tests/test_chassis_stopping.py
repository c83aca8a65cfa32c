"""A server that is told to stop answers whoever has connected, and refuses everybody after that."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import uvloop
from chassis.process import BackgroundServer
from chassis.web.server import BoundedHttp
from chassis.web.stopping import StoppingLoop
from testkit.polling import eventually
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

POST = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
ANSWERED, LOST = "answered", "lost"

Connected = Callable[[BackgroundServer], Awaitable[list[socket.socket]]]


async def created(scope: Any, receive: Any, send: Any) -> None:
    """Answer 201 after a moment, as somebody who asks a database."""
    await asyncio.sleep(0.01)
    await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


def connect(port: int, data: bytes = POST) -> socket.socket:
    """A connection that the system has made, and the server has not looked at: the loop does not run meanwhile."""
    client = socket.create_connection(("127.0.0.1", port), timeout=5)
    client.sendall(data)
    return client


def fate(client: socket.socket) -> str:
    with client:
        try:
            said = b"".join(iter(lambda: client.recv(1000), b""))
        except ConnectionResetError:
            return LOST
    return ANSWERED if said.startswith(b"HTTP/1.1 201") and b"connection: close" in said else LOST


async def fates(connected: Connected, http: type[Any]) -> set[str]:
    """What becomes of the connections there are when a server stops; after that nobody gets one."""
    server = BackgroundServer(created, host="127.0.0.1", grace_seconds=5)
    server.config.http, server.config.lifespan = http, "off"
    await server.start()
    port, clients = server.port, await connected(server)
    server.servers[0].close()  # the first that uvicorn does; here before the loop can accept anybody
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        connect(port)
    return {await asyncio.to_thread(fate, client) for client in clients}


async def not_accepted(server: BackgroundServer) -> list[socket.socket]:
    return [connect(server.port) for _ in range(5)]


async def accepted_and_silent(server: BackgroundServer) -> list[socket.socket]:
    """Accepted; of the request nothing came, or a part."""
    clients = [connect(server.port, data) for data in (b"", POST[:20])]
    await eventually(lambda: len(server.server_state.connections) == len(clients))
    await asyncio.sleep(0.05)
    asyncio.get_running_loop().call_later(0.2, go_on, clients)
    return clients


def go_on(clients: list[socket.socket]) -> None:
    for client, rest in zip(clients, (POST, POST[20:]), strict=True):
        with suppress(ConnectionError):
            client.sendall(rest)


@pytest.mark.parametrize(("loop", "outcome"), [(StoppingLoop, ANSWERED), (uvloop.Loop, LOST)])
def test_who_waits_to_be_accepted_is_answered(loop: type[Any], outcome: str) -> None:
    """The negative control: with the loop as it comes, they are lost."""
    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(fates(not_accepted, BoundedHttp)) == {outcome}


@pytest.mark.parametrize(("http", "outcome"), [(BoundedHttp, ANSWERED), (HttpToolsProtocol, LOST)])
def test_who_is_about_to_ask_is_answered(http: type[Any], outcome: str) -> None:
    """The negative control: uvicorn's own protocol hangs up."""
    with asyncio.Runner(loop_factory=StoppingLoop) as runner:
        assert runner.run(fates(accepted_and_silent, http)) == {outcome}
