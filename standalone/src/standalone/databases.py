"""One PostgreSQL server, a database for each service."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from chassis.database import Database
from chassis.migrations import upgrade
from embedded.postgres import EmbeddedPostgres

from standalone.services import SERVICES, Service
from standalone.settings import StandaloneSettings


def database_name(service: str) -> str:
    """The database of a service on the server."""
    return f"startline_{service}"


def database_url(server_url: str, service: str) -> str:
    """Where a service's database is."""
    parts = urlsplit(server_url)
    return urlunsplit(parts._replace(scheme="postgresql+asyncpg", path=f"/{database_name(service)}"))


def open_database(server_url: str, service: Service, *, pool_size: int = 5) -> Database:
    """A service's database; the caller closes it."""
    return Database(
        database_url(server_url, service.name),
        service=service.name,
        tables=service.tables,
        pool_size=pool_size,
        pool_overflow=pool_size,
    )


@contextmanager
def running_server(settings: StandaloneSettings) -> Iterator[str]:
    """The administrator's URL of the server: the one that is configured, or an embedded one for as long as this lasts.

    Raises:
        FolderInUse: another process runs the platform on the same data folder.
    """
    if settings.database_url is not None:
        yield _plain(settings.database_url)
        return
    embedded = EmbeddedPostgres(settings.data / "postgres")
    embedded.start()
    try:
        yield embedded.url
    finally:
        embedded.stop()


@contextmanager
def reachable_server(settings: StandaloneSettings) -> Iterator[str]:
    """The administrator's URL of the server, whether the platform is up or not: for the operator's commands."""
    if settings.database_url is not None:
        yield _plain(settings.database_url)
        return
    embedded = EmbeddedPostgres(settings.data / "postgres")
    if asyncio.run(_answers(embedded)):
        yield embedded.url
        return
    with running_server(settings) as url:
        yield url


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


async def _answers(embedded: EmbeddedPostgres) -> bool:
    try:
        connection = await asyncpg.connect(embedded.url, timeout=3)
    except Exception:  # noqa: BLE001  # whatever it is, it is not up for us
        return False
    await connection.close()
    return True


async def create_databases(server_url: str) -> None:
    """Make the databases that are not there yet."""
    connection = await asyncpg.connect(server_url, timeout=10)
    try:
        for service in SERVICES:
            await _create(connection, database_name(service.name))
    finally:
        await connection.close()


async def _create(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        return
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    except asyncpg.DuplicateDatabaseError:  # another process was quicker
        return


def migrate(server_url: str) -> None:
    """Create what is missing and bring every database up to date. Safe to run from several processes at once."""
    asyncio.run(create_databases(server_url))
    for service in SERVICES:
        upgrade(database_url(server_url, service.name), service.name)
