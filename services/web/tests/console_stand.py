"""The console before a real identity, whose way may be cut, and before other APIs whose answers a test chooses."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import httpx
from chassis.auth.principals import Role
from chassis.database import Database
from chassis.secrets import new_key
from fastapi import FastAPI
from identity.service import SERVICE as IDENTITY
from identity.settings import Settings as IdentitySettings
from identity.staff.commands import create_staff
from testkit.clocks import ManualClock
from testkit.plugin import FreshDatabase
from web.service import DATABASE

from . import own_app

PASSWORD: Final = "kupu-kupu di atas pagar"

Answer = Callable[[httpx.Request], httpx.Response]


def nothing_there(_: httpx.Request) -> httpx.Response:
    """Answer as an API without anything."""
    return httpx.Response(404, json={"code": "not_found", "detail": "Nothing here.", "status": 404})


class Way(httpx.AsyncBaseTransport):
    """The way to the APIs.

    Attributes:
        is_cut: whether identity is out of reach.
        loses_next: whether the next answer of identity is lost after it did what it was asked.
        refreshes: how many renewals arrived at identity.
        answer: of the other APIs.
    """

    def __init__(self, identity: FastAPI) -> None:
        self._identity = httpx.ASGITransport(identity)
        self.is_cut = False
        self.loses_next = False
        self.refreshes = 0
        self.answer: Answer = nothing_there

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.startswith("/api/identity/"):
            return self.answer(request)
        if self.is_cut:
            raise httpx.ConnectError("out of reach", request=request)
        self.refreshes += request.url.path.endswith("/refresh")
        response = await self._identity.handle_async_request(request)
        if self.loses_next:
            self.loses_next = False
            raise httpx.ReadTimeout("lost", request=request)
        return response


class ConsoleStand:
    """The console, and the staff who use it.

    Attributes:
        keys: the keys that seal sessions; another process may have others.
    """

    def __init__(self, identity: Database, sessions: Database, clock: ManualClock) -> None:
        settings = IdentitySettings(
            database_url="unused",
            broker_url="amqp://unused",
            secret_keys=new_key(),
            trusted_proxies=1,
            revocation_wait_seconds=0,
            password_memory_kib=19456,
            password_passes=2,
        )
        self._identity_database = identity
        self.sessions = sessions
        self.clock = clock
        self.identity = IDENTITY.build_app(settings, identity, httpx.AsyncClient())
        self.way = Way(self.identity)
        self.keys = new_key()
        self._apis = httpx.AsyncClient(transport=self.way, base_url="http://apis")

    def process(self, **changes: Any) -> FastAPI:
        """Return the application of another process on the same database."""
        return own_app.app_on(
            self._apis, clock=self.clock, database=self.sessions, **{"secret_keys": self.keys, **changes}
        )

    @asynccontextmanager
    async def browser(self, app: FastAPI | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """Open a browser without scripts."""
        transport = httpx.ASGITransport(app or self.process(), raise_app_exceptions=False)
        headers = {"Sec-Fetch-Site": "same-origin", "User-Agent": "Sari's laptop"}
        async with httpx.AsyncClient(transport=transport, base_url=own_app.SITE, headers=headers) as client:
            yield client

    async def hire(self, role: Role = Role.OWNER) -> str:
        """Create a member of staff; return the e-mail address."""
        email = f"{role}@example.com"
        passwords = self.identity.state.passwords
        await create_staff(
            self._identity_database, passwords, name=f"The {role}", email=email, role=role, password=PASSWORD, by="test"
        )
        return email

    async def close(self) -> None:
        """Close what was opened."""
        await self._apis.aclose()


async def log_in(browser: httpx.AsyncClient, email: str, *, to: str = "/console", **fields: str) -> httpx.Response:
    """Send the form of the login."""
    form = {"email": email, "password": PASSWORD, "to": to, **fields}
    return await browser.post("/en/console/login", data=form)


@asynccontextmanager
async def open_stand(fresh_database: FreshDatabase, clock: ManualClock) -> AsyncIterator[ConsoleStand]:
    """Open a stand on databases of its own."""
    urls = await asyncio.gather(fresh_database("identity"), fresh_database("web"))
    async with AsyncExitStack() as stack:
        identity = IDENTITY.open_database(urls[0], clock=clock)
        sessions = DATABASE.open_database(urls[1], clock=clock)
        stand = ConsoleStand(identity, sessions, clock)
        for close in (identity.close, sessions.close, stand.close):
            stack.push_async_callback(close)
        yield stand


def minutes(count: float) -> timedelta:
    """Return a duration."""
    return timedelta(minutes=count)
