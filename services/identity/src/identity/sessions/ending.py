"""Ending sessions, in every service."""

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
from identity.settings import LONGEST_ACCESS_MINUTES

log = logger(__name__)

# Not the configured lifetime: tokens may have been signed under an earlier setting. A token is taken for
# longer by the skew that we allow, and the clock of who takes it may be behind by as much.
_REFUSED_FOR = timedelta(minutes=LONGEST_ACCESS_MINUTES) + 2 * SKEW
_POLL_SECONDS = 0.05
_HANDLING = timedelta(milliseconds=300)


class EndReason(StrEnum):
    """Why a session ended before its time."""

    LOGOUT = "logout"
    REUSE = "refresh_reused"
    DISABLED = "disabled"
    ROLE = "role_changed"
    PASSWORD = "password_changed"  # noqa: S105  # a reason, not a secret
    REVOKED = "revoked"


async def end_session(work: UnitOfWork, session_id: UUID, reason: EndReason, *, staff_id: UUID) -> None:
    """End one session of this member.

    Raises:
        UnknownSession: they have none such that is still alive.
    """
    ended = await work.session.execute(
        update(Session)
        .where(Session.id == session_id, Session.staff_id == staff_id, Session.ended_at.is_(None))
        .values(ended_at=work.now, end_reason=reason)
        .returning(Session.id)
    )
    if ended.first() is None:
        raise UnknownSession
    await _announce(work, staff_id, [session_id])


async def end_sessions_of(
    work: UnitOfWork, staff_id: UUID, reason: EndReason, *, spare: UUID | None = None
) -> list[UUID]:
    """End every session of this member but the one to `spare`; returns those that ended."""
    mine = update(Session).where(Session.staff_id == staff_id, Session.ended_at.is_(None))
    if spare is not None:
        mine = mine.where(Session.id != spare)
    ended = await work.session.execute(mine.values(ended_at=work.now, end_reason=reason).returning(Session.id))
    session_ids = list(ended.scalars())
    await _announce(work, staff_id, session_ids)
    return session_ids


async def _announce(work: UnitOfWork, staff_id: UUID, session_ids: Sequence[UUID]) -> None:
    if session_ids:
        ended = StaffSessionsEnded(staff_id=staff_id, session_ids=tuple(session_ids), until=work.now + _REFUSED_FOR)
        await keep_ended_sessions(work, ended)
        work.publish(ended, subject=staff_id)


async def until_refused_everywhere(database: Database, *, at_most: timedelta) -> None:
    """Return when other services refuse the tokens of sessions whose end was committed, or after `at_most`.

    The outbox is empty once every service's queue has the event. Handling it and noticing it take a moment more.
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
