"""Rotating keys with which a service signs its tokens, stored encrypted in its database."""

import json
from datetime import datetime, timedelta
from typing import Any

from joserfc.jwk import KeySetSerialization, OKPKey
from sqlalchemy import Row, Table, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis.database import Database, UnitOfWork
from chassis.secrets import SecretBox
from chassis.single_flight import SingleFlightCache
from chassis.telemetry import logger

log = logger(__name__)


class SigningKeys:
    """One current key for signing; older keys are published until the last token they signed has expired.

    Args:
        table: created by `chassis.tables.signing_keys_table`.
        box: encrypts the private keys.
        token_lifetime: time for which the longest-lived token that is signed is accepted.
        cache_seconds: maximum time until a rotation by another process is noticed.
    """

    def __init__(
        self,
        database: Database,
        table: Table,
        box: SecretBox,
        *,
        token_lifetime: timedelta,
        cache_seconds: float = 30.0,
    ) -> None:
        self._database = database
        self._table = table
        self._box = box
        self._lifetime = token_lifetime
        self._current = SingleFlightCache(
            self._read_current, age=timedelta(seconds=cache_seconds), clock=database.clock
        )

    async def current(self) -> OKPKey:
        """Return the current signing key. The first key is created here."""
        return await self._current.get()

    async def _read_current(self) -> OKPKey:
        row = await self._current_row()
        if row is None:
            async with self._database.work() as work:
                await self._add_current(work)
            row = await self._current_row()
        return OKPKey.import_key(json.loads(self._unsealed(row)))

    async def rotate(self) -> None:
        """Sign with a new key from now on. The old one stays published while tokens that it signed may be valid."""
        async with self._database.work() as work:
            retire = (
                update(self._table)
                .where(self._table.c.is_current)
                .values(is_current=False, verifies_until=work.now + self._lifetime + timedelta(minutes=5))
            )
            await work.session.execute(retire)
            await self._add_current(work)
            await work.audit("system", "signing_key.rotate", "signing_keys")
        self._current.forget()

    async def rotate_when_older(self, age: timedelta) -> None:
        """Rotate if the current key is older than `age`, or was created that far in the future by a wrong clock."""
        row = await self._current_row()
        if row is not None and abs(self._database.clock() - row.created_at) > age:
            await self.rotate()

    async def public(self) -> KeySetSerialization:
        """Return the JWKS: every key with which a valid token may be signed."""
        await self.current()
        now = self._database.clock()
        good = or_(self._table.c.verifies_until.is_(None), self._table.c.verifies_until > now)
        async with self._database.read() as session:
            rows = (await session.execute(select(self._table.c.public_key).where(good))).scalars().all()
        return {"keys": list(rows)}

    async def _current_row(self) -> Row[Any] | None:
        async with self._database.read() as session:
            return (await session.execute(select(self._table).where(self._table.c.is_current))).first()

    async def _add_current(self, work: UnitOfWork) -> None:
        row = _new_key_row(self._box, work.now)
        added = upsert(self._table).values(**row).on_conflict_do_nothing().returning(self._table.c.kid)
        if (await work.session.execute(added)).first() is not None:
            log.info("signing_key_added", service=self._database.service, kid=row["kid"])

    def _unsealed(self, row: Row[Any] | None) -> str:
        if row is None:
            raise RuntimeError("no current signing key after adding one")
        return self._box.open(row.sealed_private_key)


def _new_key_row(box: SecretBox, now: datetime) -> dict[str, Any]:
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    public = {**key.as_dict(private=False), "use": "sig", "alg": "Ed25519"}
    return {
        "kid": key.kid,
        "sealed_private_key": box.seal(json.dumps(key.as_dict(private=True))),
        "public_key": public,
        "created_at": now,
        "is_current": True,
        "verifies_until": None,
    }
