"""Templates, clones and what is left behind."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from testkit.databases import Databases, NotATestDatabase, plain
from testkit.servers import Server


@pytest.fixture
async def own(postgres_server: Server) -> AsyncIterator[Databases]:
    """Databases apart from those of the running session."""
    databases = Databases(postgres_server.url)
    databases._prefix += "own_"
    yield databases
    await databases.drop_all()


async def _ask(url: str, statement: str) -> Any:
    connection = await asyncpg.connect(plain(url))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def _pid_of_a_dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def _make_one_table(url: str) -> None:
    asyncio.run(_ask(url, "CREATE TABLE runner (name text PRIMARY KEY)"))


async def _names(server: Server) -> list[str]:
    return list(await _ask(server.url, "SELECT array_agg(datname::text) FROM pg_database"))


async def test_a_clone_has_the_tables_of_its_template_and_rows_of_its_own(own: Databases) -> None:
    template = await own.template("payment", _make_one_table)
    first, second = await own.clone(template), await own.clone(template)

    await _ask(first, "INSERT INTO runner VALUES ('Sari')")

    assert first.startswith("postgresql+asyncpg://")
    assert await _ask(first, "SELECT count(*) FROM runner") == 1
    assert await _ask(second, "SELECT count(*) FROM runner") == 0


async def test_a_template_is_migrated_once_however_many_ask_at_once(own: Databases) -> None:
    migrated: list[int] = []

    def migrate(url: str) -> None:
        migrated.append(threading.get_ident())
        _make_one_table(url)

    templates = await asyncio.gather(*(own.template("payment", migrate) for _ in range(5)))

    assert len(migrated) == 1
    assert migrated[0] != threading.get_ident(), "migrations run an event loop of their own, so never in this thread"
    assert len(set(templates)) == 1
    assert await own.template("registration", _make_one_table) not in templates


async def test_a_failed_migration_leaves_nothing_and_may_be_tried_again(
    own: Databases, postgres_server: Server
) -> None:
    before = set(await _names(postgres_server))

    def fail(_: str) -> None:
        raise LookupError("no such table")

    with pytest.raises(LookupError):
        await own.template("payment", fail)

    assert not {name for name in await _names(postgres_server) if "own_" in name} - before
    assert await own.template("payment", _make_one_table)


async def test_many_clones_at_once_all_succeed(own: Databases) -> None:
    template = await own.template("payment", _make_one_table)

    clones = await asyncio.gather(*(own.clone(template) for _ in range(8)))

    assert len(set(clones)) == 8
    assert [await _ask(clone, "SELECT count(*) FROM runner") for clone in clones] == [0] * 8


async def test_nobody_can_enter_a_template_so_that_it_can_always_be_cloned(own: Databases) -> None:
    template = await own.template("payment", _make_one_table)

    with pytest.raises(asyncpg.PostgresError, match="not currently accepting connections"):
        await _ask(own._url(template), "SELECT 1")


async def test_with_the_door_open_a_visitor_makes_cloning_fail(own: Databases) -> None:
    """The negative control of the test above."""
    template = await own.template("payment", _make_one_table)
    await own._execute(f'ALTER DATABASE "{template}" ALLOW_CONNECTIONS true')
    visitor = await asyncpg.connect(plain(own._url(template)))
    try:
        with pytest.raises(asyncpg.ObjectInUseError):
            await own.clone(template)
    finally:
        await visitor.close()


async def test_dropping_cuts_those_still_connected_and_is_fine_twice(own: Databases, postgres_server: Server) -> None:
    clone = await own.clone(await own.template("payment", _make_one_table))
    visitor = await asyncpg.connect(plain(clone))

    await own.drop(clone)
    await own.drop(clone)

    assert clone.rpartition("/")[2] not in await _names(postgres_server)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await visitor.fetchval("SELECT 1")
    await visitor.close()


@pytest.mark.parametrize("name", ["postgres", "startline", "startline_test_database", 'x"; DROP DATABASE postgres; --'])
async def test_only_test_databases_are_ever_dropped(own: Databases, postgres_server: Server, name: str) -> None:
    with pytest.raises(NotATestDatabase):
        await own.drop(postgres_server.url.rpartition("/")[0] + f"/{name}")


async def test_the_sweep_takes_what_the_dead_left_and_spares_the_living(
    own: Databases, postgres_server: Server
) -> None:
    pid = _pid_of_a_dead_process()
    machine = own._prefix.split("_")[3]
    orphan = f"startline_test_{pid}_{machine}_orphan"
    elsewhere = f"startline_test_{pid}_ffffff_of_another_machine"
    living = f"startline_test_{os.getppid()}_{machine}_living"
    await own._execute(*(f'CREATE DATABASE "{name}"' for name in (orphan, elsewhere, living)))
    try:
        assert orphan in await own.sweep()
        assert {orphan, elsewhere, living} & set(await _names(postgres_server)) == {elsewhere, living}
    finally:
        await own._drop([elsewhere, living])


def test_urls_over_a_socket_keep_their_folder() -> None:
    databases = Databases("postgresql+asyncpg://me@/postgres?host=/run/postgresql")

    assert databases._url("x") == "postgresql+asyncpg://me@/x?host=/run/postgresql"
    assert plain(databases._url("x")) == "postgresql://me@/x?host=/run/postgresql"
