"""Settlement reports of the gateway: fees are booked once a charge, what differs is named, nothing is guessed."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from payment.gateway_reports import commands
from payment.gateway_reports.queries import list_reports, lock_charges
from payment.gateway_reports.rules import DifferenceKind, KnownCharge
from payment.gateway_reports.words import MEANINGS
from payment.ledger.consistency import wrong_bookings
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession

from .gateway_report_driver import FEE, Reports
from .midtrans_driver import gateway_beside
from .payment_driver import PaymentDriver
from .statement_driver import JAKARTA

CALLS = 6


@pytest.fixture
async def reports(driver: PaymentDriver) -> AsyncIterator[Reports]:
    async with gateway_beside(driver) as gateway:
        yield Reports(gateway)


async def test_the_fee_of_a_charge_is_booked_and_the_payout_is_what_is_left(
    driver: PaymentDriver, reports: Reports
) -> None:
    # given
    entry, charge = await reports.paid()
    # when
    found = await reports.upload(reports.row(charge))
    # then
    counts = {name: found[name] for name in ("rows", "others", "booked", "known", "differences", "items")}
    assert counts == {"rows": 1, "others": 0, "booked": 1, "known": 0, "differences": 0, "items": []}
    sums = tuple(found[name] for name in ("amount", "fees", "net", "booked_amount", "currency"))
    assert sums == ("150000.00", "1050.00", "148950.00", "1050.00", "IDR")
    assert await reports.gateway.balances() == {"fees": "1050.00", "midtrans": "148950.00", "runners": "-150000.00"}
    [fee] = await reports.books.movements(kind="fee")
    assert (fee["source"], fee["leg"]) == (f"charge:{charge['charge_id']}:fee", 1)
    assert (fee["debit"], fee["credit"], fee["registration_id"]) == ("fees", "midtrans", str(entry.id))
    [moved] = await driver.rows("SELECT occurred_at FROM movements WHERE kind = 'fee'")
    assert moved["occurred_at"].astimezone(JAKARTA).date() == reports.books.bank.today
    assert await reports.are_in_order()
    # and the payout has no fee of its own
    await reports.books.payout("148950.00", "0.00")
    assert (await reports.gateway.balances())["midtrans"] == "0.00"
    assert await reports.books.differences() == []
    assert await reports.are_in_order()


async def test_staff_see_the_fee_of_a_charge_and_runners_do_not(driver: PaymentDriver, reports: Reports) -> None:
    entry, charge = await reports.paid()
    await reports.upload(reports.row(charge))
    path = f"/charges/{charge['charge_id']}"
    assert (await driver.call("GET", path, by=driver.finance)).require(200)["fee"] == "1050.00"
    assert (await driver.call("GET", path, by=driver.runner(entry.id))).require(200)["fee"] is None


async def test_a_charge_that_was_charged_back_before_its_report_has_its_fee(reports: Reports) -> None:
    # given
    _, charge = await reports.paid()
    await reports.gateway.account.charge_back(charge["order_id"])
    await reports.gateway.ask(after=timedelta(days=1, minutes=1))
    assert await reports.gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}
    # when
    found = await reports.upload(reports.row(charge))
    # then
    assert (found["booked"], found["differences"]) == (1, 0)
    assert await reports.gateway.balances() == {"fees": "1050.00", "midtrans": "-1050.00", "runners": "0.00"}
    assert await reports.are_in_order()


async def test_the_fee_of_a_race_is_in_its_report(driver: PaymentDriver, reports: Reports) -> None:
    entry, charge = await reports.paid()
    await reports.upload(reports.row(charge))
    params = {"event_id": str(entry.race.event_id)}
    answer = await driver.call("GET", "/reports/financial", by=driver.finance, params=params)
    [total] = answer.require(200)["totals"]
    assert (total["fees"], total["net"], total["payments"]) == ("1050.00", "148950.00", 1)


async def test_the_same_file_twice_and_at_once_changes_nothing(driver: PaymentDriver, reports: Reports) -> None:
    # given
    charges = [(await reports.paid())[1] for _ in range(3)]
    rows = [reports.row(charge) for charge in charges]
    # when
    answers = await asyncio.gather(*(reports.try_upload(*rows) for _ in range(CALLS)))
    # then
    found = [each.require(201) for each in answers]
    assert len({each["report_id"] for each in found}) == 1
    assert sorted(each["booked"] for each in found) == [0] * (CALLS - 1) + [3]
    assert sorted(each["repeated_file"] for each in found) == [False] + [True] * (CALLS - 1)
    again = await reports.upload(*rows)
    assert (again["booked"], again["known"], again["repeated_file"]) == (0, 3, True)
    assert len(await reports.books.movements(kind="fee")) == 3
    assert (await reports.gateway.balances())["fees"] == "3150.00"


async def test_files_that_overlap_book_each_fee_once_also_at_once(driver: PaymentDriver, reports: Reports) -> None:
    charges = [(await reports.paid())[1] for _ in range(4)]
    rows = [reports.row(charge) for charge in charges]
    files = [rows[:3], rows[1:], rows[::-1], [rows[2], rows[0]]]
    answers = await asyncio.gather(*(reports.try_upload(*file) for file in files))
    assert sum(each.require(201)["booked"] for each in answers) == 4
    assert (await reports.gateway.balances())["fees"] == "4200.00"


async def test_without_the_lock_of_the_charges_a_fee_would_be_counted_twice(
    driver: PaymentDriver, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the ledger has it once all the same."""
    _, charge = await reports.paid()
    met, locked = asyncio.Barrier(2), lock_charges

    async def unlocked(_: AsyncSession, order_ids: Sequence[str]) -> Mapping[str, KnownCharge]:
        async with driver.database.read() as session:
            found = await locked(session, order_ids)
        await met.wait()
        return found

    monkeypatch.setattr(commands, "lock_charges", unlocked)
    files = [[reports.row(charge)], [reports.row(charge), reports.row("X-1")]]
    answers = await asyncio.gather(*(reports.try_upload(*file) for file in files))
    assert sum(each.require(201)["booked"] for each in answers) == 2
    assert len(await reports.books.movements(kind="fee")) == 1


