"""Balances show what nodes left out of their answers, and what was never on the chain."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from .payment_driver import PaymentDriver
from .usdt_watched import CONFIRMATIONS, Watched, watching
from .usdt_world import USDT

pytestmark = pytest.mark.integration


@pytest.fixture
async def chain(driver: PaymentDriver) -> AsyncIterator[Watched]:
    async with watching(driver) as watched:
        yield watched


async def sweep(chain: Watched) -> int:
    """Sweep a day later, and let the chain be read up to then."""
    swept = await chain.sweep()
    chain.chain.mine_until(chain.driver.clock())
    return swept


async def miss(chain: Watched, units: int) -> None:
    """Let a transfer to a new address be confirmed without being found."""
    given = await chain.give()
    chain.pay(given, units)
    await chain.mine(CONFIRMATIONS)
    await chain.driver.execute("DELETE FROM blockchain_transactions WHERE units = :units", units=units)


async def test_equal_balances_are_no_trouble(chain: Watched) -> None:
    given = await chain.give()
    chain.pay(given, 7)
    await chain.mine(CONFIRMATIONS)
    assert await sweep(chain) == 1
    assert await chain.trouble() is None
    assert chain.asked_in_transaction == 0


async def test_a_missed_transfer_is_found_and_confirmed_and_staff_learn_of_it(chain: Watched) -> None:
    # given
    await miss(chain, 7)
    assert await chain.states() == []
    # when
    await sweep(chain)
    # then
    assert await chain.states() == [(7, "pending")]
    assert await chain.trouble() == "balance_differs"
    await chain.watch()
    assert await chain.states() == [(7, "confirmed")]
    # and the trouble stays until no sweep has found a difference for more than a day
    assert await chain.trouble() == "balance_differs"
    await sweep(chain)
    assert await chain.trouble() == "balance_differs"
    await sweep(chain)
    assert await chain.trouble() is None


async def test_it_is_found_where_the_times_of_blocks_are_behind_the_clock(chain: Watched) -> None:
    chain.driver.clock.advance(timedelta(minutes=5))
    await miss(chain, 7)
    await sweep(chain)
    assert await chain.states() == [(7, "pending")]


async def test_a_network_whose_balances_differ_is_read_on(chain: Watched) -> None:
    await miss(chain, 7)
    before = chain.chain.head
    await sweep(chain)
    await chain.mine()
    cursor = await chain.cursor()
    assert cursor["trouble"] == "balance_differs"
    assert cursor["scanned_block"] > before


async def test_money_that_the_owner_took_out_is_no_trouble(chain: Watched) -> None:
    given = await chain.give()
    chain.pay(given, 7)
    await chain.mine(CONFIRMATIONS)
    chain.chain.send(USDT, bytes(19) + b"\x01", 7, sender=given.address)
    await chain.mine(CONFIRMATIONS)
    assert await sweep(chain) == 1
    assert await chain.trouble() is None
    assert chain.main.calls["eth_getTransactionReceipt"] == 1

    # and what was proved once is not asked about again
    await sweep(chain)
    assert chain.main.calls["eth_getTransactionReceipt"] == 1


async def test_a_confirmed_transfer_without_a_receipt_is_a_trouble(chain: Watched) -> None:
    chain.pay(await chain.give(), 7)
    await chain.mine(CONFIRMATIONS)
    await chain.driver.execute("UPDATE blockchain_transactions SET tx_hash = sha256('made up')")
    await chain.driver.execute("UPDATE blockchain_transactions SET units = 8")
    await sweep(chain)
    assert await chain.trouble() == "balance_differs"


async def test_an_address_is_swept_once_a_day_until_long_after_it_was_watched(chain: Watched) -> None:
    await chain.give()
    assert await sweep(chain) == 1
    assert await sweep(chain) == 1
    chain.driver.clock.advance(-timedelta(hours=23))
    assert await sweep(chain) == 0
    chain.driver.clock.advance(timedelta(days=91))
    assert await sweep(chain) == 0


async def test_a_sweep_that_no_endpoint_answered_is_repeated_soon(chain: Watched) -> None:
    await miss(chain, 7)
    chain.main.down = chain.backup.down = True
    assert await sweep(chain) == 1
    chain.main.down = False
    chain.driver.clock.advance(timedelta(hours=1) - timedelta(days=1))
    assert await sweep(chain) == 1
    assert await chain.states() == [(7, "pending")]


async def test_another_endpoint_is_asked_if_one_no_longer_has_the_block(chain: Watched) -> None:
    await miss(chain, 7)
    chain.main.throttled = True
    await sweep(chain)
    assert await chain.states() == [(7, "pending")]


async def test_nodes_that_keep_128_balances_are_enough_where_finality_takes_longer(driver: PaymentDriver) -> None:
    async with watching(driver, confirmations=500) as chain:
        chain.main.state_blocks = chain.backup.state_blocks = 128
        await miss(chain, 7)
        await chain.mine(70)
        await chain.driver.execute("DELETE FROM blockchain_transactions")
        await chain.sweep()
        assert await chain.states() == [(7, "pending")]


async def test_nothing_is_compared_before_a_network_was_read(driver: PaymentDriver) -> None:
    watched = Watched(driver)
    await watched.open()
    await watched.give()
    assert await watched.sweep() == 1
    assert watched.main.requests == 0
    await watched.http.aclose()
