"""The base of the drivers through which tests use a service: its real application and handlers, its own database.

Every service's tests have a `<Service>Driver` with the same verbs. A verb that may be refused comes in two forms:
`try_register` returns the `Answer`, `register` requires success and returns what was made.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID

import httpx
from chassis.auth.principals import Role
from chassis.clock import Clock
from chassis.database import Database, UnitOfWork
from chassis.errors import NotYet
from chassis.inbox import Handler, Handlers, Inbox
from chassis.service import Service
from chassis.settings import ServiceSettings
from contracts import Event, Payload, parse
from contracts.ownership import owner_of
from fastapi import FastAPI
from sqlalchemy import delete, select, text, update

from testkit.tokens import Issuer

_LEFT = "left"

Headers = Mapping[str, str]
PayloadT = TypeVar("PayloadT", bound=Payload)
SettingsT = TypeVar("SettingsT", bound=ServiceSettings)
BuildApp = Callable[[Any, Database, httpx.AsyncClient], FastAPI]


class _Lost(Exception):
    """The transaction was not committed."""


class _Losing(Handlers):
    """Handlers that do all their work, which is then lost."""

    def __init__(self, handlers: Handlers) -> None:
        super().__init__()
        self._handlers = handlers

    def of(self, event: Event[Any]) -> Handler:
        handler = self._handlers.of(event)

        async def lose(event: Event[Any], work: UnitOfWork) -> None:
            await handler(event, work)
            await work.session.flush()
            raise _Lost

        return lose


@dataclass(frozen=True)
class Answer:
    """A response over HTTP; `body` is its JSON, None if it has none; `content` its bytes."""

    status: int
    body: Any
    headers: httpx.Headers
    content: bytes

    @classmethod
    def of(cls, response: httpx.Response) -> Self:
        """Read a response."""
        is_json = "json" in response.headers.get("Content-Type", "")
        body = response.json() if is_json and response.content else None
        return cls(response.status_code, body, response.headers, response.content)

    @property
    def code(self) -> str:
        """Return the problem's code."""
        return str(self.body["code"])

    @property
    def wrong_fields(self) -> list[str]:
        """Return the names of the fields that a problem refuses."""
        return [error["field"] for error in self.body["errors"]]

    def is_problem(self, status: int, code: str) -> bool:
        """Return whether this is a problem with that status and code, and is described as problems are."""
        described = self.headers["Content-Type"] == "application/problem+json" and self.body["title"]
        return bool((self.status, self.body["code"]) == (status, code) and described)

    def require(self, status: int) -> Any:
        """Return the body of a response with this status; fail the test on any other."""
        assert self.status == status, (self.status, self.body)
        return self.body