# --- what differs


async def test_an_order_that_was_not_created_here_is_named(reports: Reports) -> None:
    item = await reports.difference(reports.row("OTHER-SHOP-1"))
    assert (item["line"], item["order_id"], item["kind"]) == (2, "OTHER-SHOP-1", "unknown_order")
    assert (item["charge_id"], item["registration_id"]) == (None, None)
    assert set(item["words"]) == {"en", "id"}


@pytest.mark.parametrize(
    ("changed", "kind", "expected", "found"),
    [
        ({"amount": 149_000}, "amount_differs", "150000.00", "149000.00"),
        ({"net": Decimal(148_000)}, "net_differs", "148950.00", "148000.00"),
        ({"fee": Decimal(150_001), "net": Decimal(-1)}, "fee_too_large", "150000.00", "150001.00"),
    ],
)
async def test_sums_that_differ_are_named_and_nothing_is_booked(
    reports: Reports, changed: dict[str, Any], kind: str, expected: str, found: str
) -> None:
    entry, charge = await reports.paid()
    item = await reports.difference(reports.row(charge, **changed))
    assert (item["kind"], item["expected"], item["found"]) == (kind, expected, found)
    assert (item["charge_id"], item["registration_number"]) == (charge["charge_id"], entry.number)
    assert "fees" not in await reports.gateway.balances()
    # and the right file of the same day is booked
    assert (await reports.upload(reports.row(charge)))["booked"] == 1


async def test_a_charge_that_is_not_known_as_paid_is_named_until_it_is(driver: PaymentDriver, reports: Reports) -> None:
    charge = await reports.gateway.charge(await driver.register())
    item = await reports.difference(reports.row(charge))
    assert (item["kind"], item["expected"], item["found"]) == ("not_paid", "paid", "pending")
    await reports.gateway.pay(charge)
    await reports.gateway.ask()
    again = await reports.upload(reports.row(charge))
    assert (again["booked"], again["differences"], again["repeated_file"]) == (1, 0, True)


async def test_another_fee_than_the_one_that_is_booked_is_named(reports: Reports) -> None:
    _, charge = await reports.paid()
    await reports.upload(reports.row(charge))
    item = await reports.difference(reports.row(charge, fee=Decimal(900)))
    assert (item["kind"], item["expected"], item["found"]) == ("fee_differs", "1050.00", "900.00")
    assert (await reports.gateway.balances())["fees"] == "1050.00"


@pytest.mark.parametrize("days", [-2, 2], ids=["before the order", "after tomorrow"])
async def test_a_day_that_cannot_be_is_named_and_nothing_is_booked(reports: Reports, days: int) -> None:
    _, charge = await reports.paid()
    item = await reports.difference(reports.row(charge, days=days))
    settled = reports.books.bank.today + timedelta(days=days)
    assert (item["kind"], item["found"]) == ("impossible_day", settled.isoformat())
    assert "fees" not in await reports.gateway.balances()
    assert (await reports.upload(reports.row(charge, days=1)))["booked"] == 1


