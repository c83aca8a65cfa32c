"""Reading the states of watched registrations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from registration.entries.rules import Status


@dataclass(frozen=True)
class RegistrationState:
    """What a stream says about a registration."""

    registration_id: UUID
    status: Status
    expires_at: datetime
    revision: int


# One row by its key for each watched registration, and so the same plan for an empty and for a large table. Only what
# differs leaves the database, mostly nothing.
_DIFFERING = text("""
    SELECT found.id, found.status, found.expires_at, found.revision
      FROM unnest(CAST(:ids AS uuid[]), CAST(:revisions AS integer[])) AS known(id, revision)
     CROSS JOIN LATERAL (
           SELECT id, status, expires_at, revision FROM registrations WHERE id = known.id LIMIT 1) AS found
     WHERE found.revision <> known.revision
""")


async def differing(session: AsyncSession, known: Mapping[UUID, int]) -> Sequence[RegistrationState]:
    """Return the states of those registrations whose revision is another than the known one.

    Args:
        known: the known revision by registration; 0 if there is none, as every registration differs from it.
    """
    values = {"ids": [*known], "revisions": [*known.values()]}
    rows = (await session.execute(_DIFFERING, values)).all()
    return [RegistrationState(row.id, Status(row.status), row.expires_at, row.revision) for row in rows]
