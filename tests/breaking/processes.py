"""The stand of processes: replicas of every service, a PostgreSQL and a RabbitMQ of their own, nothing shared."""

import asyncio
import secrets
import shutil
import signal
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Self

from chassis.process import BackgroundServer
from chassis.secrets import new_key
from embedded.ports import free_ports
from embedded.postgres import EmbeddedPostgres
from embedded.rabbitmq import PrivateRabbitMQ, install_if_missing
from pydantic import SecretStr
from standalone.databases import Server, migrate
from standalone.doctor.command import diagnose
from standalone.journey.process import OWNER_EMAIL
from standalone.services import SERVICES
from standalone.settings import StandaloneSettings
from standalone.up import create_first_owner
from testkit.polling import eventually
from testkit.programs import Program, preload

from .proxy import Proxy
from .stand import Member, everything

_DOCTOR_PATIENCE = 60.0
_UNTIL_BUSY = 0.5

_ALL = {
    "POOL_SIZE": "3",
    "POOL_OVERFLOW": "3",
    "RELAY_WORKERS": "2",
    "RELAY_LEASE_SECONDS": "5",
    "LOG_LEVEL": "WARNING",
}
_SENDING = {
    "SEND_TIMEOUT_SECONDS": "2",
    "SEND_LEASE_SECONDS": "5",
    "RETRY_BASE_SECONDS": "1",
    "PAUSE_BASE_SECONDS": "1",
    "POLL_SECONDS": "0.05",
    "FONNTE_TOKEN": "simulated-device",
    "SMTP_HOST": "127.0.0.1",
    "SMTP_SECURITY": "none",
    "EMAIL_FROM_ADDRESS": "race@startline.example",
}
_EXPIRING = {
    "HOUR_SECONDS": "25",
    "EXPIRY_GRACE_MINUTES": "0",
    "EXPIRY_SWEEP_SECONDS": "1",
    "WAITLIST_OFFER_HOURS": "720",
}
"""A deadline of an hour can be waited for, and no grace hides what an outage does to it; offers outlast the round."""
_OF_SERVICE: Mapping[str, Mapping[str, str]] = {"notification": _SENDING, "registration": _EXPIRING}


