"""One PostgreSQL server with a database for each service."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from chassis.database import Database
from chassis.migrations import upgrade
from chassis.service import DatabaseOwner
from embedded.errors import CannotStart
from embedded.postgres import EmbeddedPostgres

from standalone.services import DATABASE_OWNERS
from standalone.settings import StandaloneSettings


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server. `url` is the administrator's; names of the services' databases begin with `prefix`.

    `has_ended` returns whether the process of an embedded server has ended.
    """

    url: str
    prefix: str
    has_ended: Callable[[], bool] = field(default=lambda: False, repr=False, compare=False)

    def name(self, service: str) -> str:
        """Return the name of a service's database."""
        return f"{self.prefix}{service}"

    def url_of(self, service: str) -> str:
        """Return the URL of a service's database."""
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(scheme="postgresql+asyncpg", path=f"/{self.name(service)}"))


def open_database(server: Server, owner: DatabaseOwner, *, pool_size: int = 4) -> Database:
    """Return a package's database; the caller closes it."""
    return owner.open_database(server.url_of(owner.name), pool_size=pool_size, pool_overflow=pool_size)


@contextmanager
def running_server(settings: StandaloneSettings) -> Iterator[Server]:
    """Open the configured server, or run an embedded one until the block ends.

    Raises:
        FolderInUse: another process runs the platform on the same data folder.
    """
    if settings.database_url is not None:
        yield _server(settings, _plain(settings.database_url))
        return
    embedded = EmbeddedPostgres(settings.data / "postgres")
    embedded.start()
    try:
        yield replace(_server(settings, embedded.url), has_ended=lambda: embedded.pid is None)
    finally:
        embedded.stop()


@contextmanager
def reachable_server(settings: StandaloneSettings, *, create: bool = False) -> Iterator[Server]:
    """Open the server for operators' commands, whether or not the platform is running.

    Raises:
        CannotStart: there is no platform in the data folder, and none should be created.
    """
    if settings.database_url is not None:
        yield _server(settings, _plain(settings.database_url))
        return
    embedded = EmbeddedPostgres(settings.data / "postgres")
    if not create and not embedded.exists:
        raise CannotStart(
            f"there is no platform in {settings.data}: `startline up` creates one, STARTLINE_DATA names another folder"
        )
    if asyncio.run(_answers(embedded)):
        yield _server(settings, embedded.url)
        return
    with running_server(settings) as server:
        yield server


def _server(settings: StandaloneSettings, url: str) -> Server:
    return Server(url, settings.startline_database_prefix)


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


async def _answers(embedded: EmbeddedPostgres) -> bool:
    try:
        connection = await asyncpg.connect(embedded.url, timeout=3)
    except Exception:  # noqa: BLE001  # on any error, the server is not available
        return False
    await connection.close()
    return True


async def create_databases(server: Server) -> None:
    """Create missing databases."""
    connection = await asyncpg.connect(server.url, timeout=10)
    try:
        for owner in DATABASE_OWNERS:
            await _create(connection, server.name(owner.name))
    finally:
        await connection.close()


async def _create(connection: "asyncpg.Connection[asyncpg.Record]", name: str) -> None:
    if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        return
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    except asyncpg.DuplicateDatabaseError:  # another process created it first
        return


async def drop_databases(server: Server) -> None:
    """Delete the services' databases with all their data."""
    connection = await asyncpg.connect(server.url, timeout=10)
    try:
        for owner in DATABASE_OWNERS:
            await connection.execute(f'DROP DATABASE IF EXISTS "{server.name(owner.name)}" WITH (FORCE)')
    finally:
        await connection.close()


def migrate(server: Server) -> None:
    """Create missing databases and migrate all of them. Several processes may run it concurrently."""
    asyncio.run(create_databases(server))
    for owner in DATABASE_OWNERS:
        upgrade(server.url_of(owner.name), owner.name)
