"""Payments in USDT in the reconciliation, against what the chains show, and in the financial report."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from payment.usdt.networks.presets import Network

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .reconciling import Books
from .usdt_driver import RATE, UsdtDriver, open_usdt

pytestmark = pytest.mark.integration

PRICE = Decimal(350_000)


@pytest.fixture
async def usdt(driver: PaymentDriver) -> AsyncIterator[UsdtDriver]:
    async with open_usdt(driver, Network.POLYGON, Network.BSC) as opened:
        yield opened


@pytest.fixture
def books(driver: PaymentDriver) -> Books:
    return Books(driver)


async def arrive(usdt: UsdtDriver, *amounts: str) -> Entry:
    """Return a registration for which these amounts arrived one after the other, and were confirmed."""
    entry = await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry)
    for amount in amounts:
        usdt.send(quote, amount)
        await usdt.confirm()
        await usdt.confirm()
    return entry


def sums(channel: dict[str, Any]) -> list[Decimal]:
    return [Decimal(channel[name]) for name in ("expected", "seen", "waits", "difference")]


async def report(driver: PaymentDriver, **params: Any) -> dict[str, Any]:
    answer = await driver.call("GET", "/reports/financial", by=driver.finance, params=params)
    body: dict[str, Any] = answer.require(200)
    return body


async def test_without_usdt_there_is_no_such_channel(usdt: UsdtDriver, books: Books) -> None:
    await usdt.driver.register_and_pay()
    assert "usdt" not in [each["channel"] for each in (await books.reconcile())["channels"]]
    assert (await report(usdt.driver))["usdt"] is None


async def test_what_the_chains_show_is_what_the_ledger_expects(usdt: UsdtDriver, books: Books) -> None:
    # given what is exact, too little, too much, twice and too late, and two whose worth is between two cents
    for amounts in (["21.03"], ["20.95"], ["30.015"], ["21.03", "21.03"], ["21.0301"], ["21.0303"]):
        await arrive(usdt, *amounts)
    late = await arrive(usdt, "20")
    await usdt.driver.deliver(late.expired())
    await usdt.settle_all()

    # then
    channel = await books.channel("usdt")
    expected, seen, waits, difference = sums(channel)
    assert not waits
    assert not difference
    assert not (channel["items"])
    assert expected == seen == (await usdt.balances())["usdt"] > 0
    assert await books.differences() == []


async def test_what_waits_for_the_rest_and_dust_are_no_difference(usdt: UsdtDriver, books: Books) -> None:
    await arrive(usdt, "11")
    await arrive(usdt, "21.03", "0.01")

    assert await books.differences() == []
    assert await books.information() == ["usdt_partial", "usdt_too_little"]
    paid = Decimal("21.03") * RATE
    waits = -Decimal("11.01") * RATE
    assert sums(await books.channel("usdt")) == [paid, paid - waits, waits, 0]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (
            "UPDATE blockchain_transactions SET state = 'failed', failed_at = now(), confirmed_at = NULL",
            "usdt_taken_back",
        ),
        ("UPDATE blockchain_transactions SET units = units + 1000000", "usdt_differs"),
        (
            (
                "WITH old AS (UPDATE invoices SET updated_at = now() - interval '1 hour')"
                " UPDATE blockchain_transactions SET confirmed_at = now() - interval '1 hour', settled = NULL"
            ),
            "usdt_not_settled",
        ),
    ],
)
async def test_each_difference_has_a_name(usdt: UsdtDriver, books: Books, fault: str, kind: str) -> None:
    entry = await arrive(usdt, "21.03")

    await usdt.driver.execute(fault)

    channel = await books.channel("usdt")
    found = [item for item in channel["items"] if item["kind"] == kind]
    assert [(item["registration_id"], item["severity"]) for item in found] == [(str(entry.id), "difference")]
    assert "balance_differs" not in [item["kind"] for item in channel["items"]]


async def test_the_report_has_the_sum_in_rupiah_and_the_amount_at_its_rate(usdt: UsdtDriver) -> None:
    # given
    entry = await arrive(usdt, "20.95")
    await arrive(usdt, "30")
    await usdt.driver.register_and_pay()

    # then the line of the channel has what came in, and nothing of it is the bank's
    shown = await report(usdt.driver, group_by="channel")
    lines = {item["key"]: item for item in shown["items"]}
    line = lines["usdt"]
    assert (line["payments"], line["received"]) == (2, "700000.00")
    assert Decimal(line["rounding"]) == Decimal("20.95") * RATE - PRICE
    assert (lines["bank"]["payments"], lines["bank"]["rounding"]) == (1, "0.00")

    # and the section has the amount and the rate
    worth = Decimal("50.95") * RATE
    assert shown["usdt"] == {
        "transfers": 2,
        "amount": "50.95",
        "worth": f"{worth:.2f}",
        "average_rate": f"{RATE:.2f}",
    }
    of_race = await report(usdt.driver, event_id=str(entry.race.event_id))
    assert of_race["usdt"]["amount"] == "20.95"
    assert (await report(usdt.driver, to="2020-01-01"))["usdt"] is None
