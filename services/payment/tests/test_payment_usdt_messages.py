"""What is published for the messages to payers of USDT: each fact once, with the decision, and nothing about dust."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import pytest
from chassis.errors import OutcomeUnknown
from contracts import UsdtKept, UsdtKeptReason, UsdtTakenBack, UsdtUnderpaid
from payment.usdt.networks.presets import Network
from payment.usdt.pay.settling import settle
from payment.usdt.watch.following import watch_all
from payment.usdt.watch.nodes import Nodes
from payment.usdt.watch.unpublished import GONE_AFTER

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .test_payment_usdt_crashes import LEASE, Commits
from .usdt_driver import CONFIRMATIONS, UsdtDriver, open_usdt

pytestmark = pytest.mark.integration

PRICE: Final = Decimal(350_000)
"""Rupiah; 21.03 USDT at the rate of the driver."""


@pytest.fixture
async def usdt(driver: PaymentDriver) -> AsyncIterator[UsdtDriver]:
    async with open_usdt(driver, Network.POLYGON, Network.BSC) as opened:
        yield opened


async def underpaid(usdt: UsdtDriver) -> list[tuple[str, str]]:
    """Return what arrived and what was missing, in each event about that."""
    found = await usdt.driver.published_payloads(UsdtUnderpaid)
    return [(f"{each.amount.normalize():f}", f"{each.missing:f}") for each in found]


async def kept(usdt: UsdtDriver) -> list[tuple[str, UsdtKeptReason | str]]:
    """Return how many USDT were kept and why, in each event about that."""
    return [(f"{each.amount.normalize():f}", each.reason) for each in await usdt.driver.published_payloads(UsdtKept)]


async def taken_back(usdt: UsdtDriver) -> list[tuple[str, bool]]:
    """Return how many USDT were taken back, and whether they were settled, in each event about that."""
    return [
        (f"{each.amount.normalize():f}", each.settled) for each in await usdt.driver.published_payloads(UsdtTakenBack)
    ]


async def arrive(usdt: UsdtDriver, entry: Entry, *amounts: str) -> None:
    """Let transfers be confirmed, one after the other."""
    quote = await usdt.choose(entry)
    for amount in amounts:
        usdt.send(quote, amount)
        await usdt.confirm()


async def a_while(usdt: UsdtDriver) -> None:
    """Let as much time pass as a transfer has to be gone, and the chains be read."""
    usdt.driver.clock.advance(GONE_AFTER)
    await usdt.mine_until_now()


# --- too little


async def test_what_is_missing_is_published_once_it_is_confirmed(usdt: UsdtDriver) -> None:
    # given a part that is on the chain
    entry = await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry)
    usdt.send(quote, "11")
    await usdt.mine()
    assert await underpaid(usdt) == []

    # when it is confirmed, and looked at again and again
    await usdt.confirm()
    await usdt.settle_all()
    await a_while(usdt)
    await settle(usdt.driver.database, entry.id)

    # then
    [event] = await usdt.driver.published_payloads(UsdtUnderpaid)
    assert (event.registration_id, event.amount, event.missing) == (entry.id, Decimal(11), Decimal("10.03"))
    assert (event.network, event.address) == ("polygon", quote["address"])
    assert event.expires_at == await usdt.driver.deadline(entry)


async def test_each_further_part_is_published_and_dust_is_not(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE)
    await arrive(usdt, entry, "11", "0.01", "5")
    assert await underpaid(usdt) == [("11", "10.03"), ("16.01", "5.02")]
    first, second = await usdt.driver.published_payloads(UsdtUnderpaid)
    assert first.decided_at < second.decided_at

    await arrive(usdt, entry, "5.02")
    assert (await usdt.shown(entry))["status"] == "paid"
    assert len(await underpaid(usdt)) == 2
    assert await kept(usdt) == []


async def test_nothing_is_missing_while_the_rest_waits_for_confirmations(usdt: UsdtDriver) -> None:
    # given a part, and the rest on a chain that stands still
    entry = await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry)
    usdt.send(quote, "10.03", network=Network.BSC)
    await usdt.mine()
    usdt.networks[Network.BSC].first.down = usdt.networks[Network.BSC].second.down = True

    # when the part is confirmed
    usdt.send(quote, "11")
    await usdt.confirm()
    await a_while(usdt)

    # then
    assert (await usdt.shown(entry))["status"] == "seen"
    assert await underpaid(usdt) == []


async def test_processes_that_settle_at_once_publish_what_is_missing_once(usdt: UsdtDriver) -> None:
    # given a confirmed part that the process which read it has left
    entry = await left_by_a_process(usdt, "11")
    assert await underpaid(usdt) == []
    # when
    await asyncio.gather(*(settle(usdt.driver.database, entry.id) for _ in range(6)))
    # then
    assert await underpaid(usdt) == [("11", "10.03")]


async def test_what_a_process_that_ended_has_left_is_published_later(usdt: UsdtDriver) -> None:
    await left_by_a_process(usdt, "11")
    await a_while(usdt)
    assert await underpaid(usdt) == [("11", "10.03")]


async def left_by_a_process(usdt: UsdtDriver, amount: str) -> Entry:
    """Return a registration with a confirmed transfer that the process which read it did not settle."""

    async def nothing(_: UUID) -> None:
        """Settle nothing."""

    entry = await usdt.driver.register(amount=PRICE)
    usdt.send(await usdt.choose(entry), amount)
    for each in usdt.networks.values():
        each.chain.mine(CONFIRMATIONS + 1)
    for _ in range(2):
        usdt.driver.clock.advance(timedelta(seconds=15))
        await watch_all(usdt.driver.database, usdt.nodes, nothing)
    return entry


@pytest.mark.parametrize("stored", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("dies", [True, False], ids=["killed", "answer_lost"])
async def test_a_worker_that_ends_at_any_commit_publishes_what_is_missing_once(
    usdt: UsdtDriver, monkeypatch: pytest.MonkeyPatch, stored: bool, dies: bool
) -> None:
    commits, number = Commits(stored=stored, dies=dies), 0
    while number == 0 or commits.was_interrupted:
        # given
        entry = await usdt.driver.register(amount=PRICE)
        usdt.send(await usdt.choose(entry), "11")
        await usdt.driver.forget_published()
        # when
        async with commits.interrupted(number, monkeypatch):
            for step in (usdt.mine, usdt.confirm, usdt.settle_all):
                if not commits.has_ended:
                    with suppress(OutcomeUnknown):
                        await step()
        # then
        usdt.nodes = Nodes(usdt.access)
        usdt.driver.clock.advance(LEASE)
        for step in (usdt.mine_until_now, usdt.confirm, usdt.settle_all):
            await step()
        await a_while(usdt)
        assert await underpaid(usdt) == [("11", "10.03")], number
        number += 1
    assert number > 5, "the story has the commits of reading and settling"


# --- too much


async def test_too_much_is_published_with_what_goes_back(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE)
    await arrive(usdt, entry, "30")
    await usdt.settle_all()
    assert await kept(usdt) == [("8.97", UsdtKeptReason.SURPLUS)]
    [event] = await usdt.driver.published_payloads(UsdtKept)
    [transfer] = await usdt.transfers()
    assert (event.registration_id, str(event.transfer_id)) == (entry.id, transfer["id"])
    assert await underpaid(usdt) == []


async def test_what_comes_once_more_is_published_and_dust_is_not(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE)
    await arrive(usdt, entry, "21.03", "0.04", "21.03")
    assert await kept(usdt) == [("21.03", UsdtKeptReason.PAID)]


async def test_exactly_enough_and_a_bit_too_much_publish_nothing(usdt: UsdtDriver) -> None:
    for amount in ("21.03", "21.06", "20.95"):
        await arrive(usdt, await usdt.driver.register(amount=PRICE), amount)
    assert (await kept(usdt), await underpaid(usdt)) == ([], [])


async def test_parts_of_a_registration_that_ended_are_published_together(usdt: UsdtDriver) -> None:
    # given
    entry = await usdt.driver.register(amount=PRICE)
    await arrive(usdt, entry, "5", "6")
    await usdt.driver.deliver(entry.expired())
    # when
    await usdt.settle_all()
    await usdt.settle_all()
    # then
    assert await kept(usdt) == [("11", UsdtKeptReason.ENDED)]


async def test_what_finance_assigns_to_another_registration_is_not_published(usdt: UsdtDriver) -> None:
    entry, other = await usdt.driver.register(amount=PRICE), await usdt.driver.register(amount=PRICE * 2)
    await arrive(usdt, other, "21.03")
    [transfer] = await usdt.transfers()
    (await usdt.try_assign(transfer, entry)).require(200)
    assert await kept(usdt) == []


# --- taken back by the chain


async def test_a_transfer_that_does_not_come_back_is_published_after_a_while(usdt: UsdtDriver) -> None:
    # given a payment that was seen
    chain = usdt.networks[Network.POLYGON].chain
    entry = await usdt.driver.register(amount=PRICE)
    tx_hash = usdt.send(await usdt.choose(entry))
    await usdt.mine()

    # when the chain is reorganised without it
    chain.reorg(1, keep=False)
    await usdt.mine(2)
    assert await taken_back(usdt) == []
    await a_while(usdt)
    await a_while(usdt)

    # then
    [event] = await usdt.driver.published_payloads(UsdtTakenBack)
    assert (event.registration_id, event.amount, event.settled) == (entry.id, Decimal("21.03"), False)
    assert (event.network, event.tx_hash) == ("polygon", f"0x{tx_hash.hex()}")


async def test_a_transfer_that_is_mined_again_is_not_published(usdt: UsdtDriver) -> None:
    # given a transfer that is not the only one in its block, so that it moves to another place
    chain = usdt.networks[Network.POLYGON].chain
    entry, other = await usdt.driver.register(amount=PRICE), await usdt.driver.register(amount=PRICE)
    usdt.send(await usdt.choose(other), "1")
    usdt.send(await usdt.choose(entry))
    await usdt.mine()

    # when it is away for a moment
    pending = list(chain.block(chain.head).transactions)
    chain.reorg(1, keep=False)
    await usdt.mine()
    assert [each["state"] for each in await usdt.transfers()] == ["failed", "failed"]
    chain.pending = pending[1:]
    await usdt.mine()
    await a_while(usdt)

    # then only the one that did not come back is published
    assert await taken_back(usdt) == [("1", False)]
    assert (await usdt.shown(entry))["status"] == "paid"


async def test_a_transfer_that_paid_and_is_gone_is_published(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE)
    await arrive(usdt, entry, "21.03")
    assert (await usdt.shown(entry))["status"] == "paid"

    usdt.networks[Network.POLYGON].chain.reorg(CONFIRMATIONS + 1, keep=False)
    await usdt.mine(2)
    await a_while(usdt)

    assert await taken_back(usdt) == [("21.03", True)]


async def test_a_transfer_that_is_gone_is_not_published_if_another_one_paid(usdt: UsdtDriver) -> None:
    # given a payment that the chain took back
    entry = await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry)
    usdt.send(quote)
    await usdt.mine()
    usdt.networks[Network.POLYGON].chain.reorg(1, keep=False)
    # when its payer sends it once more at once
    usdt.send(quote)
    await usdt.mine(2)
    await a_while(usdt)
    # then
    assert await taken_back(usdt) == []


async def test_dust_that_is_gone_is_not_published(usdt: UsdtDriver) -> None:
    entry = await usdt.driver.register(amount=PRICE)
    usdt.send(await usdt.choose(entry), "0.05")
    await usdt.mine()
    usdt.networks[Network.POLYGON].chain.reorg(1, keep=False)
    await usdt.mine(2)
    await a_while(usdt)
    assert await taken_back(usdt) == []
