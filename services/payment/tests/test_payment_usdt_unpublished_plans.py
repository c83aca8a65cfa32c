"""What a pass finds of transfers that are too little, or gone, is read by indexes among all that ever arrived."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Final

import pytest
from payment.usdt.networks.presets import PRESETS, Network
from payment.usdt.watch.unpublished import unpublished, unpublished_of

from .payment_driver import PaymentDriver
from .usdt_driver import UsdtDriver, open_usdt

pytestmark = pytest.mark.integration

CHAIN: Final = PRESETS[Network.POLYGON].chain_id
_OLD: Final = """
    INSERT INTO blockchain_transactions
    SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'log_index', n, 'settled', 'paid'))).*
      FROM blockchain_transactions AS t, generate_series(100, 20100) AS n
"""
_GONE: Final = """
    INSERT INTO blockchain_transactions
    SELECT (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), 'log_index', 30000 + n,
               'settled', NULL, 'state', 'failed', 'confirmed_at', NULL, 'failed_at', now() - n * interval '1 hour'))).*
      FROM blockchain_transactions AS t, generate_series(100, 5100) AS n WHERE t.settled IS NULL
"""


@pytest.fixture
async def usdt(driver: PaymentDriver) -> AsyncIterator[UsdtDriver]:
    """Yield the driver of thousands of transfers that were settled or are gone, and of one that is too little."""
    async with open_usdt(driver, Network.POLYGON) as opened:
        entry = await driver.register(amount=Decimal(350_000))
        opened.send(await opened.choose(entry), "11")
        await opened.confirm()
        for rows in (_OLD, _GONE):
            await driver.execute(rows)
        await driver.execute("ANALYZE blockchain_transactions")
        yield opened


async def test_only_what_is_not_settled_is_read(usdt: UsdtDriver) -> None:
    query = unpublished_of(CHAIN, usdt.driver.clock())
    sql = query.compile(dialect=usdt.driver.database.engine.dialect, compile_kwargs={"literal_binds": True})
    plan = "\n".join(str(row["QUERY PLAN"]) for row in await usdt.driver.rows(f"EXPLAIN {sql}"))
    assert "ix_blockchain_transactions_failed" in plan, plan
    assert "ix_blockchain_transactions_unsettled" in plan, plan
    assert "Seq Scan on blockchain_transactions" not in plan, plan


async def test_what_was_published_is_not_found_again(usdt: UsdtDriver) -> None:
    async with usdt.driver.database.read() as session:
        assert await unpublished(session, CHAIN, usdt.driver.clock()) == frozenset()
