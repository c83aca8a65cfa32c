"""A server on which `startline provision` has made databases and logins."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from chassis.migrations import upgrade
from pydantic import SecretStr
from standalone.databases import Server
from standalone.provisioning.databases import owner_of
from standalone.services import SERVICES

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Provisioned:
    """A server of its own, for roles are the whole server's."""

    def __init__(self, server: Server, passwords: Mapping[str, SecretStr], log: Path) -> None:
        self.server = server
        self.log = log
        self.passwords = passwords

    def url(self, login: str, database: str, *, plain: str | None = None) -> str:
        """Where `login` reaches a service's database, or a plain one."""
        parts = urlsplit(self.server.url)
        password = self.passwords[login].get_secret_value()
        place = f"{self.server.name(login)}:{password}@{parts.hostname}:{parts.port}"
        return urlunsplit(parts._replace(netloc=place, path=f"/{plain or self.server.name(database)}"))

    async def connect(self, login: str, database: str, *, plain: str | None = None) -> Connection:
        """Connect as `login`; the caller closes it."""
        return await asyncpg.connect(self.url(login, database, plain=plain))

    def migrate(self) -> None:
        """Upgrade the databases of all services, as their owners."""
        for service in SERVICES:
            upgrade(on_asyncpg(self.url(owner_of(service.name), service.name)), service.name)


def on_asyncpg(url: str) -> str:
    """Return the address for SQLAlchemy."""
    return url.replace("postgresql", "postgresql+asyncpg", 1)
