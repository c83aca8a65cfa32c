"""Comparing the addresses that were given with those of their key: what is sent to a changed one goes to others."""

import asyncio
from collections.abc import Sequence
from typing import Final

from chassis.database import Database
from chassis.secrets import SecretBox
from chassis.telemetry import logger
from sqlalchemy.dialects.postgresql import insert

from payment.usdt.evm.hd import AccountKey, NotAPublicKey
from payment.usdt.keys.queries import GivenRow, every_address, list_keys, opened
from payment.usdt.keys.tables import KeyCheck, ReceivingKey

log = logger(__name__)

_NAMED: Final = 100
"""Differing addresses of a key that are stored at most."""


async def check_addresses(database: Database, box: SecretBox) -> int:
    """Compare all addresses that were given, of all keys, and store what differs. Return how many do.

    Only a process that decrypts the keys can do so; `startline doctor` reads what is stored. Idempotent.
    """
    async with database.read() as session:
        keys = await list_keys(session)
    return sum([await _check(database, key, box) for key in keys])


async def _check(database: Database, key: ReceivingKey, box: SecretBox) -> int:
    account, compared = _account(key, box), 0
    differing: list[int] = []
    if account is not None:
        async for page in every_address(database, key.id):
            compared += len(page)
            differing += await asyncio.to_thread(_differing, account, page)
    if differing:
        log.error("addresses_differ", key=str(key.id), addresses=len(differing), first=differing[:3])
    await _store(database, key, is_readable=account is not None, compared=compared, differing=differing)
    return len(differing)


def _account(key: ReceivingKey, box: SecretBox) -> AccountKey | None:
    try:
        return opened(key, box)
    except NotAPublicKey:
        return None


def _differing(account: AccountKey, given: Sequence[GivenRow]) -> list[int]:
    return [index for index, address, _ in given if account.address(index) != address]


async def _store(
    database: Database, key: ReceivingKey, *, is_readable: bool, compared: int, differing: Sequence[int]
) -> None:
    async with database.work() as work:
        values = {
            "checked_at": work.now,
            "is_readable": is_readable,
            "addresses": compared,
            "differing": differing[:_NAMED],
        }
        checked = insert(KeyCheck).values(key_id=key.id, **values)
        await work.session.execute(checked.on_conflict_do_update(index_elements=["key_id"], set_=values))
