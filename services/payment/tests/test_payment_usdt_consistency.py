"""What the doctor finds about payments in USDT: each fault that is planted, and nothing where there is none."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from payment.ledger.consistency import wrong_bookings
from payment.usdt.networks.presets import Network
from payment.usdt.pay.consistency import lost_transfers, troubled_networks, unsettled_transfers, wrong_transfers
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .usdt_driver import RATE, UsdtDriver, open_usdt

pytestmark = pytest.mark.integration

PRICE = Decimal(350_000)

Check = Callable[[AsyncSession], Awaitable[Sequence[Row[Any]]]]


@pytest.fixture
async def usdt(driver: PaymentDriver) -> AsyncIterator[UsdtDriver]:
    async with open_usdt(driver, Network.POLYGON, Network.BSC) as opened:
        yield opened


async def found(usdt: UsdtDriver, check: Check) -> list[Row[Any]]:
    async with usdt.driver.database.read() as session:
        return list(await check(session))


async def arrive(usdt: UsdtDriver, *amounts: str) -> Entry:
    """Return a registration for which these amounts arrived one after the other, and were confirmed."""
    entry = await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry)
    for amount in amounts:
        usdt.send(quote, amount)
        await usdt.confirm()
        await usdt.confirm()
    return entry


async def test_payments_in_usdt_are_in_order_however_they_came(usdt: UsdtDriver) -> None:
    # given what is exact, too little, too much, in two parts, too late, twice, and dust; one of them was assigned
    for amounts in (["21.03"], ["20.95"], ["30.015"], ["11", "10.03"], ["21.03", "0.01"]):
        await arrive(usdt, *amounts)
    late = await arrive(usdt, "20")
    await usdt.driver.deliver(late.expired())
    await usdt.settle_all()
    twice, other = await arrive(usdt, "21.03", "21.03"), await usdt.driver.register(amount=PRICE)
    [kept] = [each for each in await usdt.transfers(settled="kept") if each["registration_id"] == str(twice.id)]
    (await usdt.try_assign(kept, other)).require(200)

    # then
    for check in (wrong_transfers, unsettled_transfers, lost_transfers, troubled_networks):
        assert await found(usdt, check) == [], check
    async with usdt.driver.database.read() as session:
        assert await wrong_bookings(session) == []


@pytest.mark.parametrize(
    ("fault", "expected", "booked"),
    [
        ("UPDATE payments SET source = 'usdt:' || gen_random_uuid() WHERE channel = 'usdt'", "paid", None),
        ("UPDATE payments SET received = received + 1 WHERE channel = 'usdt'", "paid", "more"),
        ("UPDATE blockchain_transactions SET units = units + 1000000 WHERE settled = 'paid'", "more", "paid"),
        ("UPDATE blockchain_transactions SET settled = 'ignored' WHERE settled = 'paid'", None, "paid"),
    ],
    ids=["another_source", "another_amount", "other_units", "not_settled_so"],
)
async def test_what_was_booked_otherwise_than_it_arrived_is_found(
    usdt: UsdtDriver, fault: str, expected: str | None, booked: str | None
) -> None:
    # given a payment, and another one that stays in order
    entry = await arrive(usdt, "21.03")
    worth = Decimal("21.03") * RATE
    amounts = {"paid": worth, "more": worth + 1 if booked == "more" else worth + RATE, None: None}
    before = await found(usdt, wrong_transfers)

    # when
    await usdt.driver.execute(fault)

    # then
    rows = await found(usdt, wrong_transfers)
    assert before == []
    assert (entry.id, amounts[expected], amounts[booked]) in [tuple(row) for row in rows]


async def test_kept_money_without_its_transfer_and_a_transfer_without_its_money_are_found(usdt: UsdtDriver) -> None:
    entry = await arrive(usdt, "21.03", "5")
    worth = 5 * RATE

    await usdt.driver.execute("UPDATE unassigned_money SET source = 'usdt:' || gen_random_uuid()")

    rows = {tuple(row) for row in await found(usdt, wrong_transfers)}
    assert rows == {(entry.id, worth, None), (entry.id, None, worth)}


async def test_a_confirmed_transfer_that_nothing_settles_is_found_after_ten_minutes(usdt: UsdtDriver) -> None:
    # given one that paid, and one that waits for the rest
    entry = await arrive(usdt, "21.03")
    await arrive(usdt, "11")
    long_ago = "now() - interval '11 minutes'"

    # when
    await usdt.driver.execute(
        f"UPDATE blockchain_transactions SET settled = NULL, confirmed_at = {long_ago} WHERE settled = 'paid'"
    )
    assert await found(usdt, unsettled_transfers) == [], "the invoice was paid just now"
    await usdt.driver.execute(f"UPDATE invoices SET updated_at = {long_ago}")

    # then
    [row] = await found(usdt, unsettled_transfers)
    assert (row.registration_id, row.status) == (entry.id, "paid")


async def test_a_transfer_that_the_chain_took_back_after_it_paid_is_found(usdt: UsdtDriver) -> None:
    entry = await arrive(usdt, "21.03")
    gone = "UPDATE blockchain_transactions SET state = 'failed', failed_at = now(), confirmed_at = NULL"

    await usdt.driver.execute(f"{gone} WHERE settled = 'paid'")

    [row] = await found(usdt, lost_transfers)
    assert (row.registration_id, row.settled) == (entry.id, "paid")
    assert await found(usdt, wrong_transfers) == [], "what was booked did arrive"


@pytest.mark.parametrize(
    ("fault", "is_stopped"),
    [
        ("stopped = true", True),
        ("trouble = 'down', trouble_since = now() - interval '21 minutes'", False),
        ("trouble = 'balance_differs', trouble_since = now()", False),
    ],
)
async def test_networks_that_are_not_read_are_found(usdt: UsdtDriver, fault: str, is_stopped: bool) -> None:
    await usdt.driver.execute("UPDATE chain_cursors SET trouble = 'down', trouble_since = now()")
    assert await found(usdt, troubled_networks) == [], "for a moment only"

    await usdt.driver.execute(f"UPDATE chain_cursors SET {fault} WHERE chain_id = 137")
    [row] = await found(usdt, troubled_networks)
    assert (row.network, row.stopped) == ("polygon", is_stopped)

    await usdt.driver.execute("UPDATE usdt_networks SET enabled = false")
    assert await found(usdt, troubled_networks) == []


@pytest.mark.parametrize(
    "fault",
    [
        "UPDATE chain_cursors SET updated_at = now() - interval '21 minutes' WHERE chain_id = 137",
        "DELETE FROM chain_cursors WHERE chain_id = 137",
    ],
    ids=["not_for_long", "never"],
)
async def test_a_network_that_no_pass_reads_is_found_without_a_trouble(usdt: UsdtDriver, fault: str) -> None:
    await usdt.driver.execute("UPDATE usdt_networks SET updated_at = now() - interval '21 minutes'")
    assert await found(usdt, troubled_networks) == []

    await usdt.driver.execute(fault)

    [row] = await found(usdt, troubled_networks)
    assert (row.network, row.stopped, row.trouble) == ("polygon", False, None)


async def test_a_network_that_was_just_configured_is_not_found(usdt: UsdtDriver) -> None:
    await usdt.driver.execute("DELETE FROM chain_cursors")
    assert await found(usdt, troubled_networks) == []


async def test_nothing_is_found_without_usdt(driver: PaymentDriver) -> None:
    await driver.register_and_pay()
    async with driver.database.read() as session:
        for check in (wrong_transfers, unsettled_transfers, lost_transfers, troubled_networks):
            assert await check(session) == []
