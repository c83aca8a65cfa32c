"""A database and a login role for each service, and a role that may read everything and change nothing."""

from collections.abc import Mapping
from typing import TypeAlias

import asyncpg
from pydantic import SecretStr

from standalone.databases import Server, create_databases
from standalone.services import SERVICES

DOCTOR = "doctor"
"""Reads all databases, to compare what the services hold."""

_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def provision_databases(server: Server, passwords: Mapping[str, SecretStr]) -> None:
    """Make what is missing; a changed password holds from now on. A role is named like its database."""
    await create_databases(server)
    connection = await asyncpg.connect(server.url, timeout=10)
    try:
        await _login(connection, server.name(DOCTOR), passwords[DOCTOR])
        await _execute(connection, "GRANT pg_read_all_data TO %I", server.name(DOCTOR))
        await _execute(connection, "ALTER ROLE %I SET default_transaction_read_only = on", server.name(DOCTOR))
        for service in SERVICES:
            name = server.name(service.name)
            await _login(connection, name, passwords[service.name])
            await _execute(connection, "ALTER DATABASE %I OWNER TO %I", name, name)
            # PUBLIC may connect to every new database, and from there use up its connections.
            await _execute(connection, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name)
            await _execute(connection, "GRANT CONNECT ON DATABASE %I TO %I", name, server.name(DOCTOR))
    finally:
        await connection.close()


async def _login(connection: _Connection, role: str, password: SecretStr) -> None:
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await _execute(connection, "CREATE ROLE %I", role)
    await _execute(connection, "ALTER ROLE %I LOGIN PASSWORD %L", role, password.get_secret_value())


async def _execute(connection: _Connection, template: str, *values: str) -> None:
    """Run a statement that takes no parameters, with `values` quoted by the server itself."""
    await connection.execute(await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", template, values))
