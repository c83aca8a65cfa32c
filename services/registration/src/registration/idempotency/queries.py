"""Reading stored responses."""

from typing import Any

from chassis.database import Database, is_unavailable
from sqlalchemy import select

from registration.idempotency.errors import IdempotencyKeyReused
from registration.idempotency.rules import Answer, replay
from registration.idempotency.tables import IdempotencyKey


async def is_answered(database: Database, key: str) -> bool:
    """Return whether a request with this key was answered before."""
    async with database.read() as session:
        return (await session.execute(select(IdempotencyKey.key).where(IdempotencyKey.key == key))).first() is not None


async def first_answer(database: Database, key: str | None, request_hash: str) -> Answer[Any] | None:
    """Return the stored response of a key; None for an unknown key or without a key.

    Raises:
        IdempotencyKeyReused: the first request with this key was a different one.
    """
    if key is None:
        return None
    query = select(IdempotencyKey.request_hash, IdempotencyKey.response).where(IdempotencyKey.key == key)
    async with database.read() as session:
        found = (await session.execute(query)).first()
    if found is None:
        return None
    answer = replay(request_hash, found.request_hash, found.response)
    if isinstance(answer, IdempotencyKeyReused):
        raise answer
    return answer


async def answer_of_unknown(database: Database, key: str | None, request_hash: str) -> Answer[Any] | None:
    """Return `first_answer` for a request whose COMMIT was not answered; None also if the database is unavailable.

    Raises:
        IdempotencyKeyReused.
    """
    try:
        return await first_answer(database, key, request_hash)
    except Exception as error:
        if is_unavailable(error):
            return None
        raise
