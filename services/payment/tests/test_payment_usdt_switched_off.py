"""A network that was switched off is read on for those who may still pay on it, and for no others."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from contracts import PaymentVerified
from payment.usdt.networks.presets import Network
from payment.usdt.pay.consistency import troubled_networks
from payment.usdt.watch.sweeping import sweep_balances

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .payment_usdt_keys import activate
from .usdt_driver import RATE, UsdtDriver, open_usdt

pytestmark = pytest.mark.integration

PRICE = Decimal(350_000)


@pytest.fixture
async def usdt(driver: PaymentDriver) -> AsyncIterator[UsdtDriver]:
    async with open_usdt(driver, Network.POLYGON, Network.BSC) as opened:
        yield opened


async def switch_off(usdt: UsdtDriver, network: Network = Network.POLYGON) -> None:
    """Let the owner switch off a network, a moment later."""
    usdt.driver.clock.advance(timedelta(seconds=1))
    (await usdt.configure(network, enabled=False)).require(200)


async def chosen(usdt: UsdtDriver, network: Network = Network.POLYGON, **entry: Any) -> tuple[Entry, dict[str, Any]]:
    """Return a registration whose payer has chosen a network, and what is to be sent."""
    registered = await usdt.driver.register(amount=PRICE, **entry)
    return registered, await usdt.choose(registered, network)


async def is_read(usdt: UsdtDriver, network: Network = Network.POLYGON) -> bool:
    """Return whether a pass asks the network anything."""
    first = usdt.networks[network].first
    before = first.requests
    await usdt.mine()
    return first.requests > before


async def test_who_was_given_an_address_before_is_paid_for_afterwards(usdt: UsdtDriver) -> None:
    # given
    entry, quote = await chosen(usdt)
    await switch_off(usdt)
    # when
    usdt.send(quote)
    await usdt.confirm()
    # then
    assert (await usdt.shown(entry))["status"] == "paid"
    [verified] = await usdt.driver.published_payloads(PaymentVerified)
    assert verified.registration_id == entry.id
    # and it is offered to none
    other = await usdt.driver.register(amount=PRICE)
    assert (await usdt.try_choose(other)).is_problem(409, "network_not_offered")


async def test_who_then_chose_another_network_may_have_sent_on_the_first_one(usdt: UsdtDriver) -> None:
    entry, quote = await chosen(usdt)
    await usdt.choose(entry, Network.BSC)
    await switch_off(usdt)
    usdt.send(quote)
    await usdt.confirm()
    assert (await usdt.shown(entry))["status"] == "paid"


async def test_late_payments_are_found_as_long_as_on_networks_that_are_offered(usdt: UsdtDriver) -> None:
    # given
    entry, quote = await chosen(usdt)
    await switch_off(usdt)
    await usdt.driver.deliver(entry.expired())
    # when
    until = usdt.driver.clock() + timedelta(minutes=5)
    await usdt.driver.execute("UPDATE payment_addresses SET watch_until = :until", until=until)
    usdt.send(quote, "5")
    await usdt.confirm()
    # then
    assert [each["state"] for each in await usdt.transfers()] == ["confirmed"]
    assert len(await usdt.kept()) == 1

    # and after that it is not read
    usdt.driver.clock.advance(timedelta(minutes=10))
    assert not await is_read(usdt)


async def test_balances_are_compared_there_too(usdt: UsdtDriver) -> None:
    # given a transfer that no pass has found
    _, quote = await chosen(usdt)
    await switch_off(usdt)
    usdt.send(quote)
    await usdt.confirm()
    await usdt.driver.execute("DELETE FROM blockchain_transactions")
    # when
    usdt.driver.clock.advance(timedelta(days=1))
    await sweep_balances(usdt.driver.database, usdt.nodes)
    # then
    assert len(await usdt.transfers()) == 1


async def test_addresses_that_were_given_after_the_switch_do_not_count(usdt: UsdtDriver) -> None:
    await switch_off(usdt)
    usdt.driver.clock.advance(timedelta(seconds=1))
    await chosen(usdt, Network.BSC)
    assert not await is_read(usdt)
    assert await is_read(usdt, Network.BSC)


async def test_a_network_that_was_never_offered_is_not_read(driver: PaymentDriver) -> None:
    async with open_usdt(driver, Network.POLYGON, Network.BSC, opened=False) as usdt:
        await activate(driver)
        (await usdt.configure(Network.BSC)).require(200)
        await usdt.set_rate(RATE, until=(driver.clock() + timedelta(hours=20)).isoformat())
        await usdt.mine()
        await chosen(usdt, Network.BSC)
        await switch_off(usdt)
        assert not await is_read(usdt)


async def test_deadlines_of_those_who_chose_it_wait_while_it_cannot_be_read(usdt: UsdtDriver) -> None:
    # given two shortly before their deadlines, of whom one has chosen the network that is off and down
    entry, _ = await chosen(usdt, hours=1)
    other, _ = await chosen(usdt, Network.BSC, hours=1)
    await switch_off(usdt)
    polygon = usdt.networks[Network.POLYGON]
    polygon.first.down = polygon.second.down = True
    before = [await usdt.driver.deadline(each) for each in (entry, other)]
    usdt.driver.clock.advance(timedelta(minutes=59, seconds=30))
    usdt.networks[Network.BSC].chain.mine_until(usdt.driver.clock() + timedelta(minutes=2))
    await usdt.watch()
    await usdt.watch()
    # when
    held = await usdt.hold()
    # then
    after = [await usdt.driver.deadline(each) for each in (entry, other)]
    assert held == 1
    assert (after[0] > before[0], after[1] == before[1]) == (True, True)


async def test_the_doctor_looks_at_it_as_long_as_it_counts(usdt: UsdtDriver) -> None:
    async def stopped() -> list[str]:
        async with usdt.driver.database.read() as session:
            return [row.network for row in await troubled_networks(session) if row.stopped]

    await chosen(usdt)
    await switch_off(usdt)
    await usdt.driver.execute("UPDATE chain_cursors SET stopped = true WHERE chain_id = 137")
    assert await stopped() == ["polygon"]
    await usdt.driver.execute("UPDATE usdt_quotes SET locked_at = now() - interval '31 days'")
    assert await stopped() == []
