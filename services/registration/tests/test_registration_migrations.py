"""The schema: built from nothing, taken down, built again, and the same as the tables in code."""

import asyncio
from typing import Any

from chassis.migrations import downgrade, drift, upgrade
from registration.tables import Base
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from testkit.plugin import FreshDatabase

_OBJECTS = """
    SELECT 'table ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S', 'i')
    UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
"""


async def _scalars(url: str, sql: str) -> set[Any]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        found = set((await connection.execute(text(sql))).scalars())
    await engine.dispose()
    return found


async def test_the_schema_goes_up_down_and_up_again(fresh_database: FreshDatabase) -> None:
    url = await fresh_database("registration")
    before = await _scalars(url, _OBJECTS)
    assert "table registrations" in before
    await asyncio.to_thread(downgrade, url, "registration")
    assert await _scalars(url, _OBJECTS) - before == set()
    left = {each for each in await _scalars(url, _OBJECTS) if "alembic_version" not in each}
    assert left == set()
    await asyncio.to_thread(upgrade, url, "registration")
    assert await _scalars(url, _OBJECTS) == before


async def test_the_migrated_schema_is_the_one_in_code(fresh_database: FreshDatabase) -> None:
    url = await fresh_database("registration")
    assert list(await asyncio.to_thread(drift, url, Base.metadata)) == []


async def test_a_forgotten_migration_would_be_seen(fresh_database: FreshDatabase) -> None:
    """The negative control."""
    url = await fresh_database("registration")
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE registrations DROP COLUMN notes"))
        await connection.execute(text("DROP INDEX ix_participants_words"))
    await engine.dispose()
    assert len(list(await asyncio.to_thread(drift, url, Base.metadata))) == 2


_RULES = """
    SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
     WHERE contype IN ('c', 'x') AND conrelid::regclass::text
           IN ('events', 'race_categories', 'category_places', 'registrations', 'participants', 'idempotency_keys',
               'waitlist_entries', 'waitlist_participants')
"""


async def test_checks_and_exclusions_are_the_same_in_code_and_in_the_schema(fresh_database: FreshDatabase) -> None:
    """Alembic does not compare these."""
    url = await fresh_database("registration")
    migrated = await _scalars(url, _RULES)
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    assert len(migrated) > 20
    assert await _scalars(url, _RULES) == migrated
