"""Line 7: a million registrations: what one more costs, and how fast staff find, list, count and export them."""

import asyncio
import random
import re
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from chassis.web.cursors import CursorOf
from registration.worker import fold_counts, merge_participant_counts
from standalone.populate import populate
from testkit.tokens import Issuer

from bench.api import api_processes
from bench.client import percentile
from bench.rates import CREATED, ROUNDS, rush
from bench.report import Figure, Report, Target
from bench.staff import public_keys
from bench.stage import Stage, Stages, Violation, check, open_database, settle

LINES = frozenset({7})

_LARGE, _SMALL = 1_000_000, 1_000
_EXPORTED = 800  # registrations: about 1,000 participants
_ASKED = 100
_MILLI = 1000
_MEBI = 2**20
_MEMORY = re.compile(r"^process_resident_memory_bytes (\S+)", re.MULTILINE)

# The last record of a ZIP archive: it is whole.
_ZIP_END, _ZIP_END_BYTES = b"PK\x05\x06", 22

_LAST_SECONDS = 600.0


def measure(report: Report, stages: Stages, lines: Collection[int], *, seconds: int) -> None:
    """The figures of this line."""
    if not LINES.intersection(lines):
        return
    issuer = Issuer()
    with stages.new() as stage, public_keys(issuer) as jwks_url:
        large_event, seconds_taken = _fill(stage, _LARGE)
        report.add(Figure(7, f"making {_LARGE} registrations", [seconds_taken], "s"))
        report.add(*_cost_of_one_more(stages, stage, seconds))
        small_event = asyncio.run(_crowd(stage, _EXPORTED))
        with (
            api_processes(stage, workers=1, environment={"STAFF_JWKS_URL": jwks_url}) as [port],
            _client(port, issuer) as http,
        ):
            report.add(*_reads(http, stage, large_event))
            report.add(*_exports(http, small_event))


def _client(port: int, issuer: Issuer) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=issuer.staff(), timeout=_LAST_SECONDS)


def _fill(stage: Stage, registrations: int) -> tuple[UUID, float]:
    """Make so many registrations; the id of their event, and the seconds it took."""
    began = time.perf_counter()
    event_id = asyncio.run(_crowd(stage, registrations))
    took = time.perf_counter() - began
    asyncio.run(settle(stage.url))
    return event_id, took


async def _crowd(stage: Stage, registrations: int) -> UUID:
    database = open_database(stage.url)
    event_id = await populate(database, registrations, report=lambda _: None)
    await fold_counts(database)
    await merge_participant_counts(database)
    await database.close()
    return event_id


def _cost_of_one_more(stages: Stages, large: Stage, seconds: int) -> list[Figure]:
    """Time per accepted registration among a million and among a thousand, turn by turn."""
    rates: dict[int, list[float]] = {_SMALL: [], _LARGE: []}
    accepted = 0
    with api_processes(large) as ports:
        for _ in range(ROUNDS):
            rates[_SMALL].append(_among_few(stages, seconds))
            answers, more = rush(ports, large, connections=256, seconds=seconds)
            accepted += more
            rates[_LARGE].append(answers.rate(CREATED))
    check(large, accepted=accepted)
    ratios = [few / many for few, many in zip(rates[_SMALL], rates[_LARGE], strict=True)]
    return [
        *(Figure(7, f"HTTP, 256 connections, {count} registrations", found, "/s") for count, found in rates.items()),
        Figure(7, "time per registration among a million / a thousand", ratios, "x", Target(ceiling=1.1)),
    ]


def _among_few(stages: Stages, seconds: int) -> float:
    with stages.new() as stage:
        _fill(stage, _SMALL)
        with api_processes(stage) as ports:
            answers, accepted = rush(ports, stage, connections=256, seconds=seconds)
        check(stage, accepted=accepted)
    return answers.rate(CREATED)


@dataclass(frozen=True)
class _Read:
    """Something staff ask for: each of `queries` once."""

    what: str
    path: str
    queries: Iterator[dict[str, Any]]
    at_most_ms: float
    found: Callable[[Any], bool] = bool


def _reads(http: httpx.Client, stage: Stage, large_event: UUID) -> list[Figure]:
    questions = [*asyncio.run(_questions(stage)), *asyncio.run(_sorted_people(stage, large_event))]
    return [_asked(http, read) for read in questions]


