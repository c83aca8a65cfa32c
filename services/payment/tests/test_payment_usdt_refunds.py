"""USDT go back: the runner names an address, finance records a transaction, and the chain is asked about it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
from payment.usdt.networks.presets import PRESETS, Network

from .payment_driver import PaymentDriver
from .refund_driver import RefundDesk
from .usdt_driver import CONFIRMATIONS, open_usdt
from .usdt_refund_desk import NEVER_SENT, OTHER_WALLET, PRICE, WALLET, UsdtRefundDesk

pytestmark = pytest.mark.integration


@pytest.fixture
async def desk(driver: PaymentDriver) -> AsyncIterator[UsdtRefundDesk]:
    async with open_usdt(driver, Network.POLYGON) as opened:
        yield UsdtRefundDesk(opened)


async def test_the_runner_names_an_address_and_finance_sees_it_with_the_amount(desk: UsdtRefundDesk) -> None:
    # given a refund of all that was paid
    entry, refund = await desk.owed()
    assert (await desk.usdt.shown(entry))["refund_owed"] is True
    usdt = await desk.shown(refund)
    assert (usdt["network"], usdt["address"], usdt["amount"], usdt["check"]) == (None, None, "21.02", None)

    # when
    given = await desk.give(entry)

    # then both see it; the amount is at the rate at which it was taken, whatever the rate is now
    assert given["refund_address"] == {"network": "polygon", "address": WALLET}
    until = (desk.driver.clock() + timedelta(hours=1)).isoformat()
    await desk.usdt.set_rate(Decimal(25_000), until=until)
    usdt = await desk.shown(refund)
    assert (usdt["network"], usdt["address"], usdt["amount"]) == ("polygon", WALLET, "21.02")
    [listed] = await desk.driver.refunds()
    assert listed["usdt_refund"] == usdt

    # and a new address replaces it
    (await desk.try_give(entry, OTHER_WALLET.lower())).require(200)
    assert (await desk.shown(refund))["address"] == OTHER_WALLET


async def test_nothing_is_owed_for_what_was_paid_as_asked(desk: UsdtRefundDesk) -> None:
    entry, _ = await desk.paid()
    shown = await desk.usdt.shown(entry)
    assert (shown["refund_owed"], shown["refund_address"]) == (False, None)


async def test_addresses_that_are_not_the_runners_are_refused(desk: UsdtRefundDesk) -> None:
    entry, _ = await desk.owed()
    own = (await desk.usdt.shown(entry))["address"]
    token = f"0x{PRESETS[Network.BSC].token_contract.hex()}"
    for address in (WALLET[:-1], WALLET.replace("fB", "Fb"), WALLET[2:], f"0x{'0' * 40}", token, own, own.lower()):
        answer = await desk.try_give(entry, address)
        assert answer.is_problem(422, "invalid_fields")
        assert answer.wrong_fields == ["address"], address
    for network in (Network.BSC, "tron"):
        assert (await desk.try_give(entry, network=network)).wrong_fields == ["network"]
    assert (await desk.usdt.shown(entry))["refund_address"] is None


async def test_only_the_runner_of_a_registration_that_was_to_be_paid_in_usdt_names_one(desk: UsdtRefundDesk) -> None:
    entry = await desk.driver.register(amount=PRICE)
    assert (await desk.try_give(entry)).is_problem(404, "no_usdt_quote")
    await desk.usdt.choose(entry)
    other = await desk.driver.register(amount=PRICE)
    path, body = f"/invoices/{entry.id}/usdt/refund-address", {"network": "polygon", "address": WALLET}
    for by in (desk.driver.runner(other.id), desk.driver.finance):
        assert (await desk.driver.call("PUT", path, by=by, json=body)).status == 403
    (await desk.try_give(entry)).require(200)


async def test_a_refund_is_found_on_the_chain_and_confirmed(desk: UsdtRefundDesk) -> None:
    # given a refund that was sent and recorded
    entry, refund = await desk.owed()
    await desk.give(entry)
    before = await desk.usdt.balances()
    sent = desk.send("21.02")
    await desk.record(refund, sent)
    assert (await desk.shown(refund))["check"] == "waiting"

    # when it is not in a block, in one, and in one that is final
    states = [await desk.checked(refund)]
    await desk.usdt.mine()
    states.append(await desk.checked(refund))
    await desk.usdt.mine(CONFIRMATIONS)
    states.append(await desk.checked(refund))

    # then
    assert states == ["not_found", "pending", "confirmed"]
    [row] = await desk.driver.rows(
        "SELECT state, units, registration_id FROM blockchain_transactions WHERE kind = 'refund'"
    )
    assert row == {"state": "confirmed", "units": Decimal(21_020_000), "registration_id": None}
    desk.driver.clock.advance(timedelta(days=1))
    assert await desk.look() == 0, "it is not looked for any more"
    assert (await desk.usdt.shown(entry))["refund_owed"] is False

    # and the ledger has it as USDT
    after = await desk.usdt.balances()
    assert before["usdt"] - after["usdt"] == PRICE
    assert "bank" not in after
    assert sum(after.values()) == 0


@pytest.mark.parametrize("reference", ["BCA 7", "0x12", f"0x{'g' * 64}", "ab" * 32, f"0x{'ab' * 33}"])
async def test_the_reference_has_to_be_a_transaction(desk: UsdtRefundDesk, reference: str) -> None:
    _, refund = await desk.owed()
    answer = await desk.try_record(refund, reference)
    assert answer.is_problem(422, "invalid_fields")
    assert answer.wrong_fields == ["reference"]
    assert (await RefundDesk(desk.driver).show(refund))["state"] == "due"


async def test_a_transaction_that_pays_another_address_or_less_is_told(desk: UsdtRefundDesk) -> None:
    # given three refunds: one was sent elsewhere, one is too small, and one was never sent
    refunds = []
    for reference in (desk.send("21.02", OTHER_WALLET), desk.send("21.01"), NEVER_SENT):
        entry, refund = await desk.owed()
        await desk.give(entry)
        await desk.record(refund, reference)
        refunds.append(refund)

    # when they are final
    await desk.usdt.confirm()
    states = [await desk.checked(each) for each in refunds]

    # then
    assert states == ["other_address", "too_little", "not_found"]
    assert await desk.driver.rows("SELECT id FROM blockchain_transactions WHERE kind = 'refund'") == []


async def test_one_transfer_is_not_enough_for_two_refunds(desk: UsdtRefundDesk) -> None:
    # given one transfer that was recorded for two refunds to one wallet
    sent = desk.send("21.02")
    refunds = []
    for _ in range(2):
        entry, refund = await desk.owed()
        await desk.give(entry)
        await desk.record(refund, sent)
        refunds.append(refund)
    await desk.usdt.confirm()

    # when the chain is asked
    assert [await desk.checked(each) for each in refunds] == ["too_little", "too_little"]


async def test_a_refund_whose_block_is_replaced_is_looked_for_again(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    await desk.give(entry)
    await desk.record(refund, desk.send("21.02"))
    await desk.usdt.mine()
    assert await desk.checked(refund) == "pending"

    chain = desk.usdt.networks[Network.POLYGON].chain
    chain.reorg(1, keep=False)
    chain.mine()
    assert await desk.checked(refund) == "not_found"
    [row] = await desk.driver.rows("SELECT state FROM blockchain_transactions WHERE kind = 'refund'")
    assert row["state"] == "failed"


async def test_while_no_endpoint_answers_nothing_is_said(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    await desk.give(entry)
    await desk.record(refund, desk.send("21.02"))
    await desk.usdt.confirm()
    network = desk.usdt.networks[Network.POLYGON]
    network.first.down = network.second.down = True
    assert await desk.checked(refund) == "waiting"
    network.second.down = False
    assert await desk.checked(refund) == "confirmed"


async def test_kept_money_goes_back_in_usdt(desk: UsdtRefundDesk) -> None:
    # given what was too much
    entry, money = await desk.kept()
    assert (await desk.usdt.shown(entry))["refund_owed"] is True
    await desk.give(entry)
    [shown] = await desk.usdt.kept()
    assert (shown["usdt_refund"]["address"], shown["usdt_refund"]["amount"]) == (WALLET, "8.97")

    # when its transfer is recorded, and found
    path = f"/surplus/{money['id']}/refunded"
    wrong = await desk.driver.call("POST", path, by=desk.driver.finance, json={"reference": "BCA 7"})
    assert wrong.wrong_fields == ["reference"]
    sent = {"reference": f"0x{desk.send('8.97').hex()}"}
    (await desk.driver.call("POST", path, by=desk.driver.finance, json=sent)).require(204)
    await desk.usdt.confirm()
    await desk.look()

    # then
    [shown] = await desk.usdt.kept()
    assert (shown["state"], shown["usdt_refund"]["check"]) == ("refunded", "confirmed")
    balances = await desk.usdt.balances()
    assert "surplus" not in balances
    assert "bank" not in balances
    assert balances["usdt"] == PRICE


async def test_what_is_recorded_stays_as_it_was_when_the_runner_names_another_address(desk: UsdtRefundDesk) -> None:
    entry, refund = await desk.owed()
    await desk.give(entry)
    await desk.record(refund, desk.send("21.02"))
    (await desk.try_give(entry, OTHER_WALLET)).require(200)
    await desk.usdt.confirm()
    assert await desk.checked(refund) == "confirmed"
    assert (await desk.shown(refund))["address"] == WALLET


async def test_without_an_address_there_is_nothing_to_compare(desk: UsdtRefundDesk) -> None:
    _, refund = await desk.owed()
    await desk.record(refund, desk.send("21.02"))
    assert await desk.look() == 0
    shown = await desk.shown(refund)
    assert (shown["address"], shown["check"]) == (None, None)


async def test_refunds_of_other_channels_say_nothing_of_usdt(desk: UsdtRefundDesk) -> None:
    _, payment = await desk.driver.register_and_pay()
    refund = await RefundDesk(desk.driver).ask(payment, "1000.00")
    assert await desk.shown(refund) is None
    (await RefundDesk(desk.driver).done(refund)).require(204)
    assert (await desk.usdt.balances())["bank"] == Decimal(149_000)
