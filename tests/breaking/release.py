"""A release while everybody goes on: no request that began meanwhile ends in an error or a broken connection."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import httpx
from testkit.polling import eventually

from .faults import Breaker
from .traffic import Traffic

_SERVER_ERRORS = 500
_UNTIL_ANSWERED = 30.0


class Releasable(Protocol):
    """A stand whose services can be released anew."""

    async def release(self, *services: str) -> None:
        """Bring a new release of them, all if none is named; return when nothing of the old one runs."""


@dataclass
class Answers:
    """What came of the requests that began while somebody looked: statuses, or the names of what broke."""

    counts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    waiting: int = 0

    @property
    def errors(self) -> dict[str, int]:
        """Those that no client should see."""
        return {what: count for what, count in self.counts.items() if not what.isdigit() or int(what) >= _SERVER_ERRORS}

    async def send(self, http: httpx.AsyncClient, request: httpx.Request, **options: object) -> httpx.Response:
        """Send a request as the client would, and note what comes of it."""
        began, what = time.monotonic(), ""
        self.waiting += 1
        try:
            answer = await httpx.AsyncClient.send(http, request, **options)  # type: ignore[arg-type]
            what = str(answer.status_code)
        except httpx.TransportError as error:
            what = type(error).__name__
            raise
        finally:
            self.waiting -= 1
            self.counts[what or "abandoned"] += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
        return answer

    @asynccontextmanager
    async def of(self, http: httpx.AsyncClient) -> AsyncIterator[None]:
        """Look at whatever this client begins to send; afterwards those that wait for an answer are waited for."""
        http.send = partial(self.send, http)  # type: ignore[method-assign]
        try:
            yield
        finally:
            http.send = partial(httpx.AsyncClient.send, http)  # type: ignore[method-assign]
        await eventually(lambda: not self.waiting, within=_UNTIL_ANSWERED)


@dataclass
class Release:
    """A release of some services, or of all."""

    stand: Releasable
    services: Sequence[str] = ()
    problems: list[str] = field(default_factory=list)

    async def play(self, breaker: Breaker, traffic: Traffic) -> None:
        """Bring it, and judge what the clients saw."""
        what = f"release of {', '.join(self.services) or 'everything'}"
        answers = Answers()
        async with answers.of(traffic.site.http):
            await breaker.strike(what, partial(self.stand.release, *self.services), breaker.all_ready)
        total = answers.counts.total()
        breaker.report(
            f"  {total} requests meanwhile, {answers.errors or 'no errors'}, slowest {answers.slowest:.2f} s"
        )
        if answers.errors or not total:
            self.problems.append(f"{what}: of {total} requests {answers.errors or 'none was sent'}")
