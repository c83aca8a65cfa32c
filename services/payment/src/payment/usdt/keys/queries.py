"""Queries for receiving keys, and for the addresses that were given from them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from chassis.database import Database
from chassis.secrets import SecretBox, UnreadableSecret
from sqlalchemy import Integer, LargeBinary, Row, Uuid, column, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.tables import Invoice
from payment.usdt.evm.hd import AccountKey
from payment.usdt.keys.errors import UnknownKey
from payment.usdt.keys.rules import KeyState
from payment.usdt.keys.tables import ReceivingKey

_EXPORTED_AT_ONCE: Final = 1000

# The model is in `payment.usdt.quotes`, which builds on this folder.
_ADDRESSES: Final = table(
    "payment_addresses",
    column("registration_id", Uuid),
    column("key_id", Uuid),
    column("index", Integer),
    column("address", LargeBinary),
)


@dataclass(frozen=True)
class ActiveKey:
    """The key from which new invoices get their addresses."""

    id: UUID
    path: str
    account: AccountKey


async def active_key(session: AsyncSession, box: SecretBox) -> ActiveKey | None:
    """Return the active key; None if there is none, or if no configured key decrypts it."""
    query = select(ReceivingKey).where(ReceivingKey.state == KeyState.ACTIVE)
    row = (await session.execute(query)).scalar_one_or_none()
    account = None if row is None else opened(row, box)
    return None if row is None or account is None else ActiveKey(row.id, row.path, account)


def opened(row: ReceivingKey, box: SecretBox) -> AccountKey | None:
    """Return the decrypted key; None if no configured key decrypts it."""
    try:
        return AccountKey.parse(box.open(row.xpub))
    except UnreadableSecret:
        return None


async def list_keys(session: AsyncSession) -> Sequence[ReceivingKey]:
    """Return all keys, newest first."""
    query = select(ReceivingKey).order_by(ReceivingKey.created_at.desc(), ReceivingKey.id)
    return (await session.execute(query)).scalars().all()


async def key_by_id(session: AsyncSession, key_id: UUID) -> ReceivingKey:
    """Return a key.

    Raises:
        UnknownKey.
    """
    found = await session.get(ReceivingKey, key_id, populate_existing=True)
    if found is None:
        raise UnknownKey
    return found


GivenRow = Row[int, bytes, str]
"""Index, address and registration number."""


async def every_address(database: Database, key_id: UUID) -> AsyncIterator[Sequence[GivenRow]]:
    """Yield the addresses that were given from a key, in the order of their indices, a thousand at a time."""
    last = -1
    while True:
        async with database.read_page() as session:
            rows = await _addresses(session, key_id, after=last)
        if not rows:
            return
        yield rows
        last = rows[-1][0]


async def _addresses(session: AsyncSession, key_id: UUID, *, after: int) -> Sequence[GivenRow]:
    given = _ADDRESSES.c
    query = (
        select(given.index, given.address, Invoice.registration_number)
        .join_from(_ADDRESSES, Invoice, Invoice.registration_id == given.registration_id)
        .where(given.key_id == key_id, given.index > after)
        .order_by(given.index)
        .limit(_EXPORTED_AT_ONCE)
    )
    return (await session.execute(query)).all()
