"""Login and refresh of sessions, with rotating refresh tokens.

Each refresh token is valid for one refresh, which returns the next one. If a used token is presented, one of the two
clients has stolen it, so the session ends. That also happens when two clients use a token concurrently, and when the
response to a refresh was lost. There is no grace period for retries: a thief could use it to get the next token.
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
)
from identity.sessions.tables import RefreshToken, Session
from identity.sessions.throttle import Attempt, Limits, audit_failure, count_attempt, reset_attempts
from identity.settings import Settings

log = logger(__name__)

_KEPT_AFTER_END = timedelta(days=30)
_DELETED_AT_ONCE = 20  # a session can have thousands of tokens


@dataclass(frozen=True)
class IssuedTokens:
    """The result of a login or a refresh."""

    access_token: str
    refresh_token: str
    expires_in: int
    staff: StaffMember


@dataclass(frozen=True)
class _ActiveSession:
    """An active session with its new refresh token."""

    session_id: UUID
    staff: StaffMember
    refresh_token: str


class Sessions:
    """Creates and refreshes sessions."""

    def __init__(self, settings: Settings, database: Database, passwords: Passwords, keys: SigningKeys) -> None:
        self._database = database
        self._passwords = passwords
        self._keys = keys
        self._limits = Limits.of(settings)
        self._access_lifetime = settings.access_token_lifetime
        self._idle = timedelta(hours=settings.session_idle_hours)
        self._lifetime = timedelta(days=settings.session_days)

    async def log_in(self, email: str, password: str, *, source: str) -> IssuedTokens:
        """Create a session.

        An unknown address, a wrong password and a disabled account take the same steps and the same time.

        Args:
            source: the client's address as returned by `client_address`.

        Raises:
            TooManyAttempts, InvalidCredentials, Unavailable.
        """
        email = email.lower()
        async with self._passwords.queue_slot():
            attempt = await self._admit(email, source)
            async with self._database.read() as session:
                member = await member_by_email(session, email)
            verification = await self._passwords.verify(password, member.password_hash if member else None)
        begun = None
        async with self._database.work() as work:
            if member is not None and verification.right:
                begun = await self._begin(work, member, source)
            if begun is None:
                await audit_failure(work, "session.login_failed", member, email, source)
            else:
                await reset_attempts(work, attempt)
        if begun is None:
            raise InvalidCredentials
        if verification.better is not None:
            await self._try_to_replace_hash(begun.staff, verification.better)
        return await self._issue_tokens(begun)

    async def refresh(self, token: str) -> IssuedTokens:
        """Refresh a session: exchange its current refresh token for a new pair.

        Raises:
            InvalidRefreshToken, RefreshReused, SessionEnded.
        """
        async with self._database.work() as work:
            found = await self._rotate(work, _digest(token))
        if isinstance(found, StartlineError):  # raised here, after its effects were committed
            raise found
        return await self._issue_tokens(found)

    async def _admit(self, email: str, source: str) -> Attempt:
        async with self._database.work() as work:
            return await count_attempt(work, self._limits, email=email, source=source)

    async def _begin(self, work: UnitOfWork, verified: StaffMember, source: str) -> _ActiveSession | None:
        member = await _lock_active(work, verified.id)
        if member is None or member.password_hash != verified.password_hash:  # changed while the password was hashed
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
        return _ActiveSession(session_id, member, await _new_refresh_token(work, session_id))

    async def _try_to_replace_hash(self, member: StaffMember, better: str) -> None:
        """Replace the hash, ignoring an unavailable database: the login has succeeded, and the next one tries again."""
        try:
            await self._replace_hash(member, better)
        except Exception as error:
            if not is_unavailable(error):
                raise
            log.warning("hash_not_replaced", error=type(error).__name__)

    async def _replace_hash(self, member: StaffMember, better: str) -> None:
        """Store a hash of the same password with current parameters, unless the password was changed meanwhile.

        In its own transaction: two logins that share the lock on the member's row would deadlock.
        """
        same = StaffMember.id == member.id, StaffMember.password_hash == member.password_hash
        async with self._database.work() as work:
            await work.session.execute(update(StaffMember).where(*same).values(password_hash=better))

    async def _rotate(self, work: UnitOfWork, digest: str) -> _ActiveSession | StartlineError:
        chain = select(Session.id, Session.staff_id).join(RefreshToken).where(RefreshToken.token_hash == digest)
        found = (await work.session.execute(chain)).first()
        if found is None:
            return InvalidRefreshToken()
        member = await _lock_active(work, found.staff_id)
        if not await _consume(work, digest):
            await _end_reused_session(work, found.id, found.staff_id)
            return RefreshReused()
        if member is None or not await self._extend(work, found.id):
            return SessionEnded()
        return _ActiveSession(found.id, member, await _new_refresh_token(work, found.id))

    async def _extend(self, work: UnitOfWork, session_id: UUID) -> bool:
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

    async def _issue_tokens(self, session: _ActiveSession) -> IssuedTokens:
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
        return IssuedTokens(issued.token, session.refresh_token, int(self._access_lifetime.total_seconds()), member)


async def forget_old_sessions(database: Database) -> None:
    """Delete sessions that expired more than 30 days ago, with their tokens."""
    old = Session.expires_at < database.clock() - _KEPT_AFTER_END
    await delete_in_portions(database, Session, old, at_most=_DELETED_AT_ONCE)


async def _lock_active(work: UnitOfWork, staff_id: UUID) -> StaffMember | None:
    """Return the active member, with a share lock: disabling them waits, and then sees the new session."""
    return await work.session.scalar(
        select(StaffMember).where(StaffMember.id == staff_id, StaffMember.is_active).with_for_update(read=True)
    )


async def _new_refresh_token(work: UnitOfWork, session_id: UUID) -> str:
    token = secrets.token_urlsafe(32)
    await work.session.execute(
        insert(RefreshToken).values(token_hash=_digest(token), session_id=session_id, created_at=work.now)
    )
    return token


async def _consume(work: UnitOfWork, digest: str) -> bool:
    used = await work.session.execute(
        update(RefreshToken)
        .where(RefreshToken.token_hash == digest, RefreshToken.used_at.is_(None))
        .values(used_at=work.now)
        .returning(RefreshToken.session_id)
    )
    return used.first() is not None


async def _end_reused_session(work: UnitOfWork, session_id: UUID, staff_id: UUID) -> None:
    if await end_session(work, session_id, EndReason.REUSE, staff_id=staff_id):
        await work.audit(f"staff:{staff_id}", "session.refresh_reused", f"session:{session_id}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
