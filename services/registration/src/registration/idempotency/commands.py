"""Storing responses by idempotency key, and deleting old ones."""

import json
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from chassis.database import Database, UnitOfWork
from chassis.portions import delete_in_portions
from sqlalchemy.dialects.postgresql import insert as upsert

from registration.idempotency.errors import IdempotencyKeyReused
from registration.idempotency.tables import IdempotencyKey

_KEYS_KEPT = timedelta(hours=24)


async def remember(work: UnitOfWork, key: str, request_hash: str, subject_id: UUID, body: Mapping[str, object]) -> None:
    """Store the response to a request. Admission does the same within its own statement.

    Raises:
        IdempotencyKeyReused: the key was used before, or is being used.
    """
    answer = {
        "key": key,
        "request_hash": request_hash,
        "registration_id": subject_id,
        "response": json.dumps(body, separators=(",", ":")),
        "created_at": work.now,
    }
    stored = upsert(IdempotencyKey).values(answer).on_conflict_do_nothing().returning(IdempotencyKey.key)
    if (await work.session.execute(stored)).first() is None:
        raise IdempotencyKeyReused


async def forget_keys(database: Database) -> None:
    """Delete idempotency keys after a day."""
    await delete_in_portions(database, IdempotencyKey, IdempotencyKey.created_at < database.clock() - _KEYS_KEPT)
