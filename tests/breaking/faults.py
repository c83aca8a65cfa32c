"""What is done to a platform, in turn, and a log of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .stand import Member, Stand

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Fault:
    """Something that was done: when (seconds since the first), and for how long it was felt."""

    what: str
    at: float
    seconds: float
    accepted: int

    def __str__(self) -> str:
        return f"{self.at:6.1f} s  {self.what:<42} whole again after {self.seconds:5.1f} s, {self.accepted} accepted"


@dataclass
class Breaker:
    """Breaks one thing after the other.

    Args:
        accepted: how many requests were accepted so far.
        tell: what happens, line by line.
    """

    stand: Stand
    accepted: Callable[[], int]
    tell: Tell
    faults: list[Fault] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    async def strike(self, what: str, *steps: Callable[[], Awaitable[Any]]) -> None:
        """Do it, see it mended, note it."""
        struck, before = time.monotonic(), self.accepted()
        for step in steps:
            await step()
        fault = Fault(what, struck - self.began, time.monotonic() - struck, self.accepted() - before)
        self.faults.append(fault)
        self.tell(str(fault))

    async def kill(self, members: Sequence[Member]) -> None:
        """SIGKILL, one after the other."""
        for each in members:
            await self.strike(f"kill -9 {each}", partial(self.stand.kill, each), partial(self.stand.ready, each))

    async def stop_upstreams(self, members: Sequence[Member], *, away: float) -> None:
        """Take one upstream after the other from the gateway, `away` seconds each."""
        for each in members:
            await self.strike(
                f"stop {each}",
                partial(self.stand.stop, each),
                partial(asyncio.sleep, away),
                partial(self.stand.start, each),
                partial(self.stand.ready, each),
            )

    async def pause(self, members: Sequence[Member], *, seconds: float) -> None:
        """Stop them from running for a while, all at once."""

        async def each(act: Callable[[Member], Awaitable[None]]) -> None:
            await asyncio.gather(*(act(member) for member in members))

        await self.strike(
            f"pause {', '.join(map(str, members))} for {seconds:.0f} s",
            lambda: each(self.stand.pause),
            lambda: asyncio.sleep(seconds),
            lambda: each(self.stand.resume),
            lambda: each(self.stand.ready),
        )

    async def restart_servers(self) -> None:
        """RabbitMQ, then PostgreSQL."""
        await self.strike("restart RabbitMQ", self.stand.restart_broker, self.all_ready)
        await self.strike("restart PostgreSQL", self.stand.restart_database, self.all_ready)

    async def all_ready(self) -> None:
        """Return once every member does its work."""
        await asyncio.gather(*(self.stand.ready(member) for member in self.stand.members))
