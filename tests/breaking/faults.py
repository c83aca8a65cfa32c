"""What is done to a platform, in turn, and a log of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .stand import Member, Stand

Tell = Callable[[str], None]
Step = Callable[[], Awaitable[Any]]


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
        report: what happens, line by line.
    """

    stand: Stand
    accepted: Callable[[], int]
    report: Tell
    faults: list[Fault] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    async def strike(self, what: str, *steps: Step) -> None:
        """Do it, see it mended, note it."""
        struck, before = time.monotonic(), self.accepted()
        for step in steps:
            await step()
        fault = Fault(what, struck - self.began, time.monotonic() - struck, self.accepted() - before)
        self.faults.append(fault)
        self.report(str(fault))

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

        await self.strike(
            f"pause {_named(members)} for {seconds:.0f} s",
            lambda: _each(members, self.stand.pause),
            lambda: asyncio.sleep(seconds),
            lambda: _each(members, self.stand.resume),
            lambda: _each(members, self.stand.ready),
        )

    async def take_away(self, stopped: Sequence[Member], killed: Sequence[Member], *meanwhile: Step) -> None:
        """Stop some and kill others; they come back when all that is to happen meanwhile is done."""
        both = [*stopped, *killed]
        await self.strike(
            f"stop {_named(stopped)}, kill {_named(killed)} past a deadline",
            lambda: asyncio.gather(_each(stopped, self.stand.stop), _each(killed, self.stand.crash)),
            *meanwhile,
            lambda: _each(both, self.stand.start),
            lambda: _each(both, self.stand.ready),
        )

    async def restart_servers(self) -> None:
        """RabbitMQ, then PostgreSQL."""
        await self.strike("restart RabbitMQ", self.stand.restart_broker, self.all_ready)
        await self.strike("restart PostgreSQL", self.stand.restart_database, self.all_ready)

    async def all_ready(self) -> None:
        """Return once every member does its work."""
        await _each(self.stand.members, self.stand.ready)


def _named(members: Sequence[Member]) -> str:
    return ", ".join(map(str, members))


async def _each(members: Sequence[Member], act: Callable[[Member], Awaitable[None]]) -> None:
    """At once."""
    await asyncio.gather(*(act(member) for member in members))
