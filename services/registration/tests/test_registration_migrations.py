"""Checks and exclusions of the schema."""

from typing import Any

from registration.tables import Base
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from testkit.plugin import FreshDatabase


async def _scalars(url: str, sql: str) -> set[Any]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        found = set((await connection.execute(text(sql))).scalars())
    await engine.dispose()
    return found


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
