"""The ledger as CSV: with the filters of the list, whole, and without formulas."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from payment.ledger import queries
from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind

from .payment_driver import PRICE, PaymentDriver

COLUMNS = [
    *("id", "recorded_at", "occurred_at", "source", "leg", "kind", "debit", "credit", "amount", "currency"),
    *("registration_id", "payment_id", "method", "registration_number"),
]


async def exported(driver: PaymentDriver, **params: str) -> list[dict[str, str]]:
    answer = await driver.call("GET", "/ledger.csv", by=driver.finance, params=params)
    answer.require(200)
    reader = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert reader.fieldnames == COLUMNS
    return list(reader)


async def listed(driver: PaymentDriver, **params: str) -> list[dict[str, Any]]:
    answer = await driver.call("GET", "/ledger/movements", by=driver.finance, params={"limit": "200", **params})
    items: list[dict[str, Any]] = answer.require(200)["items"]
    return items


async def test_it_has_the_movements_of_the_list_whatever_the_filter(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given more movements than are read at once
    monkeypatch.setattr(queries, "_EXPORTED_AT_ONCE", 2)
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    driver.clock.advance(timedelta(hours=1))
    await driver.mark_refunded(payment, "BCA 7")
    since = driver.clock().isoformat()
    by_qris = await driver.register()
    await driver.verify(await driver.upload_proof(by_qris, payment_method="qris"))
    # then
    for wanted in ({}, {"account": "bank"}, {"kind": "refund"}, {"registration_id": str(entry.id)}, {"from": since}):
        rows, items = await exported(driver, **wanted), await listed(driver, **wanted)
        assert 0 < len(rows) == len(items)
        for name in ("source", "kind", "debit", "credit", "amount", "currency", "registration_id", "payment_id"):
            assert [row[name] for row in rows] == [item[name] for item in items]
        assert [int(row["id"]) for row in rows] == [item["id"] for item in items]
    assert await exported(driver, account="cash") == []


async def test_each_row_has_the_number_of_its_registration_last(driver: PaymentDriver) -> None:
    # given money of two registrations, and fees of none
    paid = [await driver.register() for _ in range(2)]
    for entry in paid:
        await driver.verify(await driver.upload_proof(entry))
    async with driver.database.work() as work:
        await record(work, _fee(driver))
    # then
    found = {row["registration_id"]: row["registration_number"] for row in await exported(driver)}
    assert found == {**{str(entry.id): entry.number for entry in paid}, "": ""}


async def test_times_are_in_the_zone_of_the_organiser_with_its_offset(driver: PaymentDriver) -> None:
    await driver.register_and_pay()
    rows, items = await exported(driver), await listed(driver)
    assert rows
    for row, item in zip(rows, items, strict=True):
        for name in ("occurred_at", "recorded_at"):
            assert datetime.fromisoformat(row[name]) == datetime.fromisoformat(item[name])
            assert row[name].endswith("+07:00")


def _fee(driver: PaymentDriver, source: str = "payout:1") -> Entry:
    return Entry(
        source=source,
        kind=Kind.FEE,
        debit=Account.FEES,
        credit=Account.MIDTRANS,
        amount=PRICE,
        currency="IDR",
        occurred_at=driver.clock(),
    )


async def test_a_cell_that_a_spreadsheet_takes_for_a_formula_is_guarded(driver: PaymentDriver) -> None:
    async with driver.database.work() as work:
        await record(work, _fee(driver, '=HYPERLINK("http://x")'))
    [row] = await exported(driver)
    assert row["source"].startswith("'=")


async def test_filters_are_checked_as_in_the_list(driver: PaymentDriver) -> None:
    for wrong in ({"account": "wallet"}, {"kind": "gift"}, {"registration_id": "x"}, {"from": "yesterday"}):
        answer = await driver.call("GET", "/ledger.csv", by=driver.finance, params=wrong)
        assert answer.wrong_fields == list(wrong)


async def test_it_is_a_file(driver: PaymentDriver) -> None:
    answer = await driver.call("GET", "/ledger.csv", by=driver.finance, params={"registration_id": str(uuid4())})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="ledger.csv"'
