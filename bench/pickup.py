"""Lines 13 and 14: scans while registrations rush, and the roster as devices get it."""

import asyncio
import json
import multiprocessing
import re
import time
import zlib
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import uvloop
from testkit.databases import plain

from bench.api import api_processes
from bench.client import Answers, open_loop, post
from bench.hall import PATH, RUNNERS, Hall, check_packs, make_roster, open_hall
from bench.rates import CREATED, ROUNDS, only, rush
from bench.report import Figure, Report, Target
from bench.stage import Stage, Stages, Violation, check, settle

_SCANS, _SNAPSHOT = 13, 14
LINES = frozenset({_SCANS, _SNAPSHOT})

_PER_SECOND = 50
_CONNECTIONS = 32
_RUSHING = 256
_LONGEST = 30  # seconds; in all rounds together no runner comes twice
_PREPARATION_SECONDS = 120.0
_AT_MOST_MS = 100
_CHANGED = 100
_LARGEST_MB = 2
_MILLI, _MEGA = 1_000, 1_000_000
_ROUTES = Path(__file__).resolve().parent.parent / "deploy" / "gateway" / "routes.conf"
_USUAL_LEVEL = 1  # of nginx, where it is not told otherwise
_GZIP = zlib.MAX_WBITS | 16


def measure(report: Report, stages: Stages, lines: Collection[int], *, seconds: int) -> None:
    """The figures of these lines."""
    if not LINES.intersection(lines):
        return
    roster = make_roster(stages)
    if _SCANS in lines:
        with open_hall(stages, roster) as hall:
            report.add(*_scans(stages, hall, min(5 * seconds, _LONGEST)))
    if _SNAPSHOT in lines:
        with open_hall(stages, roster) as hall:
            report.add(*_snapshot(hall))


@dataclass(frozen=True)
class _Round:
    """Scans alone, scans beside a rush, and the registrations of that rush."""

    alone: Answers
    beside: Answers
    rush: Answers


def _scans(stages: Stages, hall: Hall, seconds: int) -> list[Figure]:
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(2)
    with (
        stages.new() as stage,
        api_processes(stage) as ports,
        ProcessPoolExecutor(1, spawn, initializer=_meet_at, initargs=(together,)) as pool,
    ):
        rounds, registered = [], 0
        for _ in range(ROUNDS):
            asyncio.run(settle(stage.url))
            alone = _scanned(hall, seconds)
            rushing = pool.submit(_rush, ports, stage, seconds)
            together.wait(_PREPARATION_SECONDS)
            beside = _scanned(hall, seconds)
            answers, accepted = rushing.result()
            rounds.append(_Round(alone, beside, answers))
            registered += accepted
        check(stage, accepted=registered)
    asyncio.run(_check_scans(hall, sum(len(each.alone.found) + len(each.beside.found) for each in rounds)))
    return [*_waits(rounds), *_ratios(rounds), _rushed(rounds)]


_together: list[Barrier] = []


def _meet_at(barrier: Barrier) -> None:
    _together.append(barrier)


def _rush(ports: Sequence[int], stage: Stage, seconds: int) -> tuple[Answers, int]:
    """In a process of its own, which makes the registrations before the scans begin and goes on until they end."""
    ready = _together[0]
    return rush(ports, stage, connections=_RUSHING, seconds=seconds, prepared=lambda: ready.wait(_PREPARATION_SECONDS))


def _scanned(hall: Hall, seconds: int) -> Answers:
    """Raises `Violation` if a scan was refused or got no answer."""
    scans = [_scan(hall, code) for code in islice(hall.tickets, int(_PER_SECOND * seconds * 1.2) + 20)]
    answers = uvloop.run(open_loop([hall.api.port], scans, rate=_PER_SECOND, seconds=seconds, connections=_CONNECTIONS))
    only(CREATED, answers)
    return answers


def _scan(hall: Hall, ticket_code: str) -> bytes:
    headers = {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex, **hall.device}
    return post(f"{PATH}/checkins", json.dumps({"ticket_code": ticket_code}).encode(), headers)


async def _check_scans(hall: Hall, accepted: int) -> None:
    await check_packs(hall.url, accepted=accepted)
    connection = await asyncpg.connect(plain(hall.url))
    published = await connection.fetchval("SELECT count(*) FROM outbox")
    await connection.close()
    if published != accepted:
        raise Violation(f"{published} events in the outbox, {accepted} scans were accepted")


def _ms(answers: Answers, share: float) -> float:
    return _MILLI * answers.percentile(CREATED, share)