async def _questions(stage: Stage) -> list[_Read]:
    connection = await asyncpg.connect(stage.plain_url)
    people = await connection.fetch(
        "SELECT p.full_name, p.email, p.whatsapp, p.bib_number, r.registration_number, r.race_category_id, r.event_id"
        "  FROM participants p TABLESAMPLE SYSTEM (2) JOIN registrations r ON r.id = p.registration_id"
        " WHERE p.bib_number IS NOT NULL LIMIT $1",
        20 * _ASKED,
    )
    await connection.close()
    chosen = random.Random(7).sample(people, _ASKED)  # noqa: S311  # the same questions every time
    search = partial(_Read, path="/registrations", at_most_ms=50)
    by = {
        "name": "full_name",
        "e-mail": "email",
        "WhatsApp": "whatsapp",
        "BIB": "bib_number",
        "number": "registration_number",
    }
    return [
        *(search(f"search by {what}", queries=({"q": row[column]} for row in chosen)) for what, column in by.items()),
        *(
            _Read(f"look-up by {what}", "/registrations/lookup", ({"q": row[column]} for row in chosen), 50)
            for what, column in by.items()
        ),
        search("search by a first name of many in its event", queries=map(_namesakes, chosen)),
        # Most of these names are in none of the newest registrations, which are those of the rushes before.
        search("search by a first name of many in all events", queries=({"q": _first_name(row)} for row in chosen)),
        _Read("list, newest", "/registrations", ({"limit": 200} for _ in chosen), 100),
        _Read("list of a category's verified", "/registrations", map(_verified_of, chosen), 100),
        _Read("participants of a category, verified", "/participants", map(_people_of, chosen), 100),
        _Read("list of an event by name", "/registrations", ({**_event(row), "sort": "name"} for row in chosen), 100),
        _Read("participants of an event by first name", "/participants", map(_namesakes, chosen), 100),
        _Read("stats of an event", "/stats", ({"event_id": row["event_id"]} for row in islice(chosen, 20)), 100),
        _Read("stats of all", "/stats", ({} for _ in range(20)), 100),
        _Read("timeline by day", "/stats/timeline", ({**_event(row), **_DAYS} for row in islice(chosen, 20)), 500),
        _Read("report of participants", "/reports/participants", map(_event, islice(chosen, 20)), 500),
    ]


_DAYS = {"interval": "day"}


async def _sorted_people(stage: Stage, event_id: UUID) -> list[_Read]:
    """The race's participants in each order: the first page, and pages that begin anywhere in it."""
    connection = await asyncpg.connect(stage.plain_url)
    people = await connection.fetch(
        "SELECT left(p.search_text, 60) AS name, p.bib_number, r.created_at, p.registration_id, p.position"
        "  FROM participants p TABLESAMPLE SYSTEM (2) JOIN registrations r ON r.id = p.registration_id"
        " WHERE p.event_id = $1",
        event_id,
    )
    await connection.close()
    with_bib = _some(row for row in people if row["bib_number"] is not None)
    without = _some(row for row in people if row["bib_number"] is None)
    anyone = _some(people)
    read, first = partial(_Read, path="/participants", at_most_ms=100), {"event_id": event_id, "limit": 200}
    by_name, by_bib, by_time = ({**first, "sort": key} for key in ("name", "bib", "created_at"))
    return [
        read("participants of an event, newest", queries=(first for _ in anyone)),
        read("participants from the middle, newest", queries=_behind(first, "created_at", anyone)),
        read("participants of an event by time", queries=(by_time for _ in anyone)),
        read("participants from the middle by time", queries=_behind(by_time, "created_at", anyone)),
        read("participants of an event by name", queries=(by_name for _ in anyone)),
        read("participants from the middle by name", queries=_behind(by_name, "name", anyone)),
        read("participants of an event by BIB", queries=(by_bib for _ in anyone)),
        read("participants from the middle by BIB", queries=_behind(by_bib, "bib_number", with_bib)),
        read("participants without a BIB, by BIB", queries=_behind(by_bib, "created_at", without)),
    ]


def _some(people: Iterable["asyncpg.Record"]) -> list["asyncpg.Record"]:
    return random.Random(7).sample(list(people), _ASKED)  # noqa: S311  # as above


