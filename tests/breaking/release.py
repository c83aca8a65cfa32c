"""A release, another number of replicas, a restart of one of them: while everybody goes on, no request fails.

The time of answers is judged by requests at a steady pace: 999 of 1,000 within a second. Runners' own are many at once,
and their pictures need the processors that starting containers need as well: on a small machine some take longer, with
or without a release. An answer of either that takes five seconds waited for something that went away.
"""

import asyncio
import heapq
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import httpx
from standalone.services import SERVICES
from testkit.polling import eventually

from .faults import Breaker, Step
from .traffic import Traffic

LEAST_REQUESTS = 1000
PROMPT_SECONDS = 1.0
MOST_SECONDS = 5.0
_LATE_OF = 1000
"""Of so many requests at a steady pace one may take longer than is prompt."""
_REFUSALS = 400
_EXPECTED = frozenset({"404", "409", "422"})
"""Refusals that the clients' own work brings: an invoice that is not there yet, a second proof, an empty form."""
_NAMED = 5
_EVERY = 0.05
_SLOWNESS_OF_RUNNERS = 16.0
"""So that theirs are few beside the requests at a steady pace, 20 a second: that many are to be answered in time."""
_ALONE_SECONDS = 10.0
_UNTIL_ANSWERED = 30.0
_EVENTS = "/api/registration/v1/events"
_FORM = "/api/registration/v1/registrations"
_ROUND = tuple(path for each in SERVICES for path in (_EVENTS, f"/api/{each.name}/v1/openapi.json", _FORM))


class Changeable(Protocol):
    """A stand whose services can be changed while they run."""

    async def release(self, *services: str) -> None:
        """Bring a new release of them, all if none is named; return when nothing of the old one runs."""

    async def scale(self, service: str, replicas: int) -> None:
        """Have so many replicas of its API; return when all are ready."""

    async def restart(self, service: str) -> None:
        """Restart one replica of its API."""


def _shape(path: str) -> str:
    """Return a path without what is in it of one registration."""
    return re.sub(r"[0-9a-f-]{32,36}", "*", path)


def _is_error(what: str) -> bool:
    return not what.isdigit() or (int(what) >= _REFUSALS and what not in _EXPECTED)


@dataclass
class Answers:
    """What came of the requests that began while somebody looked: statuses, or the names of what broke."""

    counts: Counter[str] = field(default_factory=Counter)
    slow: list[tuple[float, str]] = field(default_factory=list)
    late: int = 0
    waiting: int = 0

    @property
    def slowest(self) -> float:
        """How many seconds the slowest took."""
        return self.slow[0][0] if self.slow else 0.0

    @property
    def total(self) -> int:
        """How many there were."""
        return self.counts.total()

    @property
    def errors(self) -> dict[str, int]:
        """Those that no client should see."""
        return {what: count for what, count in self.counts.items() if _is_error(what)}

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
            took = time.monotonic() - began
            self.late += took > PROMPT_SECONDS
            self.slow = heapq.nlargest(_NAMED, [*self.slow, (took, f"{request.method} {_shape(request.url.path)}")])
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


class Load:
    """Requests at a steady pace, however long their answers take: cached reads, uncached ones of each service, forms.

    Args:
        every: seconds between two.

    Attributes:
        answers: their outcomes and times.
    """

    def __init__(self, http: httpx.AsyncClient, *, every: float = _EVERY) -> None:
        self.answers = Answers()
        self._http = http
        self._every = every
        self._begun = 0

    async def go_on(self, until: asyncio.Event, *, least: int = LEAST_REQUESTS) -> None:
        """Ask until told to stop, but no fewer requests than `least`."""
        async with asyncio.TaskGroup() as asking:
            while self._begun < least or not until.is_set():
                asking.create_task(self._ask(_ROUND[self._begun % len(_ROUND)]))
                self._begun += 1
                await asyncio.sleep(self._every)

    async def _ask(self, path: str) -> None:
        # A form without its fields is refused after its whole way through the service.
        build = self._http.build_request
        request = build("POST", path, json={}) if path == _FORM else build("GET", path)
        with suppress(httpx.TransportError):
            await self.answers.send(self._http, request)


@dataclass
class Change:
    """What clients must not notice of a change: no error, and no answer that is late."""

    what: str
    steps: Sequence[Step]
    problems: list[str] = field(default_factory=list)

    async def play(self, breaker: Breaker, traffic: Traffic) -> None:
        """Do it under load, and judge what the clients saw."""
        runners, load, done = Answers(), Load(traffic.site.http), asyncio.Event()
        async with runners.of(traffic.site.http), asyncio.TaskGroup() as everybody:
            everybody.create_task(load.go_on(done))
            traffic.slowness = _SLOWNESS_OF_RUNNERS
            try:
                await breaker.strike(self.what, *self.steps, breaker.all_ready)
            finally:
                traffic.slowness = 1.0
                done.set()
        for who, answers in (("at a steady pace", load.answers), ("of runners", runners)):
            slow = ", ".join(f"{seconds:.2f} s {what}" for seconds, what in answers.slow)
            breaker.report(f"  {answers.total} requests {who}, {answers.errors or 'no errors'}, slowest {slow}")
        self.problems += [f"{self.what}: {wrong}" for wrong in judge(load.answers, runners)]


def judge(load: Answers, runners: Answers) -> Iterator[str]:
    """What is wrong with those at a steady pace and with those of runners, in words."""
    if load.total < LEAST_REQUESTS:
        yield f"{load.total} requests say little; {LEAST_REQUESTS} are needed"
    if load.late * _LATE_OF > load.total:
        yield f"{load.late} of {load.total} answers took over {PROMPT_SECONDS:.0f} s"
    for answers in (load, runners):
        if answers.errors:
            yield f"of {answers.total} requests {answers.errors}"
        if answers.slowest > MOST_SECONDS:
            yield f"an answer took {answers.slowest:.2f} s"


def release(stand: Changeable, *services: str) -> Change:
    """A release of some services, or of all."""
    return Change(f"release of {', '.join(services) or 'everything'}", [partial(stand.release, *services)])


def scale_down(stand: Changeable, service: str) -> Change:
    """One replica of its API less, then as many as before."""
    steps = [partial(stand.scale, service, 1), partial(asyncio.sleep, _ALONE_SECONDS), partial(stand.scale, service, 2)]
    return Change(f"{service}-api from two replicas to one, and back", steps)


def restart_one(stand: Changeable, service: str) -> Change:
    """A restart of one of its API's two replicas."""
    return Change(f"restart of one {service}-api of two", [partial(stand.restart, service)])
