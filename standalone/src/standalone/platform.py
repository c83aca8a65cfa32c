"""The whole platform in one process: five services and the pages, one port, one transport."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
from chassis.database import Database
from chassis.health import database_answers, lateness
from chassis.process import BackgroundServer
from chassis.service import Service
from chassis.settings import ServiceSettings
from chassis.transports import DuplicatingTransport, InProcessTransport, RabbitTransport, Transport
from chassis.web.bodies import BodyLimit
from chassis.worker import Worker
from contracts.topology import Names
from embedded.ports import free_port
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.types import ASGIApp
from web.app import build_app as build_pages
from web.settings import Settings as WebSettings
from web.upstream.apis import Apis

from simulators import Settings as SimulatorSettings
from simulators import Simulators
from standalone.databases import Server, open_database
from standalone.gateway import ForVisitor, Gateway
from standalone.inside import InsideTransport
from standalone.services import SERVICES, WEB
from standalone.settings import LocalSecrets, StandaloneSettings

_PREFETCH = 6  # concurrent events per service, so that connections are left for requests
_ATTACHED_BYTES = 5 * 1024 * 1024  # Fonnte accepts files of 4 MB
_FILTER_BYTES = 256 * 1024  # of 1,000 addresses
_LARGER_BODIES = {"/simulators/fonnte/.*": _ATTACHED_BYTES, "/simulators/chain/rpc/.*": _FILTER_BYTES}
_INSIDE = "http://startline"  # base URL between services, through the gateway without a socket


@dataclass(frozen=True)
class _Running:
    """The API and the worker of a service."""

    service: Service[Any]
    database: Database
    app: FastAPI
    worker: Worker


class Platform:
    """Builds, starts and stops the whole platform.

    Args:
        settings: of the standalone process.
        server: PostgreSQL with the services' databases, migrated.
    """

    def __init__(self, settings: StandaloneSettings, server: Server) -> None:
        self._settings = settings
        self._server = server
        self._secrets = LocalSecrets(settings.data)
        self._transport = _transport(settings)
        self._simulators: Simulators | None = None
        self._running: list[_Running] = []
        self._web: FastAPI | None = None
        self._stack = AsyncExitStack()
        self.gateway: ASGIApp | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            server = await self._start(stack)
            self._stack = stack.pop_all()
        self.port = server.port
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def _start(self, stack: AsyncExitStack) -> BackgroundServer:
        """Start everything. It is stopped in reverse order, workers first, so that their last requests succeed."""
        port = self._settings.startline_port or free_port()
        await self._start_simulators(stack, port)
        http = await stack.enter_async_context(
            httpx.AsyncClient(mounts={_INSIDE: httpx.ASGITransport(self._inside)}, base_url=_INSIDE)
        )  # all other addresses are in the network: Midtrans
        for service in SERVICES:
            database = open_database(self._server, service)
            stack.push_async_callback(database.close)
            self._running.append(self._build(service, database, http, port))
        for each in self._running:
            await stack.enter_async_context(each.app.router.lifespan_context(each.app))
        for_pages = await stack.enter_async_context(
            httpx.AsyncClient(transport=InsideTransport(ForVisitor(self._inside)), base_url=_INSIDE)
        )
        sessions = open_database(self._server, WEB)
        stack.push_async_callback(sessions.close)
        self._web = self._pages(for_pages, sessions, port)
        self.gateway = Gateway(self._apps(), pages=self._web, ready=self.ready, late=self.late)
        server = BackgroundServer(self.gateway, host=self._settings.startline_host, port=port)
        await server.start()
        stack.push_async_callback(server.stop)
        if self._simulators is not None:
            stack.push_async_callback(self._simulators.stop)  # releases requests that it delays
        await self._start_workers(stack)
        return server

    async def _inside(self, scope: Any, receive: Any, send: Any) -> None:
        if self.gateway is None:
            raise RuntimeError("the gateway is not built yet")
        await self.gateway(scope, receive, send)

    async def _start_simulators(self, stack: AsyncExitStack, port: int) -> None:
        if self._settings.provider_configured:
            return
        webhook = f"http://127.0.0.1:{port}/api/notification/v1/webhooks/fonnte/{self._secrets.webhook()}"
        notices = f"http://127.0.0.1:{port}/api/payment/v1/webhooks/midtrans"
        self._simulators = Simulators(
            SimulatorSettings(
                fonnte_webhook_url=SecretStr(webhook),
                midtrans_notification_url=notices,
            )
        )
        await self._simulators.start()
        stack.push_async_callback(self._simulators.stop)

    def _build(self, service: Service[Any], database: Database, http: httpx.AsyncClient, port: int) -> _Running:
        settings = self._service_settings(service, port)
        app = service.build_app(settings, database, http)
        return _Running(service, database, app, service.build_worker(settings, database, self._transport))

    def _service_settings(self, service: Service[Any], port: int) -> ServiceSettings:
        values: dict[str, Any] = {
            "database_url": self._server.url_of(service.name),
            "broker_url": self._settings.broker_url or "in-process",
            "secret_keys": self._secrets.key(),
            "staff_jwks_url": f"{_INSIDE}/api/identity/v1/jwks.json",
            "runner_jwks_url": f"{_INSIDE}/api/registration/v1/jwks.json",
            "relay_workers": 2,
        }
        if service.name == "payment":
            values |= self._payment_values(port)
        if service.name == "registration":
            values["image_store"] = f"file://{self._settings.race_images}"
        if service.name in {"registration", "notification"}:
            values["public_url"] = self._public_url(port)
        if service.name == "notification":
            values |= self._notification_values(port)
        settings: ServiceSettings = service.settings(**values)
        return settings

    def _payment_values(self, port: int) -> dict[str, Any]:
        values = {"proof_store": f"file://{self._settings.data / 'images'}"}
        if self._settings.midtrans_base_url is not None:
            values["midtrans_base_url"] = self._settings.midtrans_base_url
        elif self._simulators is not None:
            values["midtrans_base_url"] = f"http://127.0.0.1:{port}/simulators/midtrans/api"
        if self._simulators is not None:
            rates = f"http://127.0.0.1:{port}/simulators/rates"
            values |= {"indodax_base_url": rates, "coingecko_base_url": rates}
            chain = f"127.0.0.1:{port},localhost:{port}"
            values["usdt_private_endpoints"] = f"{chain},{self._settings.usdt_private_endpoints}"
        return values

    def _notification_values(self, port: int) -> dict[str, Any]:
        base = f"http://127.0.0.1:{port}"
        values: dict[str, Any] = {"fonnte_webhook_secret": self._secrets.webhook()}
        if self._simulators is None:
            return values
        return values | {
            "fonnte_base_url": f"{base}/simulators/fonnte",
            "fonnte_token": "simulated-device",
            "smtp_host": "127.0.0.1",
            "smtp_port": self._simulators.smtp_port,
            "smtp_security": "none",
            "email_from_address": "race@startline.example",
        }

    def _apps(self) -> Mapping[str, ASGIApp]:
        apps: dict[str, ASGIApp] = {each.service.path: each.app for each in self._running}
        if self._simulators is not None:
            apps["/simulators"] = BodyLimit(self._simulators.app, larger=_LARGER_BODIES)
        return apps

    def _pages(self, http: httpx.AsyncClient, sessions: Database, port: int) -> FastAPI:
        settings = WebSettings.behind(
            _INSIDE,
            database_url=self._server.url_of(WEB.name),
            secret_keys=self._secrets.key(),
            public_url=self._public_url(port),
            show_parts=self._settings.public_url is None,
        )
        return build_pages(settings, Apis.behind(http), sessions)

    def _public_url(self, port: int) -> str:
        return self._settings.public_url or f"http://127.0.0.1:{port}"

    async def _start_workers(self, stack: AsyncExitStack) -> None:
        await self._transport.start()
        for each in self._running:
            await each.worker.start()
            stack.push_async_callback(each.worker.stop)
        stack.push_async_callback(self._transport.stop)

    async def ready(self) -> Mapping[str, Any]:
        """Return whether requests and events can be handled."""
        answers = await asyncio.gather(*(database_answers(each.database) for each in self._running))
        found = {each.service.name: answer for each, answer in zip(self._running, answers, strict=True)}
        found["web"] = self._web is not None and all([await check() for check in self._web.state.checks.values()])
        found["transport"] = await self._transport.ready()
        return {"ready": all(found.values()), **found}

    async def late(self) -> Mapping[str, Any]:
        """Return the lateness of each service."""
        found = [await lateness(each.database) for each in self._running]
        reports = {each.service.name: one.report() for each, one in zip(self._running, found, strict=True)}
        return {"late": any(one.late for one in found), **reports}


def _transport(settings: StandaloneSettings) -> Transport:
    transport: Transport = InProcessTransport()
    if settings.broker_url is not None:
        transport = RabbitTransport(settings.broker_url, names=Names(settings.broker_prefix), prefetch=_PREFETCH)
    return DuplicatingTransport(transport) if settings.rehearse_duplicates else transport
