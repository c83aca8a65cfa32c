"""Fixtures of the notification tests."""

from collections.abc import AsyncIterator, Iterator

import pytest
from chassis.migrations import upgrade
from notification.tables import Base
from simulators.testing import Stage, listening, playing
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from testkit.clocks import ManualClock
from testkit.databases import Databases
from testkit.threads import run_apart

from .notification_driver import NotificationDriver, settings_for

_EMPTY = (
    "ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only",
    *(f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables)),
    "ALTER TABLE audit_log ENABLE TRIGGER audit_log_append_only",
    "INSERT INTO senders (channel) VALUES ('whatsapp'), ('email')",
    "INSERT INTO notification_settings (id) VALUES (1)",
)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that tests move."""
    return ManualClock()


@pytest.fixture(scope="session")
def one_database(databases: Databases) -> Iterator[str]:
    """A migrated database for all tests but those of migrations: emptying it is ten times faster than cloning it."""

    async def make() -> str:
        template = await databases.template("notification", lambda url: upgrade(url, "notification"))
        return await databases.clone(template)

    url = run_apart(make())
    yield url
    run_apart(databases.drop(url))


@pytest.fixture
async def database_url(one_database: str) -> str:
    """An empty, migrated database."""
    engine = create_async_engine(one_database, poolclass=NullPool)
    async with engine.begin() as connection:
        for statement in _EMPTY:
            await connection.exec_driver_sql(statement)
    await engine.dispose()
    return one_database


@pytest.fixture
async def driver(database_url: str, clock: ManualClock) -> AsyncIterator[NotificationDriver]:
    """Notification on an empty database; no provider listens."""
    driver = NotificationDriver(settings_for(database_url), clock=clock)
    yield driver
    await driver.close()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Simulated providers."""
    async with playing() as stage:
        yield stage


@pytest.fixture
async def connected(database_url: str, clock: ManualClock, stage: Stage) -> AsyncIterator[NotificationDriver]:
    """Notification on an empty database; the simulated providers of `stage` listen."""
    async with listening(stage.simulators.app) as url:
        settings = settings_for(
            database_url,
            fonnte_base_url=f"{url}/simulators/fonnte",
            smtp_port=stage.simulators.smtp_port,
        )
        driver = NotificationDriver(settings, clock=clock)
        yield driver
        await driver.close()
        await stage.simulators.stop()
