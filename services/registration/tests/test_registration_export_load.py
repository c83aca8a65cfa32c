"""Exports that are read slowly, or by many, take nothing from those who register."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.auth.principals import Role
from chassis.database import EXPORT_CONNECTIONS
from chassis.web import downloads
from registration.entries import queries
from registration.entries.queries import Filter
from sqlalchemy import event, text
from testkit.polling import eventually

_SNAPSHOTS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)
"""


class Reader:
    """A client that takes a file piece by piece, each only when the test says so."""

    def __init__(self, race: Any, staff_id: UUID, file: str = "participants.csv") -> None:
        self._race = race
        self._file = file
        self._headers = race.service.issuer.staff(Role.ADMIN, staff_id)
        self._next = asyncio.Semaphore(0)
        self.status = 0
        self.body = b""
        self.pieces = 0
        self.ended = False
        self.gone = asyncio.Event()

    async def open(self) -> None:
        path = self._race.url(f"/{self._file}")
        headers = [(name.lower().encode(), value.encode()) for name, value in self._headers.items()]
        scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
        scope |= {"headers": headers, "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"}}
        await self._race.service.app(scope, self._receive, self._send)

    def reads_on(self, pieces: int = 1000) -> None:
        for _ in range(pieces):
            self._next.release()

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        await self._next.acquire()
        self.body += message.get("body", b"")
        self.pieces += 1
        self.ended = not message.get("more_body")


@asynccontextmanager
async def reading(race: Any, staff_id: UUID | None = None, *, pieces: int = 2, **how: Any) -> AsyncIterator[Reader]:
    """A reader that took some pieces, the header first, and then pauses."""
    reader = Reader(race, staff_id or uuid4(), **how)
    task = asyncio.create_task(reader.open())
    reader.reads_on(pieces)
    try:
        await eventually(lambda: reader.pieces == pieces)
        yield reader
    finally:
        reader.gone.set()
        reader.reads_on()
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 20)


async def _export(race: Any, staff_id: UUID) -> Any:
    headers = race.service.issuer.staff(Role.ADMIN, staff_id)
    return await race.http.get(race.url("/participants.csv"), headers=headers)


async def test_readers_that_pause_hold_no_connection_and_no_snapshot(race: Any) -> None:
    await race.open(quota=100)
    await race.seed(2500)
    exports = [queries.export(race.database, Filter()) for _ in range(25)]
    for export in exports:
        await anext(export)
    # then
    assert race.database.export_engine.pool.checkedout() == race.database.engine.pool.checkedout() == 0
    assert await race.scalar(_SNAPSHOTS) == 0
    assert (await race.register()).status_code == 201
    for export in exports:
        await export.aclose()


async def test_one_snapshot_held_open_would_be_seen(race: Any) -> None:
    """The negative control of the measurement: a cursor of the old kind shows."""
    await race.open(quota=100)
    await race.seed(1500)
    async with race.database.read_page() as session:
        rows = await session.stream(text("SELECT id FROM registrations"), execution_options={"yield_per": 1000})
        await anext(rows.partitions())
        assert race.database.export_engine.pool.checkedout() == 1
        assert await race.scalar(_SNAPSHOTS) == 1
        await rows.close()


async def test_many_exports_at_once_use_few_connections_of_their_own(race: Any) -> None:
    await race.open(quota=100)
    await race.seed(1500)
    answers = await asyncio.gather(*(_export(race, uuid4()) for _ in range(12)), race.register())
    assert {answer.status_code for answer in answers} == {200, 201}
    assert race.database.export_engine.pool.checkedin() <= EXPORT_CONNECTIONS


async def test_everybody_has_one_export_at_a_time(race: Any) -> None:
    await race.open(quota=100)
    await race.seed(2500)
    me, colleague = uuid4(), uuid4()
    async with reading(race, me) as mine:
        refused = await _export(race, me)
        assert (refused.status_code, refused.json()["code"]) == (409, "download_running")
        assert (await _export(race, colleague)).status_code == 200
        mine.reads_on()
        await eventually(lambda: mine.ended)
    assert (await _export(race, me)).status_code == 200


@pytest.mark.parametrize("file", ["participants.csv", "participants.xlsx"])
async def test_who_goes_away_in_the_middle_may_export_again(race: Any, file: str) -> None:
    await race.open(quota=100)
    await race.seed(2500)
    me = uuid4()
    async with reading(race, me, file=file, pieces=1):
        pass
    assert (await _export(race, me)).status_code == 200


async def test_a_refused_export_does_not_end_the_one_that_runs(race: Any) -> None:
    await race.open(quota=100)
    await race.seed(2500)
    me = uuid4()
    async with reading(race, me):
        assert [(await _export(race, me)).status_code for _ in range(2)] == [409, 409]


@pytest.mark.parametrize("limit", ["STALLED_SECONDS", "WHOLE_SECONDS"])
async def test_a_reader_that_is_too_slow_is_cut_off_and_sees_it(
    race: Any, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    await race.open(quota=100)
    await race.seed(2500)
    me = uuid4()
    reader = Reader(race, me)
    reader.reads_on(2)
    with monkeypatch.context() as patch:
        patch.setattr(downloads, limit, 2.0)
        await asyncio.wait_for(reader.open(), 20)
    assert (reader.status, reader.ended) == (200, False)
    assert (await _export(race, me)).status_code == 200


async def test_who_registers_while_an_export_is_read_is_in_it_once(race: Any) -> None:
    await race.open(quota=100)
    await race.seed(2500)
    async with reading(race) as reader:
        late = await race.registered(5)
        reader.reads_on()
        await eventually(lambda: reader.ended)
    rows = list(csv.DictReader(io.StringIO(reader.body.decode("utf-8-sig"), newline="")))
    numbers = [row["registration_number"] for row in rows]
    assert len(rows) == 2505
    assert numbers[-5:] == [late["registration_number"]] * 5
    assert numbers[:2500] == [f"SEED-{number}" for number in range(2500, 0, -1)]
    assert [row["is_pic"] for row in rows[-5:]] == ["True", *["False"] * 4]


async def test_a_page_begins_behind_its_key_without_reading_the_pages_before(race: Any) -> None:
    await race.open(quota=100)
    await race.seed(20_000)
    await race.execute("ANALYZE")
    filters = [Filter(), Filter(event_id=UUID(race.event["id"])), Filter(category_id=UUID(race.category["id"]))]
    for wanted in filters:
        plan = await _plan_of_second_page(race, wanted)
        assert "Index Cond: (ROW(created_at, id) > ROW" in plan, plan
        assert "Seq Scan on registrations" not in plan, plan


async def _plan_of_second_page(race: Any, wanted: Filter) -> str:
    """The plan that would be kept for all pages but the first."""
    heard: list[str] = []
    engine = race.database.export_engine.sync_engine
    note = partial(_note_statement, heard)
    event.listen(engine, "before_cursor_execute", note)
    pages = queries.export(race.database, wanted)
    await anext(pages)
    await anext(pages)
    await pages.aclose()
    event.remove(engine, "before_cursor_execute", note)
    nulls = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", heard[-1]))))
    async with race.database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        await raw.execute("SET plan_cache_mode = force_generic_plan")
        await raw.execute(f"PREPARE kept AS {heard[-1]}")
        lines = await raw.fetch(f"EXPLAIN EXECUTE kept({nulls})")
        await raw.execute("DEALLOCATE kept; RESET plan_cache_mode")
    return "\n".join(line[0] for line in lines)


def _note_statement(heard: list[str], *found: Any) -> None:
    if found[2].lstrip().upper().startswith("SELECT"):
        heard.append(found[2])
