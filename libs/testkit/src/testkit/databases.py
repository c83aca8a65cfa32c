"""A migrated database for every test, cloned in a fraction of a second from a template per service and process."""

import asyncio
import hashlib
import os
import re
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg

_NAME = re.compile(r"startline_test_(?P<pid>\d+)_(?P<machine>[0-9a-f]{6})_")
_LONGEST_SERVICE = 20  # PostgreSQL truncates names to 63 bytes


class NotATestDatabase(ValueError):
    """Only databases that this kit named are dropped."""


class Databases:
    """Creates and drops test databases on one server. Usable from any event loop, as it keeps no connection.

    Args:
        admin_url: a database on the server whose user may create databases.
    """

    def __init__(self, admin_url: str) -> None:
        self._admin_url = plain(admin_url)
        self._templates: dict[str, str] = {}
        self._one_at_a_time = threading.Lock()
        self._prefix = f"startline_test_{os.getpid()}_{_machine()}_"

    async def template(self, name: str, migrate: Callable[[str], None]) -> str:
        """Return the template database of `name`, created on first use.

        Args:
            migrate: called once, in a thread, with the new database's URL for SQLAlchemy.
        """
        return await asyncio.to_thread(self._template, name, migrate)

    async def clone(self, template: str) -> str:
        """Clone `template` and return the new database's URL for SQLAlchemy."""
        name = f"{self._prefix}{secrets.token_hex(6)}"
        async with _connection(self._admin_url) as admin:
            await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self._url(name)

    async def drop(self, url: str) -> None:
        """Drop the database at `url`, closing its connections; a missing one is ignored.

        Raises:
            NotATestDatabase
        """
        name = urlsplit(url).path.removeprefix("/")
        if not _NAME.match(name):
            raise NotATestDatabase(name)
        await self._drop([name])

    async def drop_all(self) -> None:
        """Drop every database that this process created, including templates."""
        with self._one_at_a_time:
            self._templates.clear()
        await self._drop([name for name in await self._names() if name.startswith(self._prefix)])

    async def sweep(self) -> list[str]:
        """Drop databases of ended test processes on this machine and return their names."""
        left = [name for name in await self._names() if _is_orphan(name)]
        await self._drop(left)
        return left

    def _template(self, name: str, migrate: Callable[[str], None]) -> str:
        with self._one_at_a_time:
            if name not in self._templates:
                self._templates[name] = self._make_template(name, migrate)
            return self._templates[name]

    def _make_template(self, name: str, migrate: Callable[[str], None]) -> str:
        words = re.sub(r"\W", "_", name)[:_LONGEST_SERVICE]
        database = f"{self._prefix}template_{words}_{secrets.token_hex(2)}"
        asyncio.run(self._execute(f'CREATE DATABASE "{database}"'))
        try:
            migrate(self._url(database))
        except BaseException:
            asyncio.run(self._drop([database]))
            raise
        asyncio.run(self._close_to_visitors(database))
        return database

    async def _close_to_visitors(self, database: str) -> None:
        # CREATE DATABASE fails while its template has connections. Without permission to connect there are none, and
        # clones may be created concurrently.
        await self._execute(
            f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false',
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'",
        )

    async def _execute(self, *statements: str) -> None:
        async with _connection(self._admin_url) as admin:
            for statement in statements:
                await admin.execute(statement)

    async def _names(self) -> list[str]:
        async with _connection(self._admin_url) as admin:
            rows = await admin.fetch(r"SELECT datname FROM pg_database WHERE datname LIKE 'startline\_test\_%'")
        return [row["datname"] for row in rows]

    async def _drop(self, names: list[str]) -> None:
        if names:
            await self._execute(*(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name in names))

    def _url(self, database: str) -> str:
        parts = urlsplit(self._admin_url)
        return parts._replace(scheme="postgresql+asyncpg", path=f"/{database}").geturl()


def plain(url: str) -> str:
    """Return `url` without SQLAlchemy's driver name, as drivers and tools accept it."""
    _, _, rest = url.partition("://")
    return f"postgresql://{rest}"


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        yield connection
    finally:
        await connection.close()


def _is_orphan(database: str) -> bool:
    named = _NAME.match(database)
    return named is not None and named["machine"] == _machine() and not _is_alive(int(named["pid"]))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _machine() -> str:
    """Return six hex digits for the namespace of process ids: processes of other containers look dead from here."""
    place = socket.gethostname()
    with suppress(OSError):
        place += str(Path("/proc/self/ns/pid").readlink())
    return hashlib.sha256(place.encode()).hexdigest()[:6]
