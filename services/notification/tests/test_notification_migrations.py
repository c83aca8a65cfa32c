"""Migrations of tables that are in use: nothing reads a whole table under a lock, and an interrupted one goes on."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from chassis.migrations import downgrade, drift, upgrade
from notification.tables import Base
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from testkit.clocks import ManualClock
from testkit.plugin import FreshDatabase

from .notification_driver import NotificationDriver, settings_for
from .notification_events import RACE

INVALID_INDEXES = "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid"
INVALID_CONSTRAINTS = "SELECT conname FROM pg_constraint WHERE NOT convalidated ORDER BY conname"
INDEXES = (
    "SELECT indexname FROM pg_indexes WHERE tablename IN ('notifications', 'contacts', 'contact_participants')"
    " ORDER BY indexname"
)


@pytest.fixture
async def old(fresh_database: FreshDatabase, clock: ManualClock) -> AsyncIterator[NotificationDriver]:
    """Notification with a few registrations in a database of its own."""
    driver = NotificationDriver(settings_for(await fresh_database("notification")), clock=clock)
    for _ in range(3):
        await driver.register_confirmed()
    await driver.database.engine.dispose()
    yield driver
    await driver.close()


async def migrate(driver: NotificationDriver, to: str, *, down: bool = False) -> None:
    """Migrate while the driver has no connection that would block it."""
    await driver.database.engine.dispose()
    step = downgrade if down else upgrade
    await asyncio.to_thread(step, driver.settings.database_url, "notification", to)


async def test_tables_in_use_are_read_as_a_whole_only_beside_the_traffic(old: NotificationDriver) -> None:
    await migrate(old, "0003", down=True)
    before = await old.rows(INDEXES)
    await migrate(old, "0007")
    assert await old.rows(INDEXES) == before
    assert [row["conname"] for row in await old.rows(INVALID_CONSTRAINTS)] == [
        "ck_notifications_addressed",
        "ck_notifications_event_type",
        "ck_templates_event_type",
        "fk_notifications_resend_of",
    ]

    await migrate(old, "head")
    await assert_whole(old)


async def test_an_index_whose_building_was_interrupted_is_built_again(old: NotificationDriver) -> None:
    await migrate(old, "0007", down=True)
    engine = old.database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        unique = text("CREATE UNIQUE INDEX CONCURRENTLY ix_contacts_event_id ON contacts (event_id)")
        with pytest.raises(IntegrityError):  # three contacts of one race
            await connection.execute(unique)
    assert await old.rows(INVALID_INDEXES) == [{"name": "ix_contacts_event_id"}]

    await migrate(old, "head")
    await assert_whole(old)


async def test_messages_from_before_get_the_race_of_their_contact(old: NotificationDriver) -> None:
    await migrate(old, "0016", down=True)
    await migrate(old, "head")
    assert len(await old.messages(event_id=str(RACE.event_id))) == 12
    await assert_whole(old)


async def test_what_is_built_already_is_left_alone(old: NotificationDriver) -> None:
    files = f"SELECT relname, relfilenode FROM pg_class JOIN ({INDEXES}) AS i ON relname = indexname ORDER BY relname"
    built = await old.rows(files)
    await old.execute("UPDATE alembic_version SET version_num = '0007'")
    await migrate(old, "head")
    assert await old.rows(files) == built
    await assert_whole(old)


async def assert_whole(driver: NotificationDriver) -> None:
    assert await driver.rows(INVALID_INDEXES) == []
    assert await driver.rows(INVALID_CONSTRAINTS) == []
    assert await asyncio.to_thread(drift, driver.settings.database_url, Base.metadata) == []