class ServiceDriver(Generic[SettingsT]):
    """Uses a service from outside: sends it HTTP requests and events, and reads its events and rows.

    Args:
        settings: of the service; `settings.database_url` is a migrated database.
        clock: of the service.
        issuer: signs the tokens that the application accepts; a new one by default.
        build_app: builds the application instead of the service's own `build_app`.
    """

    SERVICE: ClassVar[Service[Any]]

    def __init__(
        self,
        settings: SettingsT,
        *,
        clock: Clock,
        issuer: Issuer | None = None,
        build_app: BuildApp | None = None,
        database: Database | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.issuer = issuer or Issuer()
        self.database = database or self.SERVICE.open_database(settings.database_url, clock=clock)
        self._keys = self.issuer.http()
        self.app = (build_app or self.SERVICE.build_app)(settings, self.database, self._keys)
        self.inbox = Inbox(self.database, self.SERVICE.handlers)
        self._losing = Inbox(self.database, _Losing(self.SERVICE.handlers))
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url="http://startline.test"
        )

    async def close(self) -> None:
        """Close what the driver opened."""
        await self.http.aclose()
        await self._keys.aclose()
        await self.database.close()

    # --- HTTP

    def url(self, path: str) -> str:
        """Return the path of a route of the service."""
        return f"{self.SERVICE.path}/v1{path}"

    def staff(self, role: Role = Role.ADMIN) -> Headers:
        """Return the headers of a member of staff."""
        return self.issuer.staff(role)

    def runner(self, registration_id: UUID) -> Headers:
        """Return the headers of a registration's runner."""
        return self.issuer.runner(registration_id)

    async def call(self, method: str, path: str, *, by: Headers | None = None, **request: Any) -> Answer:
        """Send a request to a route of the service.

        Args:
            by: headers of the caller; without, the request is anonymous.
            request: what httpx takes: `json`, `params`, `headers`, `content`, `files`.
        """
        headers = httpx.Headers([*(by or {}).items(), *request.pop("headers", {}).items()], encoding="utf-8")
        return Answer.of(await self.http.request(method, self.url(path), headers=headers, **request))

    # --- events

    async def deliver(
        self, payload: Payload, *, subject: UUID | None = None, occurred_at: datetime | None = None
    ) -> Event[Any]:
        """Deliver an event to the service, raising its errors. Return the event, to be delivered again."""
        event = self._event(payload, subject=subject, occurred_at=occurred_at)
        await self.inbox.handle(event.to_bytes())
        return event

    async def deliver_together(self, *payloads: Payload) -> None:
        """Deliver events at the same moment, and those again that failed, as they would be retried."""
        failed: Sequence[tuple[Payload, BaseException]] = [(each, NotYet("")) for each in payloads]
        for _ in range(len(payloads) + 1):
            trying = [payload for payload, _ in failed]
            outcomes = await asyncio.gather(*map(self.deliver, trying), return_exceptions=True)
            tried = zip(trying, outcomes, strict=True)
            failed = [(payload, error) for payload, error in tried if isinstance(error, BaseException)]
        assert not failed, failed

    async def deliver_in_vain(
        self, payload: Payload, *, subject: UUID | None = None, occurred_at: datetime | None = None
    ) -> Event[Any]:
        """Deliver an event to the service, and roll its effect back. Return the event, to be delivered again."""
        event = self._event(payload, subject=subject, occurred_at=occurred_at)
        with suppress(_Lost, NotYet):
            await self._losing.handle(event.to_bytes())
        return event

    def _event(self, payload: Payload, *, subject: UUID | None, occurred_at: datetime | None) -> Event[Any]:
        """Return an event with this payload. Its subject is the payload's registration by default."""
        return Event[Any].of(
            payload,
            source=owner_of(payload.TYPE) or "nobody",
            subject=subject or getattr(payload, "registration_id"),  # noqa: B009  # not every payload has one
            occurred_at=occurred_at or self.clock(),
            correlation_id="test",
        )

    async def redeliver(self, event: Event[Any]) -> None:
        """Deliver the same event to the service again."""
        await self.inbox.handle(event.to_bytes())

    async def published(self, kind: type[PayloadT]) -> Sequence[Event[PayloadT]]:
        """Return the events of `kind` that the service published, oldest first. All have left it from now on."""
        outbox = self.database.tables.outbox
        async with self.database.work() as work:
            staying = select(outbox.c.id).where(outbox.c.queue != _LEFT).order_by(outbox.c.id).with_for_update()
            await work.session.execute(update(outbox).where(outbox.c.id.in_(staying)).values(queue=_LEFT))
            bodies = (await work.session.execute(select(outbox.c.payload).order_by(outbox.c.id))).scalars().all()
        return [event for event in map(parse, bodies) if isinstance(event.payload, kind)]

    async def forget_published(self) -> None:
        """Empty the outbox, as a relay would have."""
        async with self.database.work() as work:
            await work.session.execute(delete(self.database.tables.outbox))

    # --- rows

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Return the rows of a query."""
        async with self.database.read() as session:
            return [dict(row) for row in (await session.execute(text(sql), values)).mappings()]

    async def scalar(self, sql: str, **values: Any) -> Any:
        """Return the first column of the first row of a query; None if there is no row."""
        async with self.database.read() as session:
            return (await session.execute(text(sql), values)).scalar()

    async def execute(self, sql: str, **values: Any) -> None:
        """Change rows directly, not through the service."""
        async with self.database.work() as work:
            await work.session.execute(text(sql), values)

    async def audit_log(self, action: str | None = None) -> list[dict[str, Any]]:
        """Return `actor`, `action`, `subject` and `details` of audit entries, oldest first; of one action or all."""
        entries = "SELECT actor, action, subject, details FROM audit_log"
        query = f"{entries} WHERE CAST(:action AS text) IS NULL OR action = :action ORDER BY id"
        return await self.rows(query, action=action)