def _behind(page: dict[str, Any], column: str, people: Iterable["asyncpg.Record"]) -> Iterator[dict[str, Any]]:
    """The same page, but behind each of these people."""
    order = [page["sort"]] if "sort" in page else []  # as the API's cursors have it
    for row in people:
        cursor = CursorOf.encode(*order, row[column], row["registration_id"], row["position"])
        yield {**page, "cursor": cursor}


def _event(row: "asyncpg.Record") -> dict[str, Any]:
    return {"event_id": row["event_id"]}


def _first_name(row: "asyncpg.Record") -> str:
    return str(row["full_name"]).split()[0]


def _namesakes(row: "asyncpg.Record") -> dict[str, Any]:
    return {"event_id": row["event_id"], "q": _first_name(row)}


def _verified_of(row: "asyncpg.Record") -> dict[str, Any]:
    return {"category_id": row["race_category_id"], "status": "payment_verified", "limit": 200}


def _people_of(row: "asyncpg.Record") -> dict[str, Any]:
    return {**_event(row), **_verified_of(row)}


def _asked(http: httpx.Client, read: _Read) -> Figure:
    took = []
    for query in read.queries:
        began = time.perf_counter()
        answer = http.get(f"/api/registration/v1{read.path}", params=query)
        took.append(_MILLI * (time.perf_counter() - began))
        if answer.status_code != httpx.codes.OK or not _rows_of(answer.json()):
            raise Violation(f"{read.what}: {answer.status_code} {answer.text[:200]}")
    note = f"p50 {percentile(took, 0.5):.1f} ms of {len(took)}"
    return Figure(7, f"p99 of {read.what}", [percentile(took, 0.99)], "ms", Target(ceiling=read.at_most_ms), note)


def _rows_of(body: dict[str, Any]) -> Any:
    return body.get("items") or body.get("categories")


def _exports(http: httpx.Client, small_event: UUID) -> list[Figure]:
    few_rows, few_seconds = _export(http, {"event_id": str(small_event)})
    with _memory_of(http) as csv_memory:
        rows, csv_seconds = _export(http, {})
    with _memory_of(http) as xlsx_memory:
        xlsx_seconds = _export_as_xlsx(http)
    return [
        Figure(7, f"export of {few_rows} rows", [few_seconds], "s", Target(ceiling=1.0)),
        Figure(7, f"export of {rows} rows", [csv_seconds], "s"),
        _memory_taken(f"export of {rows} rows", csv_memory),
        Figure(7, f"export of {rows} rows as XLSX", [xlsx_seconds], "s"),
        _memory_taken(f"export of {rows} rows as XLSX", xlsx_memory),
    ]


def _memory_taken(by: str, found: list[float]) -> Figure:
    note = f"at most {max(found) / _MEBI:.0f} MiB in all"
    return Figure(7, f"memory that {by} took", [(max(found) - found[0]) / _MEBI], "MiB", Target(ceiling=100), note)


def _export(http: httpx.Client, query: dict[str, str]) -> tuple[int, float]:
    """Rows below the header, and seconds."""
    began, lines = time.perf_counter(), 0
    with http.stream("GET", "/api/registration/v1/participants.csv", params=query) as answer:
        for chunk in answer.iter_bytes():
            lines += chunk.count(b"\n")
    return lines - 1, time.perf_counter() - began


def _export_as_xlsx(http: httpx.Client) -> float:
    """Seconds."""
    began, last = time.perf_counter(), b""
    with http.stream("GET", "/api/registration/v1/participants.xlsx") as answer:
        for chunk in answer.iter_bytes():
            last = (last + chunk)[-_ZIP_END_BYTES:]
    if not last.startswith(_ZIP_END):
        raise Violation("the workbook has no end")
    return time.perf_counter() - began


@contextmanager
def _memory_of(http: httpx.Client) -> Iterator[list[float]]:
    """The process's resident bytes, asked for again and again while this lasts."""
    found = [_memory(http)]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            found.append(_memory(http))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield found
    finally:
        over.set()
        watching.join()


def _memory(http: httpx.Client) -> float:
    answer = http.get("/metrics")
    told = _MEMORY.search(answer.text)
    if told is None:
        raise ValueError("the API does not tell its memory")
    return float(told.group(1))