def _waits(rounds: Sequence[_Round]) -> Iterator[Figure]:
    for name, share, target in (("p50", 0.5, None), ("p99", 0.99, Target(ceiling=_AT_MOST_MS))):
        alone = [_ms(each.alone, share) for each in rounds]
        yield Figure(_SCANS, f"{name} of {_PER_SECOND} scans a second, alone", alone, "ms")
        beside = [_ms(each.beside, share) for each in rounds]
        yield Figure(_SCANS, f"{name} of {_PER_SECOND} scans a second, beside a rush", beside, "ms", target)


def _ratios(rounds: Sequence[_Round]) -> Iterator[Figure]:
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        ratios = [_ms(each.beside, share) / _ms(each.alone, share) for each in rounds]
        yield Figure(_SCANS, f"{name} beside a rush / alone", ratios, "x")


def _rushed(rounds: Sequence[_Round]) -> Figure:
    cores = max(each.rush.generator_cores + each.beside.generator_cores for each in rounds)
    scans = sum(len(each.alone.found) + len(each.beside.found) for each in rounds)
    note = f"load generators {cores:.2f} cores, {scans} scans"
    return Figure(_SCANS, "registrations meanwhile", [only(CREATED, each.rush) for each in rounds], "/s", note=note)


@dataclass(frozen=True)
class _Snapshot:
    """An answer with the roster, or with what changed of it, and the milliseconds that it took."""

    body: bytes
    took: float

    def content(self) -> dict[str, Any]:
        """What it says."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def megabytes(self, *, level: int | None = None) -> float:
        """Its size, compressed with a level of gzip if one is given."""
        return len(self.body if level is None else zlib.compress(self.body, level, _GZIP)) / _MEGA


def _snapshot(hall: Hall) -> list[Figure]:
    with hall.client() as http:
        whole = [_asked(http) for _ in range(ROUNDS)]
        known = whole[-1].content()
        if not known["whole"] or len(known["entries"]) != RUNNERS:
            raise Violation(f"{len(known['entries'])} of {RUNNERS} runners are in the whole roster")
        version, changes = known["version"], []
        for _ in range(ROUNDS):
            changes.append(_changed(http, version, list(islice(hall.tickets, _CHANGED))))
            version = changes[-1].content()["version"]
    return [*_whole(whole), *_difference(changes)]


def _asked(http: httpx.Client, since: str | None = None) -> _Snapshot:
    began = time.perf_counter()
    answer = http.get("/roster/snapshot", params={"since": since} if since else {})
    took = _MILLI * (time.perf_counter() - began)
    if answer.status_code != httpx.codes.OK:
        raise Violation(f"the roster: {answer.status_code} {answer.text[:200]}")
    return _Snapshot(answer.content, took)


def _changed(http: httpx.Client, since: str, codes: Sequence[str]) -> _Snapshot:
    """What changed after these tickets were scanned.

    Raises:
        Violation: one of them is not in it as handed out.
    """
    handed_out = {_handed_out_to(http, code) for code in codes}
    difference = _asked(http, since)
    found = difference.content()
    seen = {entry["participant_id"] for entry in found["entries"] if entry["handed_out"]}
    if found["whole"] or handed_out - seen:
        raise Violation(f"{len(handed_out - seen)} check-ins are missing in a difference")
    return difference


def _handed_out_to(http: httpx.Client, code: str) -> str:
    answer = http.post("/checkins", json={"ticket_code": code})
    if answer.status_code != CREATED:
        raise Violation(f"a scan: {answer.status_code} {answer.text[:200]}")
    return str(answer.json()["participant_id"])


def _whole(answers: Sequence[_Snapshot]) -> list[Figure]:
    what, one = f"the roster of {RUNNERS} runners", answers[0]
    [told] = re.findall(r"gzip_comp_level (\d);", _ROUTES.read_text())
    compressed = one.megabytes(level=int(told))
    return [
        Figure(_SNAPSHOT, what, [one.megabytes()], "MB"),
        Figure(_SNAPSHOT, f"{what}, as the gateway compresses", [compressed], "MB", Target(ceiling=_LARGEST_MB)),
        Figure(_SNAPSHOT, f"{what}, gzip level {_USUAL_LEVEL}", [one.megabytes(level=_USUAL_LEVEL)], "MB"),
        Figure(_SNAPSHOT, f"{what}, the whole answer", [each.took / _MILLI for each in answers], "s"),
    ]


def _difference(answers: Sequence[_Snapshot]) -> list[Figure]:
    what = f"difference after {_CHANGED} check-ins"
    return [
        Figure(_SNAPSHOT, what, [_MILLI * each.megabytes() for each in answers], "kB"),
        Figure(_SNAPSHOT, f"{what}, the whole answer", [each.took for each in answers], "ms"),
    ]
