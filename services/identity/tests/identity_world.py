"""The organiser's office for tests: the real application, its people, and the clients they call from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from chassis.auth.principals import Role
from chassis.database import Database
from chassis.secrets import new_key
from identity.accounts.passwords import Passwords
from identity.app import build_app
from identity.base import service_tables
from identity.settings import Settings
from identity.staff.commands import create_staff
from sqlalchemy import text
from testkit.harness import ManualClock

PASSWORD = "kupu-kupu di atas pagar"
ANOTHER_PASSWORD = "perahu kertas 3 layar"
WRONG = "jembatan gantung tua"
HOME = "198.51.100.7"
ELSEWHERE = "203.0.113.9"

_NOBODY = httpx.AsyncClient()  # identity calls nobody


@dataclass(frozen=True)
class Reply:
    """An answer over HTTP."""

    status: int
    body: Any
    headers: httpx.Headers

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.body["code"])

    @property
    def fields(self) -> list[str]:
        """The fields a problem names."""
        return [each["field"] for each in self.body["errors"]]


@dataclass(frozen=True)
class Colleague:
    """A member of staff and their password."""

    id: UUID
    name: str
    email: str
    role: Role
    password: str


@dataclass
class Login:
    """A living session as its client sees it."""

    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """For calls of this client."""
        return {"Authorization": f"Bearer {self.access_token}"}


class Office:
    """Speaks to identity as clients behind one trusted proxy do."""

    def __init__(self, url: str, clock: ManualClock, **settings: Any) -> None:
        self.clock = clock
        self.settings = Settings(
            database_url=url,
            broker_url="amqp://unused",
            trusted_proxies=1,
            **{
                "secret_keys": new_key(),
                "password_memory_kib": 19456,
                "password_passes": 2,
                "revocation_wait_seconds": 0,
                **settings,
            },
        )
        self.database = Database(url, service="identity", tables=service_tables, clock=clock)
        self.app = build_app(self.settings, self.database, _NOBODY)
        self.passwords: Passwords = self.app.state.passwords
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url="http://startline.test"
        )

    def another_process(self, **settings: Any) -> "Office":
        """The same service once more, as a replica or after a restart."""
        return Office(self.settings.database_url, self.clock, secret_keys=self.settings.secret_keys, **settings)

    async def close(self) -> None:
        await self.http.aclose()
        await self.database.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: Login | None = None,
        source: str = HOME,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One call; `source` is the address the proxy saw."""
        sent = {"X-Forwarded-For": source, **(by.headers if by else {}), **(headers or {})}
        answer = await self.http.request(method, f"/api/identity/v1{path}", json=body, headers=sent)
        return Reply(answer.status_code, answer.json() if answer.content else None, answer.headers)

    async def hire(self, role: Role = Role.OWNER, *, name: str = "", email: str = "") -> Colleague:
        """Take somebody on, as the operator does."""
        name = name or f"The {role}"
        email = email or f"{role}@example.com"
        staff_id = await create_staff(
            self.database, self.passwords, name=name, email=email, role=role, password=PASSWORD, by="operator"
        )
        return Colleague(staff_id, name, email, role, PASSWORD)

    async def try_login(self, email: str, password: str = PASSWORD, *, source: str = HOME) -> Reply:
        return await self.call("POST", "/login", {"email": email, "password": password}, source=source)

    async def login(self, who: Colleague, *, password: str = PASSWORD, source: str = HOME) -> Login:
        reply = await self.try_login(who.email, password, source=source)
        assert reply.status == 200, reply.body
        return Login(reply.body["access_token"], reply.body["refresh_token"])

    async def refresh(self, token: str) -> Reply:
        return await self.call("POST", "/refresh", {"refresh_token": token})

    async def refreshed(self, login: Login) -> Login:
        reply = await self.refresh(login.refresh_token)
        assert reply.status == 200, reply.body
        return Login(reply.body["access_token"], reply.body["refresh_token"])

    async def me(self, login: Login) -> Reply:
        return await self.call("GET", "/me", by=login)

    async def change(self, who: Colleague, by: Login, **changes: Any) -> Reply:
        return await self.call("PATCH", f"/staff/{who.id}", changes, by=by)

    async def rows(self, query: str, **values: Any) -> Sequence[Any]:
        """What the database holds."""
        async with self.database.read() as session:
            return (await session.execute(text(query), values)).all()

    async def audited(self, action: str) -> Sequence[Any]:
        """Audit entries of one kind, oldest first."""
        query = "SELECT actor, subject, details FROM audit_log WHERE action = :action ORDER BY id"
        return await self.rows(query, action=action)
