"""Exports that are read slowly, or by many, do not slow down registering."""

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
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool
from starlette.types import Message
from testkit.driver import Answer
from testkit.polling import eventually

from .registration_driver import RegistrationDriver

_SNAPSHOTS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)
"""


class Reader:
    """A client that reads a file piece by piece, each only when the test says so."""

    def __init__(self, driver: RegistrationDriver, staff_id: UUID, file: str = "participants.csv") -> None:
        self._driver = driver
        self._file = file
        self._headers = driver.issuer.staff(Role.ADMIN, staff_id)
        self._next = asyncio.Semaphore(0)
        self.status = 0
        self.body = b""
        self.pieces = 0
        self.ended = False
        self.gone = asyncio.Event()

    async def open(self) -> None:
        path = self._driver.url(f"/{self._file}")
        headers = [(name.lower().encode(), value.encode()) for name, value in self._headers.items()]
        scope: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
        }
        scope |= {"headers": headers, "scheme": "http", "http_version": "1.1", "asgi": {"version": "3.0"}}
        await self._driver.app(scope, self._receive, self._send)

    def read_more(self, pieces: int = 1000) -> None:
        for _ in range(pieces):
            self._next.release()

    async def _receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        await self._next.acquire()
        self.body += message.get("body", b"")
        self.pieces += 1
        self.ended = not message.get("more_body")


@asynccontextmanager
async def reading(
    driver: RegistrationDriver, staff_id: UUID | None = None, *, pieces: int = 2, **how: Any
) -> AsyncIterator[Reader]:
    """Run a reader that read some pieces, the header first, and then pauses."""
    reader = Reader(driver, staff_id or uuid4(), **how)
    task = asyncio.create_task(reader.open())
    reader.read_more(pieces)
    try:
        await eventually(lambda: reader.pieces == pieces)
        yield reader
    finally:
        reader.gone.set()
        reader.read_more()
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 20)


def _pool(engine: AsyncEngine) -> QueuePool:
    assert isinstance(engine.pool, QueuePool)
    return engine.pool


async def _export(driver: RegistrationDriver, staff_id: UUID) -> Answer:
    headers = driver.issuer.staff(Role.ADMIN, staff_id)
    return await driver.call("GET", "/participants.csv", by=headers)


async def test_readers_that_pause_hold_no_connection_and_no_snapshot(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100)
    await driver.seed(2500)
    exports = [queries.export(driver.database, Filter()) for _ in range(25)]
    for export in exports:
        await anext(export)
    # then
    assert _pool(driver.database.export_engine).checkedout() == _pool(driver.database.engine).checkedout() == 0
    assert await driver.scalar(_SNAPSHOTS) == 0
    await driver.register()
    for export in exports:
        await export.aclose()


async def test_one_snapshot_held_open_would_be_seen(driver: RegistrationDriver) -> None:
    """The negative control of the measurement: a cursor of the old kind shows."""
    await driver.open_category(quota=100)
    await driver.seed(1500)
    async with driver.database.read_page() as session:
        rows = await session.stream(text("SELECT id FROM registrations"), execution_options={"yield_per": 1000})
        await anext(rows.partitions())
        assert _pool(driver.database.export_engine).checkedout() == 1
        assert await driver.scalar(_SNAPSHOTS) == 1
        await rows.close()


async def test_many_exports_at_once_use_few_connections_of_their_own(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100)
    await driver.seed(1500)
    answers = await asyncio.gather(*(_export(driver, uuid4()) for _ in range(12)), driver.try_register())
    assert {answer.status for answer in answers} == {200, 201}
    assert _pool(driver.database.export_engine).checkedin() <= EXPORT_CONNECTIONS


async def test_a_member_of_staff_has_one_export_at_a_time(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100)
    await driver.seed(2500)
    me, colleague = uuid4(), uuid4()
    async with reading(driver, me) as mine:
        refused = await _export(driver, me)
        assert refused.is_problem(409, "download_running")
        assert (await _export(driver, colleague)).status == 200
        mine.read_more()
        await eventually(lambda: mine.ended)
    assert (await _export(driver, me)).status == 200


@pytest.mark.parametrize("file", ["participants.csv", "participants.xlsx"])
async def test_a_client_that_disconnects_may_export_again(driver: RegistrationDriver, file: str) -> None:
    await driver.open_category(quota=100)
    await driver.seed(2500)
    me = uuid4()
    async with reading(driver, me, file=file, pieces=1):
        pass
    assert (await _export(driver, me)).status == 200


async def test_a_refused_export_does_not_end_the_one_that_runs(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100)
    await driver.seed(2500)
    me = uuid4()
    async with reading(driver, me):
        assert [(await _export(driver, me)).status for _ in range(2)] == [409, 409]


@pytest.mark.parametrize("limit", ["STALLED_SECONDS", "WHOLE_SECONDS"])
async def test_a_reader_that_is_too_slow_is_cut_off_and_sees_it(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    await driver.open_category(quota=100)
    await driver.seed(2500)
    me = uuid4()
    reader = Reader(driver, me)
    reader.read_more(2)
    with monkeypatch.context() as patch:
        patch.setattr(downloads, limit, 2.0)
        await asyncio.wait_for(reader.open(), 20)
    assert (reader.status, reader.ended) == (200, False)
    assert (await _export(driver, me)).status == 200


async def test_a_registration_made_while_an_export_is_read_is_in_it_once(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100)
    await driver.seed(2500)
    async with reading(driver) as reader:
        late = await driver.register(5)
        reader.read_more()
        await eventually(lambda: reader.ended)
    rows = list(csv.DictReader(io.StringIO(reader.body.decode("utf-8-sig"), newline="")))
    numbers = [row["registration_number"] for row in rows]
    assert len(rows) == 2505
    assert numbers[-5:] == [late["registration_number"]] * 5
    assert numbers[:2500] == [f"SEED-{number}" for number in range(2500, 0, -1)]
    assert [row["is_pic"] for row in rows[-5:]] == ["True", *["False"] * 4]


async def test_a_page_begins_behind_its_key_without_reading_the_pages_before(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100)
    await driver.seed(20_000)
    await driver.execute("ANALYZE")
    filters = [Filter(), Filter(event_id=UUID(driver.event["id"])), Filter(category_id=UUID(driver.category["id"]))]
    for wanted in filters:
        plan = await _plan_of_second_page(driver, wanted)
        assert "Index Cond: (ROW(created_at, id) > ROW" in plan, plan
        assert "Seq Scan on registrations" not in plan, plan


async def _plan_of_second_page(driver: RegistrationDriver, wanted: Filter) -> str:
    """Return the plan that would be kept for all pages but the first."""
    statements: list[str] = []
    engine = driver.database.export_engine.sync_engine
    note = partial(_note_statement, statements)
    event.listen(engine, "before_cursor_execute", note)
    pages = queries.export(driver.database, wanted)
    await anext(pages)
    await anext(pages)
    await pages.aclose()
    event.remove(engine, "before_cursor_execute", note)
    nulls = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", statements[-1]))))
    async with driver.database.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        await raw.execute("SET plan_cache_mode = force_generic_plan")
        await raw.execute(f"PREPARE kept AS {statements[-1]}")
        lines = await raw.fetch(f"EXPLAIN EXECUTE kept({nulls})")
        await raw.execute("DEALLOCATE kept; RESET plan_cache_mode")
    return "\n".join(line[0] for line in lines)


def _note_statement(statements: list[str], *found: Any) -> None:
    if found[2].lstrip().upper().startswith("SELECT"):
        statements.append(found[2])
