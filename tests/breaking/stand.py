"""A platform that can be broken: every service in processes or containers of its own, and what can be done to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from standalone.services import SERVICES

Half = Literal["api", "worker"]
HALVES: tuple[Half, Half] = ("api", "worker")
LONG_HOURS = 720
"""Payment deadline of what must not expire: hours whose length is shortened so that one of them can be waited for."""


@dataclass(frozen=True, order=True)
class Member:
    """One replica of one half of a service."""

    service: str
    half: Half
    number: int

    def __str__(self) -> str:
        return f"{self.service}-{self.half}-{self.number}"


def everything(replicas: int) -> list[Member]:
    """So many replicas of each half of each service."""
    numbers = range(1, replicas + 1)
    return [Member(service.name, half, number) for service in SERVICES for half in HALVES for number in numbers]


class Stand(Protocol):
    """A running platform. Whatever is done to a member, `ready` waits until it does its work again."""

    @property
    def url(self) -> str:
        """The gateway's address."""

    @property
    def simulators(self) -> str:
        """The address at which messages are caught."""

    @property
    def owner(self) -> tuple[str, str]:
        """E-mail and password of the first owner."""

    @property
    def members(self) -> Sequence[Member]:
        """All replicas."""

    @property
    def databases(self) -> Mapping[str, str]:
        """The administrator's URL of each service's database."""

    @property
    def broker(self) -> str:
        """The administrator's URL of the broker."""

    def login(self, service: str) -> str:
        """The broker's URL as a service uses it."""

    async def kill(self, member: Member) -> None:
        """SIGKILL. It is started again, as a restart policy would."""

    async def stop(self, member: Member) -> None:
        """SIGTERM, and wait for its end. It stays away."""

    async def crash(self, member: Member) -> None:
        """SIGKILL. It stays away."""

    async def start(self, member: Member) -> None:
        """Bring back a member that stays away."""

    async def pause(self, member: Member) -> None:
        """Take all CPU time from it: its connections stay open and nobody answers."""

    async def resume(self, member: Member) -> None:
        """Let it go on."""

    async def ready(self, member: Member) -> None:
        """Return once it answers that it is ready.

        Raises:
            AssertionError: it never did.
        """

    async def restart_broker(self) -> None:
        """Kill RabbitMQ and start it again."""

    async def restart_database(self) -> None:
        """Restart PostgreSQL, cutting every connection."""

    async def doctor(self) -> Mapping[str, Any]:
        """What `startline doctor --json` says."""
