"""Reports on money, from the ledger, by race and in its time zone; and sums that the database keeps for statistics."""

import asyncio
import csv
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import openpyxl
from chassis.auth.principals import Role
from chassis.migrations import downgrade, upgrade
from contracts import RegistrationType
from payment.proofs.booking import book_missing_payments
from payment.refunds.booking import book_missing_refunds
from payment.reports.backfill import complete_old_invoices
from payment.reports.commands import fold_all_sums, fold_sums
from testkit.clocks import ManualClock

from .payment_driver import PaymentDriver
from .payment_events import Entry, Race

JAKARTA, JAYAPURA = ZoneInfo("Asia/Jakarta"), ZoneInfo("Asia/Jayapura")
FIVE = Decimal("700000.00")

_RECOUNT = """
    SELECT state, at, event_id, category_id, kind, payment_method, currency, count(*) AS payments,
           sum(counted) AS amount
      FROM (
        SELECT CASE status WHEN 'uploaded' THEN 'waiting' ELSE status END AS state, p.*,
               coalesce(date_bin('15 minutes', coalesce(verified_at, rejected_at), 'epoch'), 'epoch') AS at,
               coalesce(registration_type, '') AS kind, p.amount AS counted FROM payments p
        UNION ALL
        SELECT CASE WHEN done_at IS NULL THEN 'refund_due' ELSE 'refunded' END, p.*,
               CASE WHEN done_at IS NULL THEN 'epoch' ELSE date_bin('15 minutes', done_at, 'epoch') END,
               coalesce(registration_type, ''), r.amount
          FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.state <> 'cancelled'
      ) AS every GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_KEPT = """
    SELECT state, at, nullif(event_id, :none) AS event_id, nullif(category_id, :none) AS category_id,
           registration_type AS kind, payment_method, currency, sum(payments) AS payments, sum(amount) AS amount
      FROM payment_sums GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING sum(payments) <> 0
