"""Growing waits between failed logins, per account and per address.

An attempt is counted before its password is verified, by one upsert on a row that all replicas share. Concurrent
guesses cannot exceed the free attempts, and counts survive restarts. A successful login resets its counts.

Waits are capped, also those written by a clock that was ahead. A login from an address where the account has logged in
before is counted separately, so that others cannot lock the owner of an account out.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.database import Database, UnitOfWork
from chassis.portions import delete_in_portions
from chassis.telemetry import logger
from sqlalchemy import ColumnElement, case, delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from identity.accounts.tables import StaffMember
from identity.sessions.errors import TooManyAttempts
from identity.sessions.tables import LoginThrottle, Session
from identity.settings import Settings

log = logger(__name__)

COUNTS_KEPT_FOR = timedelta(hours=24)
SOURCES_KNOWN_FOR = timedelta(days=30)

_MAX_DOUBLINGS = 30


@dataclass(frozen=True)
class Limits:
    """Number of attempts without a wait, and the maximum wait."""

    account: int
    source: int
    longest_wait: timedelta

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """Return the limits of these settings."""
        longest = timedelta(seconds=settings.longest_wait_seconds)
        return cls(account=settings.account_attempts, source=settings.source_attempts, longest_wait=longest)


@dataclass(frozen=True)
class Attempt:
    """The keys under which an attempt was counted."""

    account: str
    source: str


async def count_attempt(work: UnitOfWork, limits: Limits, *, email: str, source: str) -> Attempt:
    """Count an attempt for account and address.

    Raises:
        TooManyAttempts: the account or address has to wait. Nothing is counted then, so that a blocked address cannot
            block an account.
    """
    parts = ("account", email, source) if await _is_known_source(work, email, source) else ("account", email)
    attempt = Attempt(account=_key(*parts), source=_key("source", source))
    await _count(work, attempt.account, limits.account, limits.longest_wait)
    await _count(work, attempt.source, limits.source, limits.longest_wait)
    return attempt


async def reset_attempts(work: UnitOfWork, attempt: Attempt) -> None:
    """Delete the attempts of the account and subtract one from the address, after a correct password."""
    await work.session.execute(delete(LoginThrottle).where(LoginThrottle.key == attempt.account))
    await work.session.execute(
        update(LoginThrottle)
        .where(LoginThrottle.key == attempt.source)
        .values(attempts=func.greatest(LoginThrottle.attempts - 1, 0), blocked_until=LoginThrottle.last_attempt_at)
    )


async def audit_failure(work: UnitOfWork, action: str, member: StaffMember | None, email: str, source: str) -> None:
    """Write a failed attempt to the audit log: the account's id if there is one, else a digest of the address typed."""
    subject = f"staff:{member.id}" if member else f"email:{_key(email)[:12]}"
    await work.audit("anonymous", action, subject, source=_key(source)[:12])


async def forget_old_attempts(database: Database) -> None:
    """Delete counts that have no effect any more."""
    now = database.clock()
    old = LoginThrottle.last_attempt_at < now - COUNTS_KEPT_FOR
    await delete_in_portions(database, LoginThrottle, old, LoginThrottle.blocked_until <= now)


def _is_free(now: datetime, longest: timedelta) -> ColumnElement[bool]:
    """Return the condition that no wait is due. A wait longer than `longest` was written by a clock that was ahead."""
    written_at_most = func.greatest(LoginThrottle.last_attempt_at, now)
    return or_(LoginThrottle.blocked_until <= written_at_most, LoginThrottle.blocked_until > now + longest)


async def _is_known_source(work: UnitOfWork, email: str, source: str) -> bool:
    been_here = (
        select(Session.id)
        .join(StaffMember, StaffMember.id == Session.staff_id)
        .where(
            func.lower(StaffMember.email) == email,
            Session.source == source,
            Session.created_at > work.now - SOURCES_KNOWN_FOR,
        )
    )
    return bool(await work.session.scalar(select(been_here.exists())))


async def _count(work: UnitOfWork, key: str, free: int, longest: timedelta) -> None:
    stale = LoginThrottle.last_attempt_at < work.now - COUNTS_KEPT_FOR
    attempts = case((stale, 1), else_=LoginThrottle.attempts + 1)
    first = upsert(LoginThrottle).values(
        key=key, attempts=1, last_attempt_at=work.now, blocked_until=_end_of_wait(1, free, longest, work.now)
    )
    counted = first.on_conflict_do_update(
        index_elements=[LoginThrottle.key],
        set_={
            "attempts": attempts,
            "last_attempt_at": work.now,
            "blocked_until": _end_of_wait(attempts, free, longest, work.now),
        },
        where=_is_free(work.now, longest),
    ).returning(LoginThrottle.key)
    if (await work.session.execute(counted)).first() is None:
        raise TooManyAttempts(await _wait(work, key))


def _end_of_wait(
    attempts: ColumnElement[int] | int, free: int, longest: timedelta, now: datetime
) -> ColumnElement[datetime]:
    """Return the end of the wait: a second after the last free attempt, doubling with each further one."""
    doublings = func.least(func.greatest(attempts - free, 0), _MAX_DOUBLINGS)
    seconds = func.least(func.power(2.0, doublings), longest.total_seconds())
    waiting: ColumnElement[datetime] = now + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    return case((literal(free) <= attempts, waiting), else_=now)


async def _wait(work: UnitOfWork, key: str) -> timedelta:
    blocked_until = await work.session.scalar(select(LoginThrottle.blocked_until).where(LoginThrottle.key == key))
    log.warning("login_throttled", key=key[:12])
    return (blocked_until or work.now) - work.now


def _key(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
