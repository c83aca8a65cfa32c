"""A database per service with two logins, one that owns it and one that uses it, and one login for the doctor.

Privileges on tables of the second and third are granted by the migrations, once there are tables; see
`chassis.migrations.rights`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from chassis.migrations.rights import OWNER_SUFFIX
from pydantic import SecretStr

from standalone.databases import Server, create_databases
from standalone.provisioning.handover import hand_over
from standalone.provisioning.verifiers import scram_verifier
from standalone.services import DATABASE_OWNERS

DOCTOR = "doctor"
"""The login that compares the state of the services. It is read-only."""

_OF_AN_OWNER = 10
_OF_THE_DOCTOR = 20


_LOCK_ID = 0x57A8
_LOCK_SECONDS = 60

_QUIET = ("log_min_error_statement = panic", "log_statement = none", "log_min_duration_statement = -1")
"""Keeps statements of this session out of the server's log, as they contain password verifiers."""

_DATABASES_WITH_SETTINGS = """
    SELECT datname FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
      JOIN pg_roles r ON r.oid = s.setrole WHERE rolname = $1
"""
_LARGE_OBJECT_FUNCTIONS = """
    SELECT string_agg(oid::regprocedure::text, ', ') FROM pg_proc
     WHERE pronamespace = 'pg_catalog'::regnamespace AND (proname ~ '^lo_' OR proname IN ('loread', 'lowrite'))
"""

_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def owner_of(service: str) -> str:
    """Return the login that owns a service's tables and migrates them."""
    return f"{service}{OWNER_SUFFIX}"


_NAMES = [each.name for each in DATABASE_OWNERS]

LOGINS = frozenset({DOCTOR, *_NAMES, *map(owner_of, _NAMES)})
"""All logins with a password."""


async def provision_databases(
    server: Server, passwords: Mapping[str, SecretStr], *, connections: int = 100, whole_server: bool = False
) -> None:
    """Create what is missing; changed passwords are applied. A role is named after its database.

    One call runs at a time; others wait for it.

    Args:
        passwords: of all `LOGINS`.
        connections: maximum for one service, so that it cannot use up the server's.
        whole_server: the server is used by this platform only, so access to its other databases can be revoked.

    Raises:
        TimeoutError: another call was still running after a minute.
    """
    async with _only_one(server) as admin:
        await create_databases(server)
        await _make_doctor(admin, server, passwords[DOCTOR])
        for name in _NAMES:
            await _make_logins(admin, server, name, passwords, connections)
            await _hand_over(server, name)
        if whole_server:
            await admin.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")


@asynccontextmanager
async def _only_one(server: Server) -> AsyncIterator[_Connection]:
    """Open the administrator's session while no other provisioning runs: two would change the same rows of roles."""
    admin = await asyncpg.connect(server.url, timeout=10)
    try:
        await keep_out_of_log(admin)
        await _lock(admin)
        yield admin
    finally:
        await admin.close()


async def keep_out_of_log(admin: _Connection) -> None:
    """Turn off logging of the session's statements, where the administrator may."""
    for setting in _QUIET:
        with suppress(asyncpg.InsufficientPrivilegeError):
            await admin.execute(f"SET {setting}")


async def _lock(admin: _Connection) -> None:
    """Take the lock of provisioning; it is released when the session ends."""
    await admin.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
    try:
        await admin.execute(f"SELECT pg_advisory_lock({_LOCK_ID})")
    except asyncpg.LockNotAvailableError:
        raise TimeoutError(f"another `provision` has been at work for {_LOCK_SECONDS} seconds; call again") from None


async def _make_doctor(admin: _Connection, server: Server, password: SecretStr) -> None:
    doctor = server.name(DOCTOR)
    await _login(admin, doctor, password, _OF_THE_DOCTOR)
    await _execute(admin, "ALTER ROLE %I SET default_transaction_read_only = on", doctor)
    await _execute(admin, "REVOKE pg_read_all_data FROM %I", doctor)  # granted by earlier releases


async def _make_logins(
    admin: _Connection, server: Server, service: str, passwords: Mapping[str, SecretStr], connections: int
) -> None:
    name, owner = server.name(service), server.name(owner_of(service))
    await _login(admin, owner, passwords[owner_of(service)], _OF_AN_OWNER)
    await _login(admin, name, passwords[service], connections)
    await _execute(admin, "ALTER DATABASE %I OWNER TO %I", name, owner)
    # PUBLIC may connect to every new database and could use up its connections.
    await _execute(admin, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name)
    for login in (name, server.name(DOCTOR)):
        await _execute(admin, "GRANT CONNECT ON DATABASE %I TO %I", name, login)


async def _hand_over(server: Server, service: str) -> None:
    """Transfer what the service's login owned in earlier releases to the owner role, and revoke its right to create."""
    parts, login = urlsplit(server.url), server.name(service)
    inside = await asyncpg.connect(urlunsplit(parts._replace(path=f"/{login}")), timeout=10)
    try:
        await hand_over(inside, login, server.name(owner_of(service)))
        await _execute(inside, "REVOKE CREATE ON SCHEMA public FROM %I, PUBLIC", login)
        await _close_large_objects(inside)
    finally:
        await inside.close()


async def _login(admin: _Connection, role: str, password: SecretStr, connections: int) -> None:
    if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        await _execute(admin, "CREATE ROLE %I", role)
    await _execute(admin, "ALTER ROLE %I LOGIN PASSWORD %L", role, scram_verifier(password.get_secret_value()))
    await _execute(admin, "ALTER ROLE %I CONNECTION LIMIT %s", role, str(connections))
    await _reset_settings(admin, role)


async def _reset_settings(admin: _Connection, role: str) -> None:
    """Undo settings that a login stored for its own later sessions (`ALTER ROLE … SET`), also for single databases."""
    await _execute(admin, "ALTER ROLE %I RESET ALL", role)
    for row in await admin.fetch(_DATABASES_WITH_SETTINGS, role):
        await _execute(admin, "ALTER ROLE %I IN DATABASE %I RESET ALL", role, row["datname"])


async def _close_large_objects(inside: _Connection) -> None:
    """Revoke large objects from all logins: no service uses any, and they fill the disk outside of every table.

    Only a superuser may do so; otherwise the provider's configuration stays.
    """
    functions = await inside.fetchval(_LARGE_OBJECT_FUNCTIONS)
    with suppress(asyncpg.InsufficientPrivilegeError):
        await inside.execute(f"REVOKE EXECUTE ON FUNCTION {functions} FROM PUBLIC")


async def _execute(connection: _Connection, template: str, *values: str) -> None:
    """Run a statement that takes no parameters, with `values` quoted by the server."""
    await connection.execute(await connection.fetchval("SELECT format($1, VARIADIC $2::text[])", template, values))
