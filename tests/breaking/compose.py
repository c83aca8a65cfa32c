"""The stand of containers: the compose file as operators use it, two replicas of everything."""

import asyncio
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx
from embedded.ports import free_ports
from standalone.services import SERVICES
from testkit.polling import eventually

from .stand import HALVES, Member, everything

ROOT = Path(__file__).resolve().parents[2]
_IMAGES = (*(service.name for service in SERVICES), "operator", "simulators")
_FILES = ("docker-compose.yml", "tests/breaking/compose.yml")
_HEALTH_PORT = {"api": "8000", "worker": "8081"}
_READY_SECONDS = 300.0
_ALL_PROCESSES = "kill -9 -1"  # all but the container's init, which then ends with it: the restart policy's case


class CommandFailed(Exception):
    """A docker command did not work; with what it said."""


class ComposeStand:
    """A project of its own beside whatever else runs; gone with its volumes afterwards.

    Args:
        folder: where the generated secrets are kept.
    """

    def __init__(self, folder: Path, *, replicas: int = 2) -> None:
        self.members = everything(replicas)
        self._replicas = replicas
        self._settings = folder / "env"
        self._project = f"breaking{secrets.token_hex(3)}"
        http, https, simulators, self._postgres_port, self._rabbitmq_port = free_ports(5)
        self.url = f"http://127.0.0.1:{http}"
        self.simulators = f"http://127.0.0.1:{simulators}"
        self._environment = {
            **os.environ,
            "COMPOSE_PROJECT_NAME": self._project,
            "COMPOSE_FILE": os.pathsep.join(str(ROOT / file) for file in _FILES),
            "COMPOSE_PROFILES": "demo,operator",
            "GATEWAY_HTTP": f"127.0.0.1:{http}",
            "GATEWAY_HTTPS": f"127.0.0.1:{https}",
            "SIMULATORS_PORT": str(simulators),
            "BREAKING_POSTGRES_PORT": str(self._postgres_port),
            "BREAKING_RABBITMQ_PORT": str(self._rabbitmq_port),
            "PUBLIC_URL": self.url,
            "METADATA_NETWORK": f"169.254.{secrets.randbelow(160)}.0/24",  # two projects share no network's addresses
            # All runners come from this one address.
            "RATE_REGISTRATION_PER_MINUTE": "6000",
            "RATE_UPLOAD_PER_MINUTE": "6000",
            "RATE_SENDING_PER_MINUTE": "12000",
            # A deadline of an hour can be waited for, in the journey, too.
            "HOUR_SECONDS": "60",
        }
        self._containers: dict[str, str] = {}
        self._releases = 0

    @property
    def owner(self) -> tuple[str, str]:
        return self._setting("STARTLINE_OWNER_EMAIL"), self._secret("startline_owner_password")

    @property
    def databases(self) -> Mapping[str, str]:
        server = f"postgresql://postgres:{self._secret('postgres_password')}@127.0.0.1:{self._postgres_port}"
        return {service.name: f"{server}/startline_{service.name}" for service in SERVICES}

    @property
    def broker(self) -> str:
        return self._amqp("startline", self._secret("rabbitmq_password"))

    def login(self, service: str) -> str:
        return self._amqp(service, self._secret(f"{service}_password"))

    def _amqp(self, user: str, password: str) -> str:
        return f"amqp://{user}:{password}@127.0.0.1:{self._rabbitmq_port}/startline"

    def _secret(self, name: str) -> str:
        return (self._settings.parent / "secrets" / name).read_text()

    def _setting(self, name: str) -> str:
        lines = (line.partition("=") for line in self._settings.read_text().splitlines())
        return {key: value for key, _, value in lines}[name]

    async def __aenter__(self) -> Self:
        await self._run(str(ROOT / "deploy" / "make-env"), str(self._settings))
        try:
            await self._up()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _up(self) -> None:
        services = [f"{service.name}-{half}" for service in SERVICES for half in HALVES]
        scale = [word for service in services for word in ("--scale", f"{service}={self._replicas}")]
        await self._compose("up", "-d", "--build", *scale, *services, "owner", "gateway", "simulators")
        for service in (*services, "owner", "gateway", "postgres", "rabbitmq"):
            await self._find(service)
        await asyncio.gather(*(self.ready(member) for member in self.members))
        if await self._docker("wait", self._containers["owner-1"]) != "0":
            raise CommandFailed("the first owner was not created")
        await eventually(self._gateway_answers, within=_READY_SECONDS, every=0.5)

    async def _find(self, service: str) -> None:
        ids = (await self._compose("ps", "-a", "-q", service)).split()
        names = {await self._docker("inspect", "-f", "{{.Name}}", each): each for each in ids}
        for number, name in enumerate(sorted(names), start=1):
            self._containers[f"{service}-{number}"] = names[name]

    async def _gateway_answers(self) -> bool:
        try:
            async with httpx.AsyncClient() as http:
                return (await http.get(f"{self.url}/health/live")).is_success
        except httpx.TransportError:
            return False

    async def __aexit__(self, *_: object) -> None:
        logs = await self._compose("logs", "--no-color", check=False)
        self._settings.with_name("containers.log").write_text(logs)
        await self._compose("down", "--volumes", "--timeout", "5")
        for number in range(1, self._releases + 1):
            names = [f"startline/{image}:{self._project}-{number}" for image in _IMAGES]
            await self._docker("rmi", *names, check=False)

    async def play_journey(self) -> str:
        """The whole journey through the gateway; what it printed."""
        return await self._compose("run", "--rm", "--no-deps", "-T", "journey")

    async def kill(self, member: Member) -> None:
        started = await self._started(member)
        await self._docker("exec", self._container(member), "sh", "-c", _ALL_PROCESSES, check=False)

        async def another_one() -> bool:
            return await self._started(member) != started

        await eventually(another_one, within=_READY_SECONDS, every=0.2)

    async def _started(self, member: Member) -> str:
        return await self._docker("inspect", "-f", "{{.State.StartedAt}}", self._container(member))

    async def stop(self, member: Member) -> None:
        await self._docker("stop", self._container(member))

    async def crash(self, member: Member) -> None:
        await self._docker("kill", self._container(member))

    async def start(self, member: Member) -> None:
        await self._docker("start", self._container(member))

    async def pause(self, member: Member) -> None:
        await self._docker("pause", self._container(member))

    async def resume(self, member: Member) -> None:
        await self._docker("unpause", self._container(member))

    async def ready(self, member: Member) -> None:
        asking = ("exec", self._container(member), "healthy", _HEALTH_PORT[member.half])

        async def answers() -> None:
            try:
                await self._docker(*asking)
            except CommandFailed as failure:
                raise AssertionError(f"{member}: {failure}") from None

        await eventually(answers, within=_READY_SECONDS, every=0.5)

    async def restart_broker(self) -> None:
        await self._docker("kill", self._containers["rabbitmq-1"])
        await self._docker("start", self._containers["rabbitmq-1"])

    async def restart_database(self) -> None:
        await self._docker("restart", self._containers["postgres-1"])

    async def doctor(self, *, wait: int = 60) -> Mapping[str, Any]:
        command = ("run", "--rm", "--no-deps", "-T", "doctor", "startline", "doctor", "--json", "--wait", str(wait))
        said = await self._compose(*command, check=False)
        diagnosis: Mapping[str, Any] = json.loads(said[said.index("{") :])
        return diagnosis

    async def operate(self, *command: str) -> str:
        return await self._compose("run", "--rm", "--no-deps", "-T", "operator", "startline", *command)

    async def release(self, *services: str) -> None:
        """The same code under a new name: for compose it is another release all the same."""
        self._releases += 1
        name, before = f"{self._project}-{self._releases}", self._environment.get("STARTLINE_VERSION", "local")
        for image in _IMAGES:
            await self._docker("tag", f"startline/{image}:{before}", f"startline/{image}:{name}")
        self._environment["STARTLINE_VERSION"] = name
        await self._run(str(ROOT / "deploy" / "roll"), "--env-file", str(self._settings), *services)
        for service in services or [each.name for each in SERVICES]:
            for half in HALVES:
                await self._find(f"{service}-{half}")

    async def scale(self, service: str, replicas: int) -> None:
        """Have so many replicas of its API; return when all are ready."""
        api = f"{service}-api"
        await self._compose("up", "-d", "--no-build", "--no-deps", "--no-recreate", "--scale", f"{api}={replicas}", api)
        await self._find(api)
        await asyncio.gather(*(self.ready(Member(service, "api", number + 1)) for number in range(replicas)))

    async def restart(self, service: str) -> None:
        """Restart one replica of its API."""
        await self._docker("restart", self._container(Member(service, "api", 1)))

    def _container(self, member: Member) -> str:
        return self._containers[str(member)]

    async def _compose(self, *arguments: str, check: bool = True) -> str:
        program = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
        return await self._run(*program, "--env-file", str(self._settings), *arguments, check=check)

    async def _docker(self, *arguments: str, check: bool = True) -> str:
        return await self._run("docker", *arguments, check=check)

    async def _run(self, *command: str, check: bool = True) -> str:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        if check and process.returncode != 0:
            raise CommandFailed(f"{' '.join(command)}: {(output + errors).decode(errors='replace')[-3000:]}")
        return output.decode(errors="replace").strip()
