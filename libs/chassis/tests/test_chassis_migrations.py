"""Tables come, go and come again; what is in the code is what is in the database; and the audit log only grows."""

import asyncio
import subprocess
import sys

import pytest
from alembic.util import CommandError
from chassis import migrations
from chassis.database import Database
from chassis.migrations import downgrade, drift, upgrade
from faststream_outbox.client import OutboxClient
from sqlalchemy import Column, Integer, MetaData, Table, inspect, text
from sqlalchemy.exc import DBAPIError
from testkit.example.service import PACKAGE, Connect
from testkit.example.tables import Base, service_tables

EVERY_TABLE = set(Base.metadata.tables)


async def tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        found = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    return {name for name in found if not name.startswith("sent_events_")} - {"alembic_version"}


async def test_migrations_go_down_and_up_again(url: str, database: Database) -> None:
    assert await tables(database) == EVERY_TABLE

    await asyncio.to_thread(downgrade, url, PACKAGE)
    assert await tables(database) == set()

    await asyncio.to_thread(upgrade, url, PACKAGE)
    assert await tables(database) == EVERY_TABLE
    assert list(await asyncio.to_thread(drift, url, Base.metadata)) == []


async def test_a_schema_of_a_newer_release_is_left_alone_and_not_taken_down(url: str, database: Database) -> None:
    async with database.work() as work:
        await work.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    await asyncio.to_thread(upgrade, url, PACKAGE)
    with pytest.raises(CommandError, match="9999"):
        await asyncio.to_thread(downgrade, url, PACKAGE)

    assert await tables(database) == EVERY_TABLE


async def test_two_processes_that_go_up_at_once_do_it_once(url: str, database: Database) -> None:
    await asyncio.to_thread(downgrade, url, PACKAGE)
    command = [sys.executable, "-c", f"from chassis.migrations import upgrade; upgrade({url!r}, {PACKAGE!r})"]

    both = await asyncio.gather(*(asyncio.to_thread(subprocess.run, command, check=False) for _ in range(2)))

    assert [done.returncode for done in both] == [0, 0]
    assert await tables(database) == EVERY_TABLE


async def test_a_table_or_column_that_only_the_code_knows_is_drift(url: str) -> None:
    ahead = MetaData()
    for table in Base.metadata.tables.values():
        table.to_metadata(ahead)
    Table("waitlist", ahead, Column("id", Integer, primary_key=True))
    ahead.tables["runners"].append_column(Column("nickname", Integer))

    found = str(list(await asyncio.to_thread(drift, url, ahead)))

    assert "add_table" in found
    assert "waitlist" in found
    assert "add_column" in found
    assert "nickname" in found


async def test_what_is_left_of_a_migration_that_waits_too_long_for_a_lock_is_nothing(
    url: str, database: Database, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.migrations._LOCK_TIMEOUT", "100ms")
    async with connect(url).engine.connect() as busy:
        await busy.execute(text("LOCK TABLE outbox IN ACCESS SHARE MODE"))

        with pytest.raises(DBAPIError, match="lock timeout"):
            await asyncio.to_thread(downgrade, url, PACKAGE)

    assert await tables(database) == EVERY_TABLE


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
async def test_the_audit_log_cannot_be_rewritten(database: Database, statement: str) -> None:
    async def rewrite() -> None:
        async with database.work() as work:
            await work.session.execute(text(statement))

    async with database.work() as work:
        await work.audit("staff:1", "payment.verify", "p-1")

    with pytest.raises(DBAPIError, match="audit_log is append-only"):
        await rewrite()

    async with database.read() as session:
        assert (await session.execute(text("SELECT actor FROM audit_log"))).scalars().all() == ["staff:1"]


async def test_the_indexes_and_constraints_that_the_queue_tables_live_on_are_there(database: Database) -> None:
    async with database.engine.connect() as connection:
        found = await connection.run_sync(
            lambda sync: {
                table: {index["name"] for index in inspect(sync).get_indexes(table)}
                for table in ("outbox", "event_retries", "processed_events")
            }
        )

    for name in ("outbox", "event_retries"):
        assert found[name] == {f"{name}_pending_idx", f"{name}_leased_idx", f"{name}_timer_id_uq"}
    for table in (service_tables.outbox, service_tables.retries):
        await OutboxClient(database.engine, table).validate_schema()


async def test_a_lock_that_stays_taken_is_named_with_its_holder(
    url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_LOCK_SECONDS", 0.5)
    async with database.work() as work:
        await work.session.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": migrations._LOCK_ID})
        holder = await work.session.scalar(text("SELECT pg_backend_pid()"))

        with pytest.raises(TimeoutError, match=f"process {holder} of "):
            await asyncio.to_thread(upgrade, url, PACKAGE)
