"""Line 8: everything running, each service in processes of its own over RabbitMQ: how soon the others know.

All of it includes the copy in `sent_events`, which the statement that takes an event out of the outbox writes.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Self
from uuid import UUID

import asyncpg
import uvloop
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.race import open_race
from testkit.polling import eventually

from bench.client import Answers, closed_loop, open_loop, percentile
from bench.forms import CROWD, registrations
from bench.rates import CREATED
from bench.report import Figure, Report, Target
from bench.stage import Violation
from tests.breaking.processes import ProcessStand
from tests.breaking.stand import Member

LINES = frozenset({8})

_STEADY_RATE = 100
_DURING_DRAIN_RATE = 50
_BURST_PER_SECOND = 750
_BACKLOG_PER_SECOND = 5_000
_VERIFIED = 100
_QUOTA = 90_000
_LOOK_AGAIN = 0.01
_PATIENCE = 300.0
_MILLI = 1000

_REGISTRATION_API = Member("registration", "api", 1)
_REGISTRATION_WORKER = Member("registration", "worker", 1)


class _Stand(ProcessStand):
    """One process for each half of each service, with the pools and workers a service has unless told otherwise."""

    @property
    def registration_port(self) -> int:
        """Past the gateway, which would be what is measured otherwise."""
        return self._ports[_REGISTRATION_API]

    def _arguments(self, member: Member) -> Sequence[str]:
        # A load generator's connections rest longer than a browser's, and are to be there when they are needed.
        patient = ("--timeout-keep-alive", "600") if member.half == "api" else ()
        return (*super()._arguments(member), *patient)

    def _environment(self, member: Member, key: str) -> Mapping[str, str]:
        environment = dict(super()._environment(member, key))
        for name in ("POOL_SIZE", "POOL_OVERFLOW", "RELAY_WORKERS", "RELAY_LEASE_SECONDS"):
            environment.pop(name, None)
        return environment


class _Eyes:
    """Looks into the services' databases."""

    def __init__(self, pools: Mapping[str, Any]) -> None:
        self._pools = pools

    @classmethod
    async def open(cls, stand: ProcessStand, stack: AsyncExitStack) -> Self:
        """Until the stack ends."""
        pools = {}
        for service, url in stand.databases.items():
            pools[service] = await stack.enter_async_context(asyncpg.create_pool(url, min_size=1, max_size=3))
        return cls(pools)

    async def ids(self, service: str, query: str, *arguments: Any) -> set[UUID]:
        """A query's first column."""
        return {row[0] for row in await self._pools[service].fetch(query, *arguments)}

    async def number(self, service: str, query: str, *arguments: Any) -> int:
        """A query's only value."""
        return int(await self._pools[service].fetchval(query, *arguments))

    async def until_even(self) -> float:
        """Seconds until every registration has its invoice and its two messages, once.

        Raises:
            Violation: that never came true.
        """
        began = time.perf_counter()
        await _until(self._even)
        return time.perf_counter() - began

    async def _even(self) -> None:
        registered = await self.number("registration", "SELECT count(*) FROM registrations")
        found = [await self.number(service, query) for service, query in _TOLD_OF_ALL]
        if found != [registered, registered, registered, 2 * registered]:
            raise AssertionError(f"{registered} registrations; invoices, events taken in and messages: {found}")


_TAKEN_IN = "SELECT count(*) FROM processed_events WHERE type = 'registration.created'"
_TOLD_OF_ALL = (
    ("payment", "SELECT count(*) FROM invoices"),
    ("payment", _TAKEN_IN),
    ("notification", _TAKEN_IN),
    ("notification", "SELECT count(*) FROM notifications WHERE event_type = 'registration.created'"),
)


def measure(report: Report, _: object, lines: Collection[int], *, seconds: int) -> None:
    """The figures of this line, on servers of the stand's own."""
    if LINES.intersection(lines):
        uvloop.run(_measure(report, seconds))


async def _measure(report: Report, seconds: int) -> None:
    async with AsyncExitStack() as stack:
        stand = await stack.enter_async_context(_Stand(replicas=1))
        eyes = await _Eyes.open(stand, stack)
        site = await stack.enter_async_context(Site(stand.url))
        owner = await StaffMember.login(site, *stand.owner)
        [category] = await open_race(owner, [_QUOTA])
        report.add(*await _steady(stand, eyes, category, 5 * seconds))
        report.add(await _burst(stand, eyes, category, _BURST_PER_SECOND * seconds))
        report.add(*await _verifications(owner, eyes, category))
        report.add(*await _backlog(stand, eyes, category, _BACKLOG_PER_SECOND * seconds))
        diagnosis = await stand.doctor()
    if not diagnosis["ok"]:
        raise Violation(f"the doctor found {diagnosis['findings'][:5]}")


async def _come(stand: _Stand, category: str, rate: float, seconds: float) -> None:
    """Registrations at that rate, through an open loop."""
    forms = registrations([UUID(category)], int(2 * rate * seconds) + 10)
    answers = await open_loop([stand.registration_port], forms, rate=rate, seconds=seconds, connections=64)
    _all_accepted(answers)


async def _rush(stand: _Stand, category: str, count: int) -> float:
    """So many registrations as fast as they go; how many a second."""
    forms = registrations([UUID(category)], count)
    answers = await closed_loop([stand.registration_port], forms, connections=256, seconds=_PATIENCE)
    _all_accepted(answers)
    return answers.rate(CREATED)


