"""Payments in USDT in the reconciliation, against what the chains show, and in the financial report."""

import csv
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import openpyxl
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


async def arrive(usdt: UsdtDriver, *amounts: str, network: Network = Network.POLYGON) -> Entry:
    """Return a registration for which these amounts arrived one after the other, and were confirmed."""
    entry = await usdt.driver.register(amount=PRICE)
    quote = await usdt.choose(entry, network)
    for amount in amounts:
        usdt.send(quote, amount, network=network)
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
    in_all = {"transfers": 2, "amount": "50.95", "worth": f"{worth:.2f}", "average_rate": f"{RATE:.2f}"}
    assert shown["usdt"] == {**in_all, "networks": [{"network": "polygon", **in_all}]}
    of_race = await report(usdt.driver, event_id=str(entry.race.event_id))
    assert of_race["usdt"]["amount"] == "20.95"
    assert (await report(usdt.driver, to="2020-01-01"))["usdt"] is None


async def test_the_report_and_its_files_have_the_usdt_of_each_network(usdt: UsdtDriver) -> None:
    # given two rates and two networks
    await arrive(usdt, "20.95")
    await usdt.set_rate(Decimal(17_500), until=(usdt.driver.clock() + timedelta(hours=20)).isoformat())
    await arrive(usdt, "20", network=Network.BSC)
    await arrive(usdt, "20", network=Network.BSC)

    # then
    shown = (await report(usdt.driver, group_by="channel"))["usdt"]
    assert [(each["network"], each["transfers"], each["amount"]) for each in shown["networks"]] == [
        ("bsc", 2, "40"),
        ("polygon", 1, "20.95"),
    ]
    assert [each["average_rate"] for each in shown["networks"]] == ["17500.00", f"{RATE:.2f}"]
    assert (shown["transfers"], shown["amount"]) == (3, "60.95")
    assert Decimal(shown["worth"]) == sum(Decimal(each["worth"]) for each in shown["networks"])
    average = Decimal(shown["worth"]) / Decimal("60.95")
    assert Decimal(shown["average_rate"]) == average.quantize(Decimal("0.01"))

    # and the files have the same, after the totals and in columns that other rows leave empty
    rows = await as_csv(usdt.driver)
    of_usdt = [row for row in rows if row["key"] == "usdt" and row["usdt_transfers"]]
    assert rows[-3:] == of_usdt
    assert [row["label"] for row in of_usdt] == ["", "bsc", "polygon"]
    expected = (shown, *shown["networks"])
    for name in ("transfers", "amount", "worth", "average_rate"):
        assert [row[f"usdt_{name}"] for row in of_usdt] == [str(each[name]) for each in expected]
    assert {row[name] for row in of_usdt for name in ("currency", "received", "net")} == {""}
    assert {row["usdt_amount"] for row in rows[:-3]} == {""}
    assert [row["key"] for row in rows[:-3]] == ["usdt", "total"]
    assert await as_xlsx(usdt.driver) == ("usdt", "polygon", 1, 20.95)


async def test_files_of_a_report_without_usdt_have_no_columns_for_them(usdt: UsdtDriver) -> None:
    await usdt.driver.register_and_pay()
    assert not [name for row in await as_csv(usdt.driver) for name in row if name.startswith("usdt")]


async def as_csv(driver: PaymentDriver) -> list[dict[str, str]]:
    params = {"group_by": "channel"}
    answer = await driver.call("GET", "/reports/financial.csv", by=driver.finance, params=params)
    return list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))


async def as_xlsx(driver: PaymentDriver) -> tuple[object, ...]:
    """Return key, label, transfers and amount of the last row."""
    params = {"group_by": "channel"}
    answer = await driver.call("GET", "/reports/financial.xlsx", by=driver.finance, params=params)
    [sheet] = openpyxl.load_workbook(BytesIO(answer.content)).worksheets
    header, *_, last = sheet.iter_rows(values_only=True)
    row = dict(zip(header, last, strict=True))
    return row["key"], row["label"], row["usdt_transfers"], float(str(row["usdt_amount"]))
