"""Opening, using, renewing and ending sessions of staff."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.database import Database
from chassis.errors import Unavailable
from chassis.secrets import SecretBox, UnreadableSecret
from sqlalchemy import ColumnElement, Delete, and_, delete, or_, select, update

from web.sessions import cookies
from web.sessions.tables import WebSession
from web.upstream.client import Refused
from web.upstream.identity import Account, Granted, IdentityApi
from web.visitors import Visitor

_RENEW_BEFORE: Final = timedelta(minutes=1)
_RENEWAL_LASTS: Final = timedelta(seconds=10)
_LOOK_AGAIN_SECONDS: Final = 0.05
_UNAUTHENTICATED: Final = 401
_USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)
_FORGOTTEN_AT_ONCE: Final = 500


@dataclass(frozen=True)
class StaffSession:
    """A member of staff who is logged in.

    Attributes:
        id: identity's id of the session.
        token: access token for the APIs.
    """

    id: UUID
    account: Account
    token: str


class StaffSessions:
    """The sessions of the console.

    Args:
        idle: after so long without a request of a person a session ends.
        lifetime: maximum age of a session.
    """

    def __init__(
        self, database: Database, identity: IdentityApi, box: SecretBox, *, idle: timedelta, lifetime: timedelta
    ) -> None:
        self._database = database
        self._identity = identity
        self._box = box
        self._idle = idle
        self._lifetime = lifetime

    async def open(self, email: str, password: str, visitor: Visitor, *, device: str) -> str:
        """Log in and return the key of the new session.

        Raises:
            Refused: 401 for wrong credentials; 429 after too many attempts.
            Unavailable.
        """
        granted = await self._identity.log_in(email, password, visitor)
        key = cookies.new_key()
        async with self._database.work() as work:
            await work.session.execute(_forget_some(work.now, self._idle))
            work.session.add(
                WebSession(
                    key_hash=cookies.hash_of(key),
                    session_id=granted.session_id,
                    staff_id=granted.staff.id,
                    sealed=self._sealed(granted),
                    access_until=granted.access_until,
                    device=device[:200],
                    created_at=work.now,
                    used_at=work.now,
                    ends_at=work.now + self._lifetime,
                )
            )
        return key

    async def find(self, key: str, visitor: Visitor, *, is_used: bool = True) -> StaffSession | None:
        """Return the session of a key, with a token that is still valid; None if it has ended.

        Args:
            is_used: whether a person asks, not a page that refreshes itself.

        Raises:
            Unavailable: the token has expired and cannot be renewed now.
        """
        row = await self._row(key)
        if row is None:
            return None
        if is_used:
            await self._note_use(row)
        if row.access_until - _RENEW_BEFORE <= self._database.clock():
            row = await self._renewed(row, visitor)
        return None if row is None else self._session(row)

    async def forget(self, key: str) -> None:
        """End a session here only."""
        await self._delete(cookies.hash_of(key))

    async def end(self, key: str, visitor: Visitor) -> None:
        """End a session here and at identity. While identity is away, it only ends here."""
        row = await self._row(key)
        await self._delete(cookies.hash_of(key))
        found = None if row is None else self._session(row)
        if found is not None:
            with suppress(Refused, Unavailable):
                await self._identity.log_out(found.token, visitor)

    async def devices(self, staff_id: UUID) -> dict[UUID, str]:
        """Return what the browsers of a member of staff said about themselves, by identity's id of the session."""
        async with self._database.read() as session:
            query = select(WebSession.session_id, WebSession.device).where(WebSession.staff_id == staff_id)
            return {row.session_id: row.device for row in await session.execute(query)}

    def _session(self, row: WebSession) -> StaffSession | None:
        try:
            granted = self._opened(row)
        except UnreadableSecret:
            return None
        return StaffSession(row.session_id, granted.staff, granted.access_token)

    def _sealed(self, granted: Granted) -> str:
        return self._box.seal(granted.model_dump_json())

    def _opened(self, row: WebSession) -> Granted:
        return Granted.model_validate_json(self._box.open(row.sealed))

    async def _row(self, key: str) -> WebSession | None:
        now = self._database.clock()
        async with self._database.read() as session:
            query = select(WebSession).where(WebSession.key_hash == cookies.hash_of(key), _is_alive(now, self._idle))
            return await session.scalar(query)

    async def _note_use(self, row: WebSession) -> None:
        if self._database.clock() - row.used_at < _USE_IS_NOTED_EVERY:
            return
        async with self._database.work() as work:
            own = update(WebSession).where(WebSession.key_hash == row.key_hash)
            await work.session.execute(own.values(used_at=work.now))

    async def _renewed(self, row: WebSession, visitor: Visitor) -> WebSession | None:
        """Return the session with new tokens. One request renews them, as a refresh token is accepted once.

        The others use the old token while it is valid, and wait for the new one after that.

        Raises:
            Unavailable: there is no new token yet, and the old one is of no use.
        """
        found: WebSession | None = row
        try:
            async with asyncio.timeout(_RENEWAL_LASTS.total_seconds()):
                while found is not None and not await self._may_renew(found):
                    found = await self._again(found)
                    if found is not None and found.access_until > self._database.clock():
                        return found
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        except TimeoutError:
            raise Unavailable from None
        return None if found is None else await self._renew(found, visitor)

    async def _may_renew(self, row: WebSession) -> bool:
        """Claim the renewal of these tokens for some seconds; return False if another request has done so."""
        async with self._database.work() as work:
            is_free = or_(WebSession.renewed_until.is_(None), WebSession.renewed_until < work.now)
            claim = update(WebSession).where(_is_same(row), is_free).returning(WebSession.key_hash)
            claimed = await work.session.scalar(claim.values(renewed_until=work.now + _RENEWAL_LASTS))
        return claimed is not None

    async def _renew(self, row: WebSession, visitor: Visitor) -> WebSession | None:
        try:
            granted = await self._identity.refresh(self._opened(row).refresh_token, visitor)
        except UnreadableSecret:
            await self._delete(row.key_hash)
            return None
        except (Refused, Unavailable) as error:
            if error.status != _UNAUTHENTICATED:
                return await self._not_renewed(row)
            await self._delete(row.key_hash)
            return None
        new = {
            "sealed": self._sealed(granted),
            "access_until": granted.access_until,
            "renewed_until": None,
        }
        async with self._database.work() as work:
            await work.session.execute(update(WebSession).where(_is_same(row)).values(new))
        return await self._again(row)

    async def _not_renewed(self, row: WebSession) -> WebSession:
        """Give up the claim; return the session if its old token is valid.

        Raises:
            Unavailable: it is not.
        """
        async with self._database.work() as work:
            await work.session.execute(update(WebSession).where(_is_same(row)).values(renewed_until=None))
        if row.access_until > self._database.clock():
            return row
        raise Unavailable

    async def _again(self, row: WebSession) -> WebSession | None:
        async with self._database.read() as session:
            return await session.scalar(select(WebSession).where(WebSession.key_hash == row.key_hash))

    async def _delete(self, key_hash: str) -> None:
        async with self._database.work() as work:
            await work.session.execute(delete(WebSession).where(WebSession.key_hash == key_hash))


def _is_alive(now: datetime, idle: timedelta) -> ColumnElement[bool]:
    return and_(WebSession.ends_at > now, WebSession.used_at > now - idle)


def _is_same(row: WebSession) -> ColumnElement[bool]:
    """Whether the tokens are still those of `row`."""
    return and_(WebSession.key_hash == row.key_hash, WebSession.access_until == row.access_until)


def _forget_some(now: datetime, idle: timedelta) -> Delete:
    ended = select(WebSession.key_hash).where(~_is_alive(now, idle)).limit(_FORGOTTEN_AT_ONCE)
    return delete(WebSession).where(WebSession.key_hash.in_(ended))