def _all_accepted(answers: Answers) -> None:
    if set(answers.statuses) != {CREATED}:
        raise Violation(f"expected {CREATED} only, got {dict(answers.statuses)}")


async def _steady(stand: _Stand, eyes: _Eyes, category: str, seconds: float) -> list[Figure]:
    """From the commit of a registration to the commit of its invoice, as somebody sees them who looks all the time."""
    registered: dict[UUID, float] = {}
    invoiced: dict[UUID, float] = {}

    async def watch() -> None:
        while True:
            _note(registered, await eyes.ids("registration", _NEWEST))
            waiting = [each for each in registered if each not in invoiced]
            _note(invoiced, await eyes.ids("payment", _INVOICED, waiting))
            await asyncio.sleep(_LOOK_AGAIN)

    watching = asyncio.create_task(watch())
    try:
        await _come(stand, category, _STEADY_RATE, seconds)
        await eyes.until_even()
    finally:
        watching.cancel()
        await asyncio.wait([watching])
    took = [seen - registered[each] for each, seen in invoiced.items()]
    what, note = f"registered -> invoice at {_STEADY_RATE}/s", f"{len(took)} registrations"
    return [
        Figure(8, f"p50 of {what}", [percentile(took, 0.5)], "s", note=note),
        Figure(8, f"p99 of {what}", [percentile(took, 0.99)], "s", Target(ceiling=2.0), note),
    ]


_NEWEST = "SELECT id FROM registrations ORDER BY created_at DESC, id DESC LIMIT 500"
_INVOICED = "SELECT registration_id FROM invoices WHERE registration_id = ANY($1::uuid[])"


def _note(seen: dict[UUID, float], ids: set[UUID]) -> None:
    now = time.perf_counter()
    for each in ids:
        seen.setdefault(each, now)


async def _burst(stand: _Stand, eyes: _Eyes, category: str, count: int) -> Figure:
    rate = await _rush(stand, category, count)
    took = await eyes.until_even()
    what = f"every invoice and message after a burst of {count}"
    return Figure(8, what, [took], "s", Target(ceiling=15.0), f"accepted at {rate:.0f}/s")


async def _verifications(owner: StaffMember, eyes: _Eyes, category: str) -> list[Figure]:
    """From the answer to a verification until BIB, roster and ticket are there, one by one on a quiet platform."""
    for _ in range(_VERIFIED):
        buyer = await Buyer.of(owner.site, CROWD.form(category)).register()
        await _until(buyer.has_invoice)
        await buyer.pay()
    page = await owner.call("GET", f"/payment/v1/payments?status=uploaded&limit={_VERIFIED}")
    took = [await _verified(owner, eyes, payment) for payment in page["items"]]
    what = "verified -> BIB, roster and ticket"
    return [
        Figure(8, f"p50 of {what}", [_MILLI * percentile(took, 0.5)], "ms", note=f"{len(took)} verifications"),
        Figure(8, f"p99 of {what}", [_MILLI * percentile(took, 0.99)], "ms", Target(ceiling=300)),
    ]


_CONFIRMED = (
    ("registration", "SELECT id FROM registrations WHERE id = $1 AND status = 'payment_verified'"),
    ("checkin", "SELECT registration_id FROM roster WHERE registration_id = $1"),
    (
        "notification",
        "SELECT id FROM notifications WHERE registration_id = $1 AND event_type = 'registration.confirmed'",
    ),
)


async def _verified(owner: StaffMember, eyes: _Eyes, payment: Mapping[str, Any]) -> float:
    await owner.verify(payment["payment_id"])
    began = time.perf_counter()
    for service, query in _CONFIRMED:
        sight = partial(eyes.ids, service, query, UUID(payment["registration_id"]))
        await _until(sight, every=_LOOK_AGAIN / 2)
    return time.perf_counter() - began


async def _backlog(stand: _Stand, eyes: _Eyes, category: str, count: int) -> list[Figure]:
    """The relay was away; it comes back while registrations go on. Published means sent, confirmed and copied."""
    await stand.stop(_REGISTRATION_WORKER)
    rate = await _rush(stand, category, count)
    last = await eyes.number("registration", "SELECT max(id) FROM outbox")
    await stand.start(_REGISTRATION_WORKER)
    began, over = time.perf_counter(), asyncio.Event()
    coming = asyncio.create_task(_keep_coming(stand, category, over))
    try:
        await _until(partial(_is_published, eyes, last))
    finally:
        published = time.perf_counter() - began
        over.set()
        await coming
    await eyes.until_even()
    drained = time.perf_counter() - began
    what, made = f"a backlog of {count} events", f"made at {rate:.0f}/s"
    return [
        Figure(8, f"{what} is published and kept", [published], "s", note=f"{count / published:.0f}/s, {made}"),
        Figure(8, f"{what} has had its effects", [drained], "s", note=f"{count / drained:.0f}/s"),
    ]


async def _is_published(eyes: _Eyes, last: int) -> bool:
    return not await eyes.number("registration", "SELECT count(*) FROM outbox WHERE id <= $1", last)


async def _keep_coming(stand: _Stand, category: str, over: asyncio.Event) -> None:
    while not over.is_set():
        await _come(stand, category, _DURING_DRAIN_RATE, 1.0)


async def _until(check: Callable[[], Awaitable[object]], *, every: float = 10 * _LOOK_AGAIN) -> None:
    """Wait until `check` says yes.

    Raises:
        Violation: it never did.
    """
    try:
        await eventually(check, within=_PATIENCE, every=every)
    except AssertionError as never:
        raise Violation(str(never)) from None
