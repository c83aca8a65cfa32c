"""Checking whether tests can use a server."""

from typing import Any

import aio_pika
import asyncpg
from aio_pika.exceptions import AMQPError

from testkit.threads import run_apart

_SECONDS = 3.0
_OLDEST = 150000  # PostgreSQL 15, as in `server_version_num`

_TROUBLE_POSTGRES = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_TROUBLE_AMQP = (OSError, TimeoutError, AMQPError)


class NotUsable(Exception):
    """Tests cannot use this server; the text has the reason."""


def postgres_answers(url: str) -> None:
    """Check that the server at `url` is new enough and its user may create databases.

    Raises:
        NotUsable.
    """
    run_apart(_ask_postgres(url))


def amqp_answers(url: str) -> None:
    """Check that the broker at `url` accepts the login.

    Raises:
        NotUsable.
    """
    run_apart(_ask_broker(url))


async def _ask_postgres(url: str) -> None:
    try:
        connection: Any = await asyncpg.connect(url, timeout=_SECONDS)
    except _TROUBLE_POSTGRES as error:
        raise NotUsable(_reason(error)) from None
    try:
        version = await connection.fetchval("SELECT current_setting('server_version_num')::int")
        may_create = await connection.fetchval(
            "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
        )
    finally:
        await connection.close()
    if version < _OLDEST:
        raise NotUsable("older than PostgreSQL 15")
    if not may_create:
        raise NotUsable("its user may not create databases")


async def _ask_broker(url: str) -> None:
    try:
        connection = await aio_pika.connect(url, timeout=_SECONDS)
    except _TROUBLE_AMQP as error:
        raise NotUsable(_reason(error)) from None
    await connection.close()


def _reason(error: BaseException) -> str:
    # Not the whole text: drivers quote URLs, which contain passwords.
    return type(error).__name__
