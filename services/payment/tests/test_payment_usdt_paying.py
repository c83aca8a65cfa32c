"""Runners pay in USDT: exactly, in parts, too much, too little, late, twice; and what the chain takes back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
from contracts import PaymentDeadlineMoved, PaymentVerified
from payment.usdt.networks.presets import Network

from .payment_driver import PaymentDriver
from .usdt_driver import CONFIRMATIONS, RATE, UsdtDriver, open_usdt

pytestmark = pytest.mark.integration

PRICE = Decimal(350_000)


@pytest.fixture
async def usdt(driver: PaymentDriver) -> AsyncIterator[UsdtDriver]:
    async with open_usdt(driver, Network.POLYGON, Network.BSC) as opened:
        yield opened


async def test_the_exact_amount_pays_once_it_is_confirmed(usdt: UsdtDriver) -> None:
    # given an invoice, and the amount of its quote on the chain
    entry = await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry)
    assert (quote["amount"], quote["status"], quote["received"]) == ("21.03", "waiting", "0")
    usdt.send(quote)

    # when its block is seen
    await usdt.mine()

    # then the runner sees it, and nothing is paid yet
    shown = await usdt.shown(entry)
    assert (shown["status"], shown["received"], shown["missing"]) == ("seen", "21.03", "0")
    assert shown["transfers"][0]["confirmations"] == 1
    assert await usdt.driver.published_payloads(PaymentVerified) == []

    # and when it is confirmed, the registration is paid, and the ledger has what came in
    await usdt.confirm()
    [verified] = await usdt.driver.published_payloads(PaymentVerified)
    assert (verified.registration_id, verified.amount) == (entry.id, PRICE)
    assert (await usdt.shown(entry))["status"] == "paid"
    balances = await usdt.balances()
    assert balances["usdt"] == Decimal("21.03") * RATE
    assert sum(balances.values()) == 0
    assert await usdt.kept() == []


async def test_the_quote_stays_on_reload_and_on_another_network(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE)
    first = await usdt.choose(entry, Network.POLYGON)

    usdt.driver.clock.advance(timedelta(minutes=10))
    await usdt.set_rate(Decimal(25_000), until=(usdt.driver.clock() + timedelta(hours=1)).isoformat())
    second = await usdt.choose(entry, Network.BSC)

    assert (second["address"], second["amount"], second["locked_until"]) == (
        first["address"],
        first["amount"],
        first["locked_until"],
    )
    assert second["network"] == "bsc"
    assert second["amount_units"] == "21030000000000000000"

    usdt.driver.clock.advance(timedelta(minutes=21))
    third = await usdt.choose(entry, Network.BSC)
    assert (third["address"], third["amount"]) == (first["address"], "14")


async def test_two_transfers_on_two_networks_pay_together(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry)
    usdt.send(quote, "11")
    await usdt.mine()
    shown = await usdt.shown(entry)
    assert (shown["status"], shown["received"], shown["missing"]) == ("partial", "11", "10.03")

    usdt.send(quote, "10.03", network=Network.BSC)
    await usdt.confirm()

    assert (await usdt.shown(entry))["status"] == "paid"
    assert len(await usdt.driver.published_payloads(PaymentVerified)) == 1


async def test_a_bit_too_little_pays_and_the_ledger_says_what_is_missing(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE)
    usdt.send(await usdt.choose(entry), "20.95")
    await usdt.confirm()
    await usdt.confirm()

    assert (await usdt.shown(entry))["status"] == "paid"
    balances = await usdt.balances()
    assert balances["usdt"] == Decimal("20.95") * RATE
    assert balances["rounding"] == PRICE - Decimal("20.95") * RATE


async def test_too_little_waits_and_is_kept_once_the_registration_has_ended(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE)
    usdt.send(await usdt.choose(entry), "20")
    await usdt.confirm()
    await usdt.confirm()
    assert (await usdt.shown(entry))["status"] == "partial"
    assert await usdt.kept() == []

    await usdt.driver.deliver(entry.expired())
    await usdt.settle_all()

    [kept] = await usdt.kept()
    assert (kept["amount"], kept["kind"]) == (f"{20 * RATE:.2f}", "unknown")
    assert (await usdt.shown(entry))["status"] == "closed"


async def test_too_much_pays_and_the_rest_is_kept(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE)
    usdt.send(await usdt.choose(entry), "30")
    await usdt.confirm()
    await usdt.confirm()

    [kept] = await usdt.kept()
    assert (kept["kind"], Decimal(kept["amount"])) == ("surplus", 30 * RATE - PRICE)
    balances = await usdt.balances()
    assert (balances["usdt"], sum(balances.values())) == (30 * RATE, 0)


async def test_a_second_payment_is_kept(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry)
    usdt.send(quote)
    await usdt.confirm()
    usdt.send(quote)
    await usdt.confirm()
    await usdt.confirm()

    assert len(await usdt.driver.published_payloads(PaymentVerified)) == 1
    [kept] = await usdt.kept()
    assert kept["kind"] == "surplus"


async def test_a_payment_that_the_chain_takes_back_is_waited_for_again(usdt: UsdtDriver) -> None:
    # given a payment that was seen in full
    chain = usdt.networks[Network.POLYGON].chain
    entry = await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry)
    usdt.send(quote)
    await usdt.mine()
    assert (await usdt.shown(entry))["status"] == "seen"

    # when the chain is reorganised without it
    chain.reorg(1, keep=False)
    await usdt.mine(2)

    # then the runner is asked for it again
    shown = await usdt.shown(entry)
    assert (shown["status"], shown["received"]) == ("waiting", "0")
    assert shown["transfers"][0]["state"] == "failed"

    # and when it comes back, it pays
    usdt.send(quote)
    await usdt.confirm()
    await usdt.confirm()
    assert (await usdt.shown(entry))["status"] == "paid"


async def test_a_deadline_waits_for_the_chain_but_not_without_end(usdt: UsdtDriver) -> None:
    # given an invoice with an address, shortly before its deadline, and a chain that cannot be read
    entry = await usdt.driver.register(amount=PRICE, hours=1)
    await usdt.choose(entry)
    due = await usdt.driver.deadline(entry)
    for each in usdt.networks.values():
        each.first.down = each.second.down = True
    usdt.driver.clock.advance(timedelta(minutes=59, seconds=30))

    # when deadlines are held
    assert await usdt.hold() == 1

    # then it is moved, and that is published
    [moved] = await usdt.driver.published_payloads(PaymentDeadlineMoved)
    assert moved.expires_at > due
    assert await usdt.hold() == 0

    # and once the chain is read up to the deadline, it passes
    for each in usdt.networks.values():
        each.first.down = each.second.down = False
    usdt.driver.clock.advance(timedelta(minutes=4, seconds=30))
    await usdt.mine_until_now()
    assert await usdt.hold() == 0


async def test_a_deadline_is_not_held_without_an_address(usdt: UsdtDriver) -> None:
    await usdt.driver.register(amount=PRICE, hours=1)
    usdt.driver.clock.advance(timedelta(minutes=59, seconds=30))
    assert await usdt.hold() == 0


async def test_what_was_seen_in_full_holds_the_deadline_until_it_is_confirmed(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE, hours=1)
    quote = await usdt.choose(entry)
    usdt.driver.clock.advance(timedelta(minutes=55))
    await usdt.mine_until_now()
    usdt.send(quote)
    await usdt.mine()

    usdt.driver.clock.advance(timedelta(minutes=4, seconds=30))
    assert await usdt.hold() == 1
    await usdt.mine(CONFIRMATIONS + 1)
    await usdt.watch()

    assert (await usdt.shown(entry))["status"] == "paid"
    assert await usdt.hold() == 0


async def test_finance_lets_a_transfer_that_came_twice_pay_another_registration(usdt: UsdtDriver) -> None:
    # given two transfers for a registration: the second one, which is too little for another, and a third are kept
    entry, other = await usdt.driver.register(amount=PRICE), await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry)
    for amount in ("21.03", "20.5", "21.03"):
        usdt.send(quote, amount)
        await usdt.confirm()
        await usdt.confirm()
    enough, little = await usdt.transfers(settled="kept")

    # when finance assigns them
    assert (await usdt.try_assign(little, other)).is_problem(409, "amount_mismatch")
    (await usdt.try_assign(enough, other)).require(200)

    # then the other registration is paid, once, and the ledger still adds up
    payloads = await usdt.driver.published_payloads(PaymentVerified)
    assert [each.registration_id for each in payloads] == [entry.id, other.id]
    assert (await usdt.try_assign(enough, other)).is_problem(409, "money_decided")
    assert sum((await usdt.balances()).values()) == 0
