"""The example service on a real database, and the ways to break it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog.testing
from chassis.auth.access import device_verifier, keys_over_http, runner_verifier, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.database import Database
from chassis.relay import relay_broker
from chassis.transports import Transport
from chassis.web.api import build_api
from chassis.web.routing import Router
from fastapi import FastAPI
from testkit.clocks import ManualClock
from testkit.example.service import PACKAGE, SERVICE, Browse, BuildApp, Connect, example_database
from testkit.plugin import FreshDatabase
from testkit.tcp_proxy import TcpProxy
from testkit.tokens import Issuer

Relaying = Callable[[Database, Transport], Awaitable[None]]
"""Starts a relay."""


class NoneEnded:
    """Stands for `EndedSessions` where there is no database."""

    async def refuse_ended(self, session_id: UUID) -> None:
        """Let every session go on."""


@pytest.fixture
async def url(fresh_database: FreshDatabase) -> str:
    """A migrated database of the example."""
    return await fresh_database(PACKAGE)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Opens databases as further processes would; they are closed after the test."""
    async with AsyncExitStack() as closing:

        def open_database(url: str, **options: Any) -> Database:
            database = example_database(url, **options)
            closing.push_async_callback(database.close)
            return database

        yield open_database


@pytest.fixture
async def database(url: str, clock: ManualClock, connect: Connect) -> Database:
    return connect(url, clock=clock)


@pytest.fixture
async def proxy(url: str) -> AsyncIterator[TcpProxy]:
    """The wire between the example and its database."""
    async with TcpProxy(url) as proxy:
        yield proxy


@pytest.fixture
async def wired(proxy: TcpProxy, connect: Connect) -> Database:
    """The example's database at the end of the proxy."""
    return connect(proxy.url)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
async def build_app(issuer: Issuer, connect: Connect) -> AsyncIterator[BuildApp]:
    """Builds the example's application around any routers; without a database, unless it is given one."""
    nowhere = connect("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    async with issuer.http() as http:
        verifiers = {
            TokenKind.STAFF: staff_verifier(keys_over_http(http, "http://identity.test/jwks.json")),
            TokenKind.RUNNER: runner_verifier(keys_over_http(http, "http://registration.test/jwks.json")),
            TokenKind.DEVICE: device_verifier(keys_over_http(http, "http://checkin.test/jwks.json")),
        }

        def build(*routers: Router, on: Database = nowhere, **options: Any) -> FastAPI:
            app = build_api(SERVICE, on, routers, verifiers=verifiers, **options)
            if on is nowhere:
                app.state.ended_sessions = NoneEnded()
            return app

        yield build


@pytest.fixture
async def browse() -> AsyncIterator[Browse]:
    """Makes clients of an application, for whom its errors are answers."""
    async with AsyncExitStack() as closing:
        clients: list[httpx.AsyncClient] = []

        def client(app: FastAPI) -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            clients.append(httpx.AsyncClient(transport=transport, base_url="http://startline.test/api/payment/v1"))
            closing.push_async_callback(clients[-1].aclose)
            return clients[-1]

        yield client


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[Any]]:
    """What our own code logged in this test."""
    with structlog.testing.capture_logs() as found:
        yield found


@pytest.fixture
async def relaying() -> AsyncIterator[Relaying]:
    """Starts relays that are stopped after the test."""
    async with AsyncExitStack() as stopping:

        async def start(database: Database, transport: Transport) -> None:
            broker = relay_broker(database, transport)
            await broker.start()
            stopping.push_async_callback(broker.stop)

        yield start