async def test_an_order_with_different_sums_in_one_file_is_not_booked(reports: Reports) -> None:
    _, charge = await reports.paid()
    found = await reports.upload(reports.row(charge), reports.row(charge, fee=Decimal(900)))
    assert [item["kind"] for item in found["items"]] == ["order_twice"] * 2
    assert found["booked"] == 0
    # and the same row twice is one
    found = await reports.upload(reports.row(charge), reports.row(charge))
    assert (found["booked"], found["known"]) == (1, 1)


async def test_a_charge_without_a_fee_is_known_afterwards_and_has_no_movement(reports: Reports) -> None:
    _, charge = await reports.paid()
    free = reports.row(charge, fee=Decimal(0))
    assert (await reports.upload(free))["booked"] == 1
    assert (await reports.upload(free))["known"] == 1
    assert await reports.books.movements(kind="fee") == []
    assert await reports.are_in_order()


async def test_a_fee_and_a_movement_that_differ_are_found(driver: PaymentDriver, reports: Reports) -> None:
    """The negative control of the comparison."""
    _, charge = await reports.paid()
    await reports.upload(reports.row(charge))
    await driver.execute("UPDATE charges SET fee = fee - 1")
    async with driver.database.read() as session:
        [found] = await wrong_bookings(session)
    assert (found.source, found.expected, found.booked) == (f"charge:{charge['charge_id']}:fee", FEE - 1, FEE)
    assert "booking_differs" in await reports.books.differences()


def test_every_kind_of_difference_has_words() -> None:
    assert set(MEANINGS) == set(DifferenceKind)


# --- lists and refusals


async def test_reports_are_listed_newest_first_and_shown_with_what_differs(
    driver: PaymentDriver, reports: Reports
) -> None:
    uploaded = []
    for number in range(3):
        uploaded.append((await reports.upload(reports.row(f"X-{number}")))["report_id"])
        driver.clock.advance(timedelta(minutes=1))
    seen, cursor = [], None
    while True:
        params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await driver.call("GET", "/gateway/reports", by=driver.finance, params=params)).require(200)
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [each["report_id"] for each in seen] == uploaded[::-1]
    assert {(each["differences"], len(each["items"])) for each in seen} == {(1, 0)}
    shown = await driver.call("GET", f"/gateway/reports/{uploaded[0]}", by=driver.finance)
    assert [item["order_id"] for item in shown.require(200)["items"]] == ["X-0"]
    unknown = await driver.call("GET", f"/gateway/reports/{uuid4()}", by=driver.finance)
    assert unknown.is_problem(404, "unknown_report")


async def test_the_list_reads_no_differences(driver: PaymentDriver, reports: Reports) -> None:
    await reports.upload(reports.row("X-1"))
    async with driver.database.read() as session:
        [report] = await list_reports(session, limit=2, before=None)
    assert inspect(report).unloaded == {"items"}


async def test_many_differences_are_counted_and_the_first_are_listed(reports: Reports) -> None:
    found = await reports.upload(*(reports.row(f"X-{number}") for number in range(commands.LISTED + 5)))
    assert (found["differences"], len(found["items"])) == (commands.LISTED + 5, commands.LISTED)


async def test_another_file_is_refused_and_nothing_is_stored(driver: PaymentDriver, reports: Reports) -> None:
    refused = await reports.try_upload(file=b"Tanggal,Keterangan,Saldo\n28/11/2026,TRSF,1")
    assert refused.is_problem(422, "unknown_report_format")
    assert refused.body["missing"][0] == "Order ID"
    empty = await driver.call("POST", "/gateway/reports", by=driver.finance, data={"file": "x"})
    assert empty.wrong_fields == ["file"]
    large = await reports.try_upload(file=b"x" * (5 * 1024 * 1024 + 1))
    assert large.status == 413
    assert await driver.scalar("SELECT count(*) FROM gateway_reports") == 0


async def test_who_compared_a_report_is_in_the_audit_log(driver: PaymentDriver, reports: Reports) -> None:
    _, charge = await reports.paid()
    found = await reports.upload(reports.row(charge))
    [note] = await driver.audit_log("gateway_report.compare")
    assert UUID(note["subject"]) == UUID(found["report_id"])
    assert (note["details"]["booked"], note["details"]["amount"]) == (1, "1050.00")
