"""Ending sessions and revoking their tokens in all services."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from chassis.auth.sessions import NOTICED_WITHIN, keep_ended_sessions
from chassis.clock import SKEW
from chassis.database import Database, UnitOfWork
from chassis.telemetry import logger
from contracts import StaffSessionsEnded
from sqlalchemy import exists, select, update

from identity.sessions.errors import UnknownSession
from identity.sessions.tables import Session
from identity.settings import MAX_ACCESS_MINUTES

log = logger(__name__)

# The maximum, as tokens may have been issued under an earlier setting. A token is accepted for longer by the allowed
# skew, and the clock of the verifier may be behind by as much.
_REVOKED_FOR = timedelta(minutes=MAX_ACCESS_MINUTES) + 2 * SKEW
_POLL_SECONDS = 0.05
_HANDLING = timedelta(milliseconds=300)


class EndReason(StrEnum):
    """Reason for ending a session before it expired."""

    LOGOUT = "logout"
    REUSE = "refresh_reused"
    DISABLED = "disabled"
    ROLE = "role_changed"
    PASSWORD = "password_changed"  # noqa: S105  # a reason, not a secret
    REVOKED = "revoked"


async def end_session(work: UnitOfWork, session_id: UUID, reason: EndReason, *, staff_id: UUID) -> bool:
    """End one session of a member; return False if it had ended before.

    Raises:
        UnknownSession: the member has no such session.
    """
    ended = await work.session.execute(
        update(Session)
        .where(Session.id == session_id, Session.staff_id == staff_id, Session.ended_at.is_(None))
        .values(ended_at=work.now, end_reason=reason)
        .returning(Session.id)
    )
    if ended.first() is None:
        await _check_owner(work, session_id, staff_id)
        return False
    await _announce(work, staff_id, [session_id])
    return True


async def _check_owner(work: UnitOfWork, session_id: UUID, staff_id: UUID) -> None:
    mine = select(Session.id).where(Session.id == session_id, Session.staff_id == staff_id)
    if await work.session.scalar(mine) is None:
        raise UnknownSession


async def end_sessions_of(
    work: UnitOfWork, staff_id: UUID, reason: EndReason, *, keep: UUID | None = None
) -> list[UUID]:
    """End all sessions of a member except `keep`, and return the ids of those that ended."""
    mine = update(Session).where(Session.staff_id == staff_id, Session.ended_at.is_(None))
    if keep is not None:
        mine = mine.where(Session.id != keep)
    ended = await work.session.execute(mine.values(ended_at=work.now, end_reason=reason).returning(Session.id))
    session_ids = list(ended.scalars())
    await _announce(work, staff_id, session_ids)
    return session_ids


async def _announce(work: UnitOfWork, staff_id: UUID, session_ids: Sequence[UUID]) -> None:
    if session_ids:
        ended = StaffSessionsEnded(staff_id=staff_id, session_ids=tuple(session_ids), until=work.now + _REVOKED_FOR)
        await keep_ended_sessions(work, ended)
        work.publish(ended, subject=staff_id)


async def wait_until_revoked(database: Database, *, at_most: timedelta) -> None:
    """Wait until all services refuse the tokens of ended sessions, at most for `at_most`.

    Once the outbox is empty, the event is in every service's queue. Handling it and noticing it take a moment more.
    """
    if not at_most:
        return
    try:
        async with asyncio.timeout(at_most.total_seconds()):
            while await _has_events(database):  # noqa: ASYNC110  # the relay that empties it is another process
                await asyncio.sleep(_POLL_SECONDS)
            await asyncio.sleep((_HANDLING + NOTICED_WITHIN).total_seconds())
    except TimeoutError:
        log.warning("revocation_delayed")


async def _has_events(database: Database) -> bool:
    async with database.read() as session:
        return bool(await session.scalar(select(exists().select_from(database.tables.outbox))))
