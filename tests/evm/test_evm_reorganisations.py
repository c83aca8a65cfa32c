"""Chains that are reorganised: what was seen is gone, comes back, or is in another block."""

import pytest

from .shop import CONFIRMATIONS, Shop


@pytest.fixture
async def opened(shop: Shop) -> Shop:
    await shop.open()
    return shop


async def test_a_payment_that_the_chain_drops_is_waited_for_and_comes_back(opened: Shop) -> None:
    # given a payment that was seen in full
    entry, quote = await opened.register_and_choose()
    tx_hash = await opened.send(quote)
    await opened.mine(2)
    transaction = await opened.node.signed(tx_hash)
    assert (await opened.shown(entry))["status"] == "seen"

    # when its block is replaced by one without it
    await opened.node.reorganise(3)
    await opened.watch()

    # then it is waited for again, also after as many blocks as would have confirmed it
    await opened.confirm()
    shown = await opened.shown(entry)
    assert (shown["status"], shown["received"]) == ("waiting", "0")
    assert [each["state"] for each in shown["transfers"]] == ["failed"]

    # and when the same transaction is in a later block, it pays, once
    await opened.node.send_again(transaction)
    await opened.mine()
    assert (await opened.shown(entry))["status"] == "seen"
    await opened.confirm()
    shown = await opened.shown(entry)
    assert shown["status"] == "paid"
    assert {each["tx_hash"] for each in shown["transfers"]} == {f"0x{tx_hash.hex()}"}
    assert await opened.paid() == [entry]


async def test_a_payment_in_another_block_stays_and_is_confirmed_from_there(opened: Shop) -> None:
    # given a payment that has one block less than it needs
    entry, quote = await opened.register_and_choose()
    tx_hash = await opened.send(quote)
    await opened.mine(CONFIRMATIONS - 1)
    [before] = await opened.rows("SELECT block_number, block_hash FROM blockchain_transactions")

    # when the chain is reorganised, and it is in a later block
    await opened.node.reorganise(CONFIRMATIONS - 1, (await opened.node.signed(tx_hash), 2))
    await opened.mine()

    # then it is seen there, and confirmed as many blocks later
    assert (await opened.shown(entry))["status"] == "seen"
    [after] = await opened.rows("SELECT block_number, block_hash FROM blockchain_transactions")
    assert after["block_number"] == before["block_number"] + 2
    assert after["block_hash"] != before["block_hash"]
    await opened.mine()
    assert await opened.paid() == []
    await opened.mine()
    assert await opened.paid() == [entry]


async def test_a_chain_that_is_shorter_than_before_is_read_once_it_is_longer(opened: Shop) -> None:
    # given a payment that was seen
    entry, quote = await opened.register_and_choose()
    snapshot = await opened.node.call("evm_snapshot")
    await opened.send(quote)
    await opened.mine(2)
    assert (await opened.shown(entry))["status"] == "seen"

    # when the chain is one without it, which is shorter
    assert await opened.node.call("evm_revert", snapshot)
    await opened.watch()

    # then nothing is concluded from that until it has grown
    assert (await opened.chain())["trouble"] == "behind"
    assert (await opened.shown(entry))["status"] == "seen"
    await opened.mine(3)
    assert (await opened.chain())["trouble"] is None
    assert (await opened.shown(entry))["status"] == "waiting"

    # and a payment on it counts
    await opened.send(quote)
    await opened.mine()
    await opened.confirm()
    assert await opened.paid() == [entry]


async def test_a_confirmed_payment_that_is_dropped_stays_paid_and_is_shown_to_finance(opened: Shop) -> None:
    # given a payment that was confirmed
    entry, quote = await opened.register_and_choose()
    await opened.mine(10)
    await opened.send(quote)
    await opened.mine()
    await opened.confirm()
    assert await opened.paid() == [entry]

    # when the chain is reorganised below it
    await opened.node.reorganise(CONFIRMATIONS + 2)
    await opened.mine()

    # then the registration stays paid, and finance sees that the transfer is gone
    [transfer] = await opened.transfers()
    assert (transfer["state"], transfer["settled"]) == ("failed", "paid")
    assert (await opened.shown(entry))["status"] == "paid"


async def test_a_chain_of_which_no_block_is_known_is_not_read_until_staff_resume_it(opened: Shop) -> None:
    # given a chain of which one block is remembered
    entry, quote = await opened.register_and_choose()
    snapshot = await opened.node.call("evm_snapshot")
    await opened.mine()
    await opened.execute("DELETE FROM chain_blocks WHERE number < (SELECT max(number) FROM chain_blocks)")

    # when that block is replaced
    assert await opened.node.call("evm_revert", snapshot)
    await opened.send(quote)
    await opened.mine(3)

    # then the network is stopped, and what is on the chain does not count
    chain = await opened.chain()
    assert (chain["stopped"], chain["trouble"]) == (True, "too_deep")
    await opened.confirm()
    assert (await opened.shown(entry))["status"] == "waiting"

    # and it does once a person has let the chain be read again
    await opened.resume()
    await opened.watch()
    assert await opened.paid() == [entry]