class ProcessStand:
    """All of it on this machine.

    Args:
        replicas: of each half of each service.
    """

    def __init__(self, *, replicas: int = 2) -> None:
        self.members = everything(replicas)
        self.owner = (OWNER_EMAIL, secrets.token_urlsafe(12))
        self.folder = Path(tempfile.gettempdir()) / f"startline-breaking-{secrets.token_hex(6)}"
        self._postgres = EmbeddedPostgres(self.folder / "servers")
        self._rabbitmq = PrivateRabbitMQ(self.folder / "servers")
        self._port, self._simulators_port, self._smtp_port, *ports = free_ports(3 + len(self.members))
        self._ports = dict(zip(self.members, ports, strict=True))
        self._programs: dict[Member, Program] = {}
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def simulators(self) -> str:
        return f"http://127.0.0.1:{self._simulators_port}"

    @property
    def broker(self) -> str:
        return self._rabbitmq.url

    def login(self, service: str) -> str:
        return self.broker  # all share one

    @property
    def databases(self) -> Mapping[str, str]:
        return {
            service.name: self._server.url_of(service.name).replace("postgresql+asyncpg", "postgresql")
            for service in SERVICES
        }

    @property
    def _server(self) -> Server:
        return Server(self._postgres.url, "")

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            preload("standalone.services", "simulators.lifecycle")
            await self._start_servers(stack)
            await self._start_gateway(stack)
            self._programs = self._make_programs()
            simulators = self._catching()
            for program in (simulators, *self._programs.values()):
                stack.push_async_callback(program.end)
                await program.start()
            await asyncio.gather(simulators.ready(), *(self.ready(member) for member in self.members))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _start_servers(self, stack: AsyncExitStack) -> None:
        self.folder.mkdir(mode=0o711)
        stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        stack.push_async_callback(asyncio.to_thread, self._postgres.remove)
        stack.push_async_callback(asyncio.to_thread, self._rabbitmq.remove)
        await asyncio.gather(asyncio.to_thread(_start_rabbitmq, self._rabbitmq), asyncio.to_thread(self._prepare))
        settings = StandaloneSettings(startline_owner_password=SecretStr(self.owner[1]))
        await create_first_owner(settings, self._server)

    def _prepare(self) -> None:
        self._postgres.start()
        migrate(self._server)

    async def _start_gateway(self, stack: AsyncExitStack) -> None:
        upstreams = {
            service.path: [self._base(each) for each in self.members if _is_api_of(each, service.name)]
            for service in SERVICES
        }
        self._proxy = Proxy(upstreams)
        stack.push_async_callback(self._proxy.close)
        server = BackgroundServer(self._proxy, host="127.0.0.1", port=self._port, grace_seconds=1)
        await server.start()
        stack.push_async_callback(server.stop)

    def _base(self, member: Member) -> str:
        return f"http://127.0.0.1:{self._ports[member]}"

    def _catching(self) -> Program:
        environment = {
            "SIMULATORS_PORT": str(self._simulators_port),
            "SIMULATORS_SMTP_PORT": str(self._smtp_port),
        }
        ready = f"{self.simulators}/simulators"
        return Program(("simulators",), environment, ready, self.folder / "simulators.log")

    def _make_programs(self) -> dict[Member, Program]:
        key = new_key()
        (self.folder / "images").mkdir()
        return {
            member: Program(
                self._arguments(member),
                self._environment(member, key),
                f"{self._base(member)}/health/ready",
                self.folder / f"{member}.log",
            )
            for member in self.members
        }

    def _arguments(self, member: Member) -> Sequence[str]:
        if member.half == "worker":
            return ("chassis.worker", member.service)
        app, port = f"{member.service}.service:SERVICE.create_app", str(self._ports[member])
        http = ("--http", "chassis.web.server:BoundedHttp", "--ws", "none")
        quiet = ("--no-proxy-headers", "--no-access-log", "--log-level", "warning")
        return ("uvicorn", "--factory", app, "--port", port, "--timeout-graceful-shutdown", "10", *http, *quiet)

    def _environment(self, member: Member, key: str) -> Mapping[str, str]:
        return {
            **_ALL,
            **_OF_SERVICE.get(member.service, {}),
            "DATABASE_URL": self._server.url_of(member.service),
            "BROKER_URL": self.broker,
            "SECRET_KEYS": key,
            "STAFF_JWKS_URL": f"{self.url}/api/identity/v1/jwks.json",
            "RUNNER_JWKS_URL": f"{self.url}/api/registration/v1/jwks.json",
            "WORKER_PORT": str(self._ports[member]),
            "PROOF_STORE": f"file://{self.folder / 'images'}",
            "IMAGE_STORE": f"file://{self.folder / 'race-images'}",
            "PUBLIC_URL": self.url,
            "FONNTE_BASE_URL": f"{self.simulators}/simulators/fonnte",
            "SMTP_PORT": str(self._smtp_port),
        }

    async def kill(self, member: Member) -> None:
        if member.half == "api":
            await self._is_busy(member)
        await self._programs[member].kill()

    async def _is_busy(self, member: Member) -> None:
        """Return when a request is under way that would feel the end of it, or when none comes."""
        with suppress(AssertionError):
            await eventually(lambda: self._proxy.changing[self._base(member)], within=_UNTIL_BUSY, every=0.001)

    async def stop(self, member: Member) -> None:
        await self._programs[member].stop()

    async def crash(self, member: Member) -> None:
        await self._programs[member].end()

    async def start(self, member: Member) -> None:
        await self._programs[member].start()

    async def pause(self, member: Member) -> None:
        self._programs[member].signal(signal.SIGSTOP)

    async def resume(self, member: Member) -> None:
        self._programs[member].signal(signal.SIGCONT)

    async def ready(self, member: Member) -> None:
        await self._programs[member].ready()

    async def restart_broker(self) -> None:
        await asyncio.to_thread(self._rabbitmq.kill)
        await asyncio.to_thread(self._rabbitmq.start)

    async def restart_database(self) -> None:
        await asyncio.to_thread(self._postgres.stop)
        await asyncio.to_thread(self._postgres.start)

    async def doctor(self) -> Mapping[str, Any]:
        return (await diagnose(self._server, wait=_DOCTOR_PATIENCE)).as_json()


def _is_api_of(member: Member, service: str) -> bool:
    return member.half == "api" and member.service == service


def _start_rabbitmq(node: PrivateRabbitMQ) -> None:
    install_if_missing()
    node.start()
