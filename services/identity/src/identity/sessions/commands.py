"""Logging in, staying logged in, and forgetting.

A session is a chain of refresh tokens. Each is good for one refresh, which uses it up and gives the next. Whoever
presents a used one either stole it or was stolen from, so the session ends for both; that also holds when two use the
same token at the same instant, and when the answer to an honest refresh got lost: then one logs in again. A grace
period for such retries would hand a thief the successor, so there is none.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from chassis.auth.access import STAFF_ISSUER
from chassis.auth.principals import TokenKind
from chassis.auth.signing import SigningKeys
from chassis.auth.tokens import issue
from chassis.database import Database, UnitOfWork, already_stored, is_unavailable
from chassis.errors import SessionEnded, StartlineError
from chassis.portions import delete_in_portions
from chassis.telemetry import logger
from sqlalchemy import insert, select, update

from identity.accounts.passwords import Passwords
from identity.accounts.queries import member_by_email
from identity.accounts.tables import StaffMember
from identity.sessions.ending import EndReason, end_session
from identity.sessions.errors import (
    InvalidCredentials,
    InvalidRefreshToken,
    RefreshReused,
    UnknownSession,
)
from identity.sessions.tables import RefreshToken, Session
from identity.sessions.throttle import Attempt, Limits, admit, audit_failure, forgive
from identity.settings import Settings

log = logger(__name__)

_KEPT_AFTER_THE_END = timedelta(days=30)
_FORGOTTEN_AT_ONCE = 20  # a session of a month has thousands of tokens


@dataclass(frozen=True)
class Granted:
    """What a login or a refresh gives."""

    access_token: str
    refresh_token: str
    expires_in: int
    staff: StaffMember


@dataclass(frozen=True)
class _Prolonged:
    """A session that goes on, with its new refresh token."""

    session_id: UUID
    staff: StaffMember
    refresh_token: str


class Sessions:
    """Begins and prolongs sessions."""

    def __init__(self, settings: Settings, database: Database, passwords: Passwords, keys: SigningKeys) -> None:
        self._database = database
        self._passwords = passwords
        self._keys = keys
        self._limits = Limits.of(settings)
        self._access_lifetime = settings.access_token_lifetime
        self._idle = timedelta(hours=settings.session_idle_hours)
        self._lifetime = timedelta(days=settings.session_days)

    async def log_in(self, email: str, password: str, *, source: str) -> Granted:
        """Begin a session.

        An unknown address, a wrong password and a disabled account take the same steps and the same time.

        Args:
            source: the client's address as `client_address` gives it.

        Raises:
            TooManyAttempts, InvalidCredentials, Unavailable.
        """
        email = email.lower()
        async with self._passwords.place():
            attempt = await self._admit(email, source)
            async with self._database.read() as session:
                member = await member_by_email(session, email)
            verdict = await self._passwords.verify(password, member.password_hash if member else None)
        begun = None
        async with self._database.work() as work:
            if member is not None and verdict.right:
                begun = await self._begin(work, member, source)
            if begun is None:
                await audit_failure(work, "session.login_failed", member, email, source)
            else:
                await forgive(work, attempt)
        if begun is None:
            raise InvalidCredentials
        if verdict.better is not None:
            await self._try_to_replace_hash(begun.staff, verdict.better)
        return await self._grant(begun)

    async def refresh(self, token: str) -> Granted:
        """Prolong a session: a new pair for its current refresh token.

        Raises:
            InvalidRefreshToken, RefreshReused, SessionEnded.
        """
        async with self._database.work() as work:
            found = await self._prolong(work, _digest(token))
        if isinstance(found, StartlineError):  # raised only here, as what it led to had to be committed
            raise found
        return await self._grant(found)

    async def _admit(self, email: str, source: str) -> Attempt:
        async with self._database.work() as work:
            return await admit(work, self._limits, email=email, source=source)

    async def _begin(self, work: UnitOfWork, verified: StaffMember, source: str) -> _Prolonged | None:
        member = await _lock_active(work, verified.id)
        if member is None or member.password_hash != verified.password_hash:  # changed while we were hashing
            return None
        session_id = uuid4()
        await work.session.execute(
            insert(Session).values(
                id=session_id,
                staff_id=member.id,
                source=source,
                created_at=work.now,
                last_used_at=work.now,
                expires_at=work.now + self._lifetime,
            )
        )
        await work.audit(f"staff:{member.id}", "session.login", f"session:{session_id}", source=_digest(source)[:12])
        return _Prolonged(session_id, member, await _new_refresh_token(work, session_id))

    async def _try_to_replace_hash(self, member: StaffMember, better: str) -> None:
        """The session has begun, so a database that goes away now is no failed login: the next one tries again."""
        try:
            await self._replace_hash(member, better)
        except Exception as error:
            if not is_unavailable(error):
                raise
            log.warning("hash_not_replaced", error=type(error).__name__)

    async def _replace_hash(self, member: StaffMember, better: str) -> None:
        """Keep the same password under today's parameters, unless it was changed meanwhile.

        On its own: two logins that share the lock on the member's row would wait for each other to change it.
        """
        same = StaffMember.id == member.id, StaffMember.password_hash == member.password_hash
        async with self._database.work() as work:
            await work.session.execute(update(StaffMember).where(*same).values(password_hash=better))

    async def _prolong(self, work: UnitOfWork, digest: str) -> _Prolonged | StartlineError:
        chain = select(Session.id, Session.staff_id).join(RefreshToken).where(RefreshToken.token_hash == digest)
        found = (await work.session.execute(chain)).first()
        if found is None:
            return InvalidRefreshToken()
        member = await _lock_active(work, found.staff_id)
        if not await _use_up(work, digest):
            await _end_family(work, found.id, found.staff_id)
            return RefreshReused()
        if member is None or not await self._touch(work, found.id):
            return SessionEnded()
        return _Prolonged(found.id, member, await _new_refresh_token(work, found.id))

    async def _touch(self, work: UnitOfWork, session_id: UUID) -> bool:
        touched = await work.session.execute(
            update(Session)
            .where(
                Session.id == session_id,
                Session.ended_at.is_(None),
                Session.expires_at > work.now,
                Session.last_used_at > work.now - self._idle,
            )
            .values(last_used_at=work.now)
            .returning(Session.id)
        )
        return touched.first() is not None

    async def _grant(self, session: _Prolonged) -> Granted:
        member = session.staff
        with already_stored():
            key = await self._keys.current()
        issued = issue(
            key,
            kind=TokenKind.STAFF,
            issuer=STAFF_ISSUER,
            subject=str(member.id),
            now=self._database.clock(),
            lifetime=self._access_lifetime,
            claims={"role": member.role, "name": member.name, "sid": str(session.session_id)},
        )
        return Granted(issued.token, session.refresh_token, int(self._access_lifetime.total_seconds()), member)


async def forget_old_sessions(database: Database) -> None:
    """Delete sessions that are long over, with their tokens."""
    old = Session.expires_at < database.clock() - _KEPT_AFTER_THE_END
    await delete_in_portions(database, Session, old, at_most=_FORGOTTEN_AT_ONCE)


async def _lock_active(work: UnitOfWork, staff_id: UUID) -> StaffMember | None:
    """The member as they are now. A share lock makes whoever is disabling them wait, and see the session we make."""
    return await work.session.scalar(
        select(StaffMember).where(StaffMember.id == staff_id, StaffMember.is_active).with_for_update(read=True)
    )


async def _new_refresh_token(work: UnitOfWork, session_id: UUID) -> str:
    token = secrets.token_urlsafe(32)
    await work.session.execute(
        insert(RefreshToken).values(token_hash=_digest(token), session_id=session_id, created_at=work.now)
    )
    return token


async def _use_up(work: UnitOfWork, digest: str) -> bool:
    used = await work.session.execute(
        update(RefreshToken)
        .where(RefreshToken.token_hash == digest, RefreshToken.used_at.is_(None))
        .values(used_at=work.now)
        .returning(RefreshToken.session_id)
    )
    return used.first() is not None


async def _end_family(work: UnitOfWork, session_id: UUID, staff_id: UUID) -> None:
    try:
        await end_session(work, session_id, EndReason.REUSE, staff_id=staff_id)
    except UnknownSession:  # it was over already
        return
    await work.audit(f"staff:{staff_id}", "session.refresh_reused", f"session:{session_id}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
