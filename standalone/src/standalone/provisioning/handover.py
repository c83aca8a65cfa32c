"""Transfer of the tables that a service's login owned in earlier releases to the owner role, while the service runs."""

import asyncio
from typing import TypeAlias

import asyncpg

_TRIES = 60
_PAUSE_SECONDS = 1.0
_LOCK_TIMEOUT = "2s"

_BUSY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)

# Indexes, and sequences that belong to a column, follow their table.
_OWNED = """
    SELECT format('%I.%I', nspname, relname) AS name, CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind
      FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relowner = to_regrole($1) AND nspname = 'public' AND relkind IN ('r', 'p', 'S')
       AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
                          AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i'))
     ORDER BY relkind = 'S', relname
"""

_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def hand_over(inside: _Connection, login: str, owner: str) -> None:
    """Make `owner` the owner of everything that `login` owns in the database. Idempotent.

    One table is transferred per transaction: `REASSIGN OWNED` locks all of them in its own order, which deadlocks with
    the service's transactions. The same transaction grants the login the use of the table, so that the service
    continues to work until its migrations grant it.

    Args:
        inside: an administrator's connection to the service's database.

    Raises:
        TimeoutError: a table was in use for more than a minute.
    """
    quoted = await inside.fetchrow(
        "SELECT format('%I', $1::text) AS login, format('%I', $2::text) AS owner", login, owner
    )
    for row in await inside.fetch(_OWNED, quoted["login"]):
        await _when_free(inside, row["name"], _statements(row["kind"], row["name"], **quoted))
    await inside.execute(f"REASSIGN OWNED BY {quoted['login']} TO {quoted['owner']}")


def _statements(kind: str, name: str, *, login: str, owner: str) -> list[str]:
    rights = "USAGE, SELECT" if kind == "SEQUENCE" else "SELECT, INSERT, UPDATE, DELETE"
    return [
        f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'",
        f"ALTER {kind} {name} OWNER TO {owner}",
        f"GRANT {rights} ON {kind} {name} TO {login}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {login}",
    ]


async def _when_free(inside: _Connection, name: str, statements: list[str]) -> None:
    """Run the statements in one transaction. They wait for the table's lock for two seconds at a time, with pauses."""
    for _ in range(_TRIES):
        try:
            async with inside.transaction():
                await inside.execute(";".join(statements))
        except _BUSY:
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
    raise TimeoutError(f"{name} was in use for a minute; call again, it goes on from there")
