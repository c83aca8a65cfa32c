"""Paying in USDT by transactions of a real EVM: exactly, in parts, in a batch, with a fee, and by another token."""

from datetime import timedelta

import pytest

from .shop import CONFIRMATIONS, PRICE, RATE, Shop


@pytest.fixture
async def opened(shop: Shop) -> Shop:
    await shop.open()
    return shop


async def test_the_exact_amount_pays_at_its_last_confirmation(opened: Shop) -> None:
    # given a registration, and the amount of its quote on the chain
    entry, quote = await opened.register_and_choose()
    assert quote["amount_units"] == "21030000"
    tx_hash = await opened.send(quote)

    # when blocks are made one by one, then it is seen until the last one that it needs
    for number in range(1, CONFIRMATIONS):
        await opened.mine()
        shown = await opened.shown(entry)
        assert (shown["status"], shown["received"], shown["missing"]) == ("seen", "21.03", "0")
        [transfer] = shown["transfers"]
        assert (transfer["tx_hash"], transfer["state"]) == (f"0x{tx_hash.hex()}", "pending")
        assert transfer["confirmations"] == number
        assert await opened.paid() == []
    await opened.mine()

    # and it is paid, once
    shown = await opened.shown(entry)
    assert (shown["status"], shown["transfers"][0]["state"]) == ("paid", "confirmed")
    await opened.confirm()
    assert await opened.paid() == [entry]


async def test_two_transfers_pay_together(opened: Shop) -> None:
    entry, quote = await opened.register_and_choose()
    await opened.send(quote, 11_000_000)
    await opened.mine(2)
    shown = await opened.shown(entry)
    assert (shown["status"], shown["received"], shown["missing"]) == ("partial", "11", "10.03")

    await opened.send(quote, 10_030_000)
    await opened.mine()
    assert (await opened.shown(entry))["status"] == "seen"
    await opened.confirm()

    assert await opened.paid() == [entry]
    assert len((await opened.shown(entry))["transfers"]) == 2


async def test_one_transaction_pays_several_registrations(opened: Shop) -> None:
    # given two registrations
    entry, quote = await opened.register_and_choose()
    other, other_quote = await opened.register_and_choose()
    assert quote["address"] != other_quote["address"]

    # when one transaction pays one of them in two parts, and the other one
    tx_hash = await opened.send_batch((quote, 11_000_000), (other_quote, 21_030_000), (quote, 10_030_000))
    await opened.mine()
    await opened.confirm()

    # then each transfer counts, as they have the hash but no log index in common
    transfers, others = (await opened.shown(entry))["transfers"], (await opened.shown(other))["transfers"]
    assert sorted(each["amount"] for each in transfers) == ["10.03", "11"]
    assert [each["amount"] for each in others] == ["21.03"]
    assert {each["tx_hash"] for each in (*transfers, *others)} == {f"0x{tx_hash.hex()}"}
    assert sorted(await opened.paid()) == sorted([entry, other])


async def test_a_token_that_calls_itself_usdt_pays_nothing(opened: Shop) -> None:
    entry, quote = await opened.register_and_choose()
    await opened.send(quote, token=opened.tokens.other)
    await opened.mine()
    await opened.confirm()

    shown = await opened.shown(entry)
    assert (shown["status"], shown["received"]) == ("waiting", "0")
    [transfer] = shown["transfers"]
    assert (transfer["is_usdt"], transfer["state"], transfer["amount"]) == (False, "confirmed", "21.03")
    assert await opened.paid() == []

    await opened.send(quote)
    await opened.mine()
    await opened.confirm()
    assert await opened.paid() == [entry]


async def test_what_the_token_credits_counts_and_not_what_was_sent(opened: Shop) -> None:
    # given a token whose owner charges one percent
    entry, quote = await opened.register_and_choose()
    await opened.set_fee(100)

    # when the amount of the quote is sent
    await opened.send(quote)
    await opened.mine()

    # then a percent is missing, and the rest pays
    shown = await opened.shown(entry)
    assert (shown["status"], shown["received"]) == ("partial", "20.8197")
    await opened.set_fee(0)
    await opened.send(quote, 210_300)
    await opened.mine()
    await opened.confirm()
    assert await opened.paid() == [entry]


async def test_a_transfer_of_nothing_is_not_shown(opened: Shop) -> None:
    entry, quote = await opened.register_and_choose()
    await opened.send(quote, 0)
    await opened.mine()
    assert (await opened.shown(entry))["transfers"] == []


async def test_too_much_pays_and_the_rest_is_kept(opened: Shop) -> None:
    entry, quote = await opened.register_and_choose()
    await opened.send(quote, 30_000_000)
    await opened.mine()
    await opened.confirm()

    assert await opened.paid() == [entry]
    assert await opened.scalar("SELECT sum(amount) FROM unassigned_money") == 30 * RATE - PRICE


async def test_a_transfer_is_confirmed_by_the_final_block(shop: Shop) -> None:
    # given a network whose transfers are confirmed once the chain calls their block final
    await shop.open(confirmations=None)
    entry, quote = await shop.register_and_choose()
    await shop.send(quote)

    # when that block is the second below the newest
    await shop.mine(2)
    assert (await shop.shown(entry))["status"] == "seen"
    await shop.mine()

    # then the transfer in it is confirmed
    assert (await shop.shown(entry))["status"] == "paid"
    assert await shop.paid() == [entry]


async def test_a_payment_that_no_pass_looks_for_any_more_is_found_by_the_balance(opened: Shop) -> None:
    # given an address that passes no longer look for
    entry, quote = await opened.register_and_choose(hours=48)
    await opened.execute("UPDATE payment_addresses SET watch_until = :past", past=opened.clock() - timedelta(days=1))
    await opened.send(quote)
    await opened.mine()
    await opened.confirm()
    assert (await opened.shown(entry))["transfers"] == []

    # when its balance is looked at
    opened.clock.advance(timedelta(hours=21))
    await opened.mine()
    assert await opened.sweep() == 1

    # then the payment is found, pays, and that it was missed is shown
    assert (await opened.shown(entry))["status"] == "seen"
    await opened.mine()
    assert await opened.paid() == [entry]
    assert (await opened.chain())["trouble"] == "balance_differs"


async def test_the_balances_of_the_chain_are_those_of_the_transfers(opened: Shop) -> None:
    quotes = [(await opened.register_and_choose())[1] for _ in range(3)]
    await opened.send_batch((quotes[0], 21_030_000), (quotes[1], 1))
    await opened.mine()
    await opened.confirm()

    opened.clock.advance(timedelta(hours=21))
    await opened.mine()
    assert await opened.sweep() == 3
    assert (await opened.chain())["trouble"] is None