"""


async def wrong(driver: PaymentDriver) -> list[Any]:
    """Return the sums that differ from a recount."""
    kept = await driver.rows(_KEPT, none=UUID(int=0))
    counted = await driver.rows(_RECOUNT)
    return [row for row in kept if row not in counted] + [row for row in counted if row not in kept]


async def report(driver: PaymentDriver, **params: Any) -> dict[str, Any]:
    answer = await driver.call("GET", "/reports/financial", by=driver.finance, params=params)
    body: dict[str, Any] = answer.require(200)
    return body


async def by_key(driver: PaymentDriver, **params: Any) -> Mapping[str | None, tuple[Any, ...]]:
    """Return payments, gross, refunds and net of each group."""
    items = (await report(driver, **params))["items"]
    return {item["key"]: (item["payments"], item["gross"], item["refunds"], item["net"]) for item in items}


async def stats(driver: PaymentDriver, **params: Any) -> dict[str, Any]:
    answer = await driver.call("GET", "/stats", by=driver.staff(Role.VIEWER), params=params)
    body: dict[str, Any] = answer.require(200)
    return body


async def mixed(driver: PaymentDriver, race: Race) -> Entry:
    """Create payments in every state, in two categories; return a registration whose refund is due."""
    group = replace(race, category_id=uuid4(), category="10K", kind=RegistrationType.COLLECTIVE_5)
    await driver.register_and_pay(race=race)
    await driver.register_and_pay(race=group, amount=FIVE)
    _, refused = await driver.register_and_upload(race=race)
    await driver.reject(refused)
    await driver.register_and_upload(race=race)
    for done in (True, False):
        entry, payment = await driver.register_and_pay(race=race)
        await driver.deliver(entry.cancelled(refund=payment))
        if done:
            await driver.mark_refunded(payment, "BCA 1")
    by_qris = await driver.register(race=race)
    await driver.verify(await driver.upload_proof(by_qris, payment_method="qris"))
    return entry


async def test_a_financial_report_adds_up_by_every_group(driver: PaymentDriver, clock: ManualClock) -> None:
    # given
    race = Race()
    await mixed(driver, race)
    await driver.register_and_pay()
    # then
    all_of_it = (5, "1300000.00", "150000.00", "1150000.00")
    channels = await by_key(driver, event_id=race.event_id, group_by="channel")
    assert channels == {
        "bank": (4, "1150000.00", "150000.00", "1000000.00"),
        "qris": (1, "150000.00", "0.00", "150000.00"),
    }
    types = await by_key(driver, event_id=race.event_id, group_by="type")
    assert types["collective_5"] == (1, "700000.00", "0.00", "700000.00")
    assert types["individual"][0] == 4
    today = clock().astimezone(JAKARTA).date().isoformat()
    assert await by_key(driver, event_id=race.event_id) == {today: all_of_it}
    assert await by_key(driver, event_id=race.event_id, group_by="phase") == {"regular": all_of_it}
    found = await report(driver, event_id=race.event_id, group_by="category")
    assert [(item["label"], item["payments"]) for item in found["items"]] == [("10K", 1), ("5K", 4)]
    [total] = found["totals"]
    assert tuple(total[name] for name in ("payments", "gross", "refunds", "net")) == all_of_it
    assert (total["discounts"], total["fees"], total["refund_count"], total["currency"]) == ("0.00", "0.00", 1, "IDR")
    # and all races together have one more
    assert (await report(driver, group_by="phase"))["totals"][0]["payments"] == 6


async def test_days_are_those_of_the_race(driver: PaymentDriver, clock: ManualClock) -> None:
    # given a payment that is verified at half past midnight in Jayapura, which is yesterday in Jakarta
    now = clock().astimezone(JAYAPURA)
    clock.advance(now.replace(hour=0, minute=30, second=0) + timedelta(days=1) - now)
    race = Race(timezone="Asia/Jayapura")
    await driver.register_and_pay(race=race)
    day = clock().astimezone(JAYAPURA).date()
    # then
    assert list(await by_key(driver, event_id=race.event_id)) == [day.isoformat()]
    assert list(await by_key(driver)) == [(day - timedelta(days=1)).isoformat()]
    assert (await report(driver, event_id=race.event_id))["timezone"] == "Asia/Jayapura"
    before = {"event_id": race.event_id, "to": (day - timedelta(days=1)).isoformat()}
    assert await by_key(driver, **before) == {}
    assert len(await by_key(driver, event_id=race.event_id, **{"from": day.isoformat(), "to": day.isoformat()})) == 1
    # and the day before, as it was, is yesterday in the statistics of the next day
    clock.advance(timedelta(days=1))
    shown = await stats(driver, event_id=race.event_id)
    assert (shown["verified"]["today"], shown["verified"]["yesterday"][0]["payments"]) == ([], 1)


async def test_a_period_that_ends_before_it_begins_is_refused(driver: PaymentDriver) -> None:
    params: dict[str, Any] = {"from": "2026-02-01", "to": "2026-01-31"}
    answer = await driver.call("GET", "/reports/financial", by=driver.finance, params=params)
    assert (answer.is_problem(422, "invalid_fields"), answer.wrong_fields) == (True, ["to"])
    for params in ({"from": "1"}, {"group_by": "week"}, {"event_id": "x"}):
        answer = await driver.call("GET", "/reports/financial", by=driver.finance, params=params)
        assert answer.is_problem(422, "invalid_fields")


async def test_a_report_is_the_same_as_csv_and_xlsx(driver: PaymentDriver) -> None:
    race = Race()
    await mixed(driver, race)
    params: dict[str, Any] = {"event_id": race.event_id, "group_by": "category"}
    shown = await report(driver, **params)
    as_csv = await driver.call("GET", "/reports/financial.csv", by=driver.finance, params=params)
    rows = list(csv.DictReader(StringIO(as_csv.content.decode("utf-8-sig"))))
    assert [(row["label"], row["net"]) for row in rows[:-1]] == [(i["label"], i["net"]) for i in shown["items"]]
    assert (rows[-1]["key"], rows[-1]["gross"]) == ("total", shown["totals"][0]["gross"])
    as_xlsx = await driver.call("GET", "/reports/financial.xlsx", by=driver.finance, params=params)
    [sheet] = openpyxl.load_workbook(BytesIO(as_xlsx.content)).worksheets
    header, *_, last = sheet.iter_rows(values_only=True)
    total = dict(zip(header, last, strict=True))
    assert (total["key"], f"{total['net']:.2f}") == ("total", shown["totals"][0]["net"])


async def test_the_statistics_show_what_waits_and_what_is_due(driver: PaymentDriver, clock: ManualClock) -> None:
    # given
    race = Race()
    await mixed(driver, race)
    _, held = await driver.register_and_upload(race=race)
    (await driver.try_verify(held, undo_seconds=10)).require(204)
    # then
    shown = await stats(driver, event_id=race.event_id)
    oldest = await driver.scalar("SELECT min(uploaded_at) FROM payments WHERE status = 'uploaded'")
    assert shown["waiting"] == {"count": 1, "oldest_at": oldest.isoformat().replace("+00:00", "Z")}
    assert shown["verified"]["today"] == [{"payments": 5, "amount": "1300000.00", "currency": "IDR"}]
    assert {item["payment_method"]: item["payments"] for item in shown["methods"]} == {"bank_transfer": 4, "qris": 1}
    due = shown["refunds_due"]
    assert (due["amounts"][0]["payments"], due["amounts"][0]["amount"]) == (1, "150000.00")
    assert due["oldest_at"] is not None
    assert await stats(driver) == shown
    # and a race without payments has nothing
    empty = await stats(driver, event_id=uuid4())
    assert (empty["waiting"], empty["methods"]) == ({"count": 0, "oldest_at": None}, [])
    assert empty["refunds_due"] == {"oldest_at": None, "amounts": []}


async def test_sums_follow_every_change_and_folding_changes_none(driver: PaymentDriver) -> None:
    # given
    race = Race()
    await mixed(driver, race)
    assert await wrong(driver) == []
    # when changed by hand, also what a refund is of
    await driver.execute("UPDATE payments SET amount = amount + 1")
    await driver.execute("UPDATE payments SET category_id = NULL WHERE payment_method = 'qris'")
    await driver.execute("DELETE FROM refunds WHERE done_at IS NOT NULL")
    assert await wrong(driver) == []
    # then
    before = await driver.scalar("SELECT count(*) FROM payment_sums")
    shown = await stats(driver)
    async with driver.database.work() as work:
        assert await fold_sums(work, at_most=before - 1) > 0
    assert await wrong(driver) == []
    await asyncio.gather(*(fold_all_sums(driver.database) for _ in range(3)), mixed(driver, race))
    await fold_all_sums(driver.database)
    assert await wrong(driver) == []
    keys = await driver.scalar(
        "SELECT count(*) FROM (SELECT DISTINCT state, at, category_id, registration_type, payment_method"
        " FROM payment_sums) AS key"
    )
    assert await driver.scalar("SELECT count(*) FROM payment_sums") == keys
    assert shown["methods"] != (await stats(driver))["methods"]


async def test_without_triggers_sums_would_differ(driver: PaymentDriver) -> None:
    """The negative control."""
    await mixed(driver, Race())
    await driver.execute("ALTER TABLE payments DISABLE TRIGGER payments_summed_on_update")
    await driver.execute("UPDATE payments SET amount = amount + 1 WHERE status = 'rejected'")
    assert {row["state"] for row in await wrong(driver)} == {"rejected"}


async def test_the_migration_sums_what_was_there_and_invoices_learn_their_race_later(driver: PaymentDriver) -> None:
    # given payments of a release that knew no races
    race = Race(category="5K")
    owed = await mixed(driver, race)
    url = driver.settings.database_url
    await driver.database.engine.dispose()
    await asyncio.to_thread(downgrade, url, "payment", "0011")
    await asyncio.to_thread(upgrade, url, "payment")
    await driver.database.engine.dispose()
    await book_missing_payments(driver.database)
    await book_missing_refunds(driver.database)
    assert await wrong(driver) == []
    assert await by_key(driver, event_id=race.event_id) == {}
    assert await by_key(driver, group_by="category") == {None: (5, "1300000.00", "150000.00", "1150000.00")}
    # when the event of one is published again
    await driver.deliver(owed.created())
    assert (await by_key(driver, event_id=race.event_id, group_by="type"))["individual"][0] == 1
    # then the others of its category follow by the prefix of their numbers
    assert await complete_old_invoices(driver.database) == 6
    assert await complete_old_invoices(driver.database) == 0
    assert await wrong(driver) == []
    assert (await report(driver, event_id=race.event_id, group_by="phase"))["totals"][0]["payments"] == 5


async def test_the_newest_name_of_a_race_counts_in_any_order(driver: PaymentDriver) -> None:
    race = Race(revision=2, category="Half")
    await driver.register_and_pay(race=race)
    await driver.register_and_pay(race=replace(race, revision=1, category="21K"))
    assert [i["label"] for i in (await report(driver, group_by="category"))["items"]] == ["Half"]
    await driver.register(race=replace(race, revision=3, category="Half Marathon"))
    assert [i["label"] for i in (await report(driver, group_by="category"))["items"]] == ["Half Marathon"]
