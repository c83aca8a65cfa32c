"""Ended sessions of staff. They are received from identity and refused until their last access token has expired."""

from datetime import timedelta
from uuid import UUID

from contracts import Event, StaffSessionsEnded
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.database import Database, UnitOfWork
from chassis.errors import SessionEnded
from chassis.portions import delete_in_portions
from chassis.single_flight import SingleFlightCache

NOTICED_WITHIN = timedelta(seconds=1)
"""Maximum age of a process's copy of the ended sessions: one query per process and second, not one per request."""


class EndedSessions:
    """The sessions whose access tokens are refused although they have not expired."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ended = SingleFlightCache(self._read, age=NOTICED_WITHIN, clock=database.clock)

    async def refuse_ended(self, session_id: UUID) -> None:
        """Return if the session is not known to have ended.

        Raises:
            SessionEnded: the session has ended.
            Exception: the database is unavailable, so the check is impossible; see `is_unavailable`.
        """
        if session_id in await self._ended.get():
            raise SessionEnded

    async def _read(self) -> frozenset[UUID]:
        table = self._database.tables.ended_sessions
        refused = select(table.c.session_id).where(table.c.until > self._database.clock())
        async with self._database.read() as session:
            return frozenset((await session.scalars(refused)).all())


async def record_ended_sessions(event: Event[StaffSessionsEnded], work: UnitOfWork) -> None:
    """Handle identity's event; used by every service that accepts staff tokens."""
    await keep_ended_sessions(work, event.payload)


async def keep_ended_sessions(work: UnitOfWork, ended: StaffSessionsEnded) -> None:
    """Refuse the access tokens of these sessions once this transaction has committed. Idempotent."""
    rows = [{"session_id": session_id, "until": ended.until} for session_id in ended.session_ids]
    if rows:
        await work.session.execute(upsert(work.tables.ended_sessions).on_conflict_do_nothing(), rows)


async def forget_ended_sessions(database: Database) -> None:
    """Delete sessions whose access tokens have all expired."""
    table = database.tables.ended_sessions
    await delete_in_portions(database, table, table.c.until <= database.clock())
