"""Reconciliation: each difference has a name, who has to look, and what to do; nothing is red for nothing."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from chassis.wording import Language
from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind
from payment.reconciliation.figures import read_figures
from payment.reconciliation.findings import FIND
from payment.reconciliation.rules import ItemKind, Severity, severity_of
from payment.reconciliation.words import MEANINGS
from simulators.midtrans.modes import Mode

from .midtrans_driver import Gateway
from .payment_driver import PaymentDriver
from .reconciling import Books

DAYS = timedelta(days=1)


@pytest.fixture
def books(driver: PaymentDriver) -> Books:
    return Books(driver)


def sums(channel: dict[str, Any]) -> tuple[str, ...]:
    return tuple(channel[name] for name in ("expected", "seen", "waits", "difference"))


async def test_on_an_empty_platform_everything_is_zero_and_in_order(books: Books) -> None:
    found = await books.reconcile()
    assert (found["differences"], found["timezone"]) == (0, "Asia/Jakarta")
    names = ["bank", "midtrans", "qris", "runners", "surplus", "unknown"]
    assert [each["channel"] for each in found["channels"]] == names
    assert {sums(each) for each in found["channels"]} == {("0.00",) * 4}
    assert await books.information() == []


async def test_without_any_statement_nothing_is_red_however_old_it_is(driver: PaymentDriver, books: Books) -> None:
    # given
    for _ in range(3):
        await driver.register_and_pay()
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    await driver.mark_refunded(payment, "BCA 7")
    by_qris = await driver.register()
    await driver.verify(await driver.upload_proof(by_qris, payment_method="qris"))
    driver.clock.advance(60 * DAYS)
    # then
    assert await books.differences() == []
    assert sums(await books.channel("bank")) == ("450000.00", "0.00", "450000.00", "0.00")
    item = await books.item("bank")
    assert (item["kind"], item["severity"], item["count"]) == ("no_statements", "information", 5)
    assert (item["who"], set(item["what"])) == ("finance", {"en", "id"})
    assert (await books.item("qris"))["kind"] == "waits_for_payout"


async def test_a_proof_that_no_statement_shows_is_a_difference_after_three_days(
    driver: PaymentDriver, books: Books
) -> None:
    # given statements in use
    books.bank.receives("OWN TRANSFER", Decimal("1.00"))
    [own] = await books.bank.uploaded_lines()
    (await books.bank.try_ignore(own)).require(204)
    driver.clock.advance(1 * DAYS)
    entry, payment = await driver.register_and_pay()
    # then it waits
    assert (await books.differences(), await books.information()) == ([], ["not_yet_in_statement"])
    assert sums(await books.channel("bank")) == ("150000.00", "0.00", "150000.00", "0.00")
    # when three days passed
    driver.clock.advance(3 * DAYS + timedelta(minutes=1))
    # then it differs
    assert await books.differences() == ["not_in_statement"]
    item = await books.item("bank")
    assert (item["payment_id"], item["registration_number"]) == (str(payment), entry.number)
    assert (item["amount"], item["age_days"], item["who"]) == ("150000.00", 3, "finance")
    # and a line of a later statement settles it
    books.bank.receives_for(entry)
    [line] = await books.bank.uploaded_lines()
    assert (await books.bank.accept(line, entry))["payment_id"] == str(payment)
    assert (await books.differences(), await books.information()) == ([], [])
    assert sums(await books.channel("bank")) == ("150000.00", "150000.00", "0.00", "0.00")


async def test_what_was_paid_before_the_first_statement_is_no_difference(driver: PaymentDriver, books: Books) -> None:
    await driver.register_and_pay()
    driver.clock.advance(10 * DAYS)
    books.bank.receives("OWN TRANSFER", Decimal("1.00"))
    [own] = await books.bank.uploaded_lines()
    (await books.bank.try_ignore(own)).require(204)
    assert (await books.differences(), await books.information()) == ([], ["before_statements"])


async def test_a_line_that_nobody_decided_about_is_a_difference_after_a_day(
    driver: PaymentDriver, books: Books
) -> None:
    books.bank.receives("TRSF TANPA NAMA")
    [line] = await books.bank.uploaded_lines()
    assert (await books.differences(), await books.information()) == ([], ["line_new"])
    assert sums(await books.channel("bank")) == ("0.00", "150000.00", "-150000.00", "0.00")
    driver.clock.advance(1 * DAYS + timedelta(minutes=1))
    item = await books.item("bank")
    assert (item["kind"], item["line_id"], item["amount"]) == ("line_open", str(line), "150000.00")
    assert sums(await books.channel("bank")) == ("0.00", "150000.00", "0.00", "-150000.00")
    # when it is kept, it is in the books, and after three days a person has to decide about the money
    (await books.bank.try_keep(line)).require(204)
    assert await books.differences() == []
    assert sums(await books.channel("unknown")) == ("150000.00", "150000.00", "0.00", "0.00")
    driver.clock.advance(3 * DAYS + timedelta(minutes=1))
    assert (await books.item("unknown"))["kind"] == "kept_too_long"
    assert (await books.item("unknown"))["money_id"] == (await books.bank.kept())[0]["id"]


async def test_a_refund_that_no_statement_shows_is_a_difference(driver: PaymentDriver, books: Books) -> None:
    # given
    entry = await driver.register()
    books.bank.receives_for(entry)
    [line] = await books.bank.uploaded_lines()
    payment = UUID((await books.bank.accept(line, entry))["payment_id"])
    await driver.deliver(entry.cancelled(refund=payment))
    driver.clock.advance(7 * DAYS + timedelta(minutes=1))
    assert await books.differences() == ["refund_overdue"]
    # when
    await driver.mark_refunded(payment, "BCA 7")
    assert (await books.differences(), await books.information()) == ([], ["not_yet_in_statement"])
    driver.clock.advance(3 * DAYS + timedelta(minutes=1))
    # then
    assert await books.differences() == ["refund_not_in_statement"]
    item = await books.item("bank")
    out = await books.sends_back()
    (await books.try_link(out, refund_id=UUID(item["refund_id"]))).require(204)
    assert (await books.differences(), await books.information()) == ([], [])
    assert sums(await books.channel("bank")) == ("0.00",) * 4


async def test_what_the_gateway_holds_waits_for_its_payout_and_then_is_overdue(
    driver: PaymentDriver, gateway: Gateway, books: Books
) -> None:
    # given
    for _ in range(2):
        await gateway.pay(await gateway.charge(await driver.register()))
        await gateway.ask()
    item = await books.item("midtrans")
    assert (item["kind"], item["severity"], item["amount"]) == ("waits_for_payout", "information", "300000.00")
    assert sums(await books.channel("midtrans")) == ("300000.00", "300000.00", "0.00", "0.00")
    # when a part is paid out and a week passes
    await books.payout("148950.00", "1050.00")
    driver.clock.advance(8 * DAYS)
    # then
    item = await books.item("midtrans")
    assert (item["kind"], item["severity"], item["amount"]) == ("payout_overdue", "difference", "150000.00")
    await books.payout("151000.00", "0.00")
    item = await books.item("midtrans")
    assert (item["kind"], item["amount"]) == ("paid_out_too_much", "1000.00")
    assert all(cause in item["what"]["en"] for cause in ("refunds through the gateway", "wrongly marked as a payout"))


async def test_a_charge_of_which_nothing_was_heard_is_a_difference(
    driver: PaymentDriver, gateway: Gateway, books: Books
) -> None:
    charge = await gateway.charge(await driver.register(hours=1))
    gateway.behaves(Mode.DOWN)
    driver.clock.advance(timedelta(hours=1, minutes=50))
    assert await books.differences() == []
    driver.clock.advance(timedelta(minutes=20))
    item = await books.item("midtrans")
    assert (item["kind"], item["charge_id"], item["who"]) == ("charge_not_settled", charge["charge_id"], "operator")
    assert item["reference"] == charge["order_id"]


async def test_a_payment_that_was_taken_back_is_a_difference_until_the_registration_ends(
    driver: PaymentDriver, gateway: Gateway, books: Books
) -> None:
    # given
    entry = await driver.register()
    charge = await gateway.charge(entry)
    await gateway.pay(charge)
    await gateway.ask()
    [payment] = (await driver.invoice(entry))["payments"]
    # when
    await gateway.account.charge_back(charge["order_id"])
    await gateway.ask(after=timedelta(days=1, minutes=1))
    # then
    assert await books.differences() == ["charge_taken_back"]
    assert sums(await books.channel("midtrans")) == ("0.00",) * 4
    assert sums(await books.channel("runners")) == ("0.00",) * 4
    # and a registration that is cancelled for it gives nothing back
    await driver.deliver(entry.cancelled(refund=UUID(payment["payment_id"])))
    assert await driver.refunds() == []
    assert await books.differences() == []


async def test_books_and_payments_that_differ_are_found_both_ways(driver: PaymentDriver, books: Books) -> None:
    # given
    missing, payment = await driver.register_and_pay()
    _, unpaid = await driver.register_and_pay()
    await driver.execute("ALTER TABLE movements DISABLE TRIGGER movements_stay")
    # when
    await driver.execute("DELETE FROM movements WHERE payment_id = :payment", payment=payment)
    await driver.execute(
        "UPDATE payments SET status = 'uploaded', verified_at = NULL, verified_by = NULL WHERE id = :id", id=unpaid
    )
    # then
    assert await books.differences() == ["booked_not_paid", "paid_not_booked", "paid_without_payment"]
    found = {item["kind"]: item for item in (await books.channel("runners"))["items"]}
    assert (found["paid_not_booked"]["payment_id"], found["paid_not_booked"]["amount"]) == (str(payment), "150000.00")
    assert found["paid_not_booked"]["registration_id"] == str(missing.id)
    assert found["booked_not_paid"]["payment_id"] == str(unpaid)
    assert {item["who"] for item in found.values()} == {"operator"}


async def test_a_balance_that_nothing_explains_is_a_difference(driver: PaymentDriver, books: Books) -> None:
    stray = Entry(
        source="hand:1",
        kind=Kind.FEE,
        debit=Account.FEES,
        credit=Account.BANK,
        amount=Decimal("6500.00"),
        currency="IDR",
        occurred_at=driver.clock(),
    )
    async with driver.database.work() as work:
        await record(work, stray)
    assert await books.differences() == ["balance_differs"]
    assert (await books.item("bank"))["amount"] == "6500.00"


async def test_events_that_wait_for_long_are_a_difference(driver: PaymentDriver, books: Books) -> None:
    await driver.register_and_pay()
    assert await books.differences() == []
    await driver.execute("UPDATE outbox SET created_at = created_at - interval '1 hour'")
    assert await books.differences() == ["events_stuck"]
    item = await books.item("runners")
    assert (item["who"], item["amount"], item["age_days"]) == ("operator", None, None)


async def test_at_most_fifty_of_a_kind_are_listed_and_all_are_counted(driver: PaymentDriver, books: Books) -> None:
    for _ in range(53):
        books.bank.receives("TRSF TANPA NAMA", Decimal("10.00"))
    await books.bank.upload()
    driver.clock.advance(2 * DAYS)
    bank = await books.channel("bank")
    assert (len(bank["items"]), bank["differences"], bank["left_out"]) == (50, 53, 3)
    assert sums(bank) == ("0.00", "530.00", "0.00", "-530.00")


def test_every_kind_says_who_looks_and_what_to_do_in_both_languages() -> None:
    assert set(MEANINGS) == set(ItemKind)
    for _, what in MEANINGS.values():
        assert what.said(Language.ENGLISH) != what.said(Language.INDONESIAN)
    assert severity_of(ItemKind.NO_STATEMENTS) is Severity.INFORMATION


async def test_hashes_tell_whether_the_books_are_those_of_the_payments(driver: PaymentDriver, books: Books) -> None:
    """The figures say whether rows have to be compared at all: they must not say so too late."""

    async def same() -> tuple[bool, bool]:
        async with driver.database.read() as session:
            figures = await read_figures(session, now=driver.clock())
        return figures.booked_as_paid, figures.paid_by_payments

    # given
    _, payment = await driver.register_and_pay()
    await driver.register_and_pay()
    assert await same() == (True, True)
    # when each of these is done and undone
    await driver.execute("ALTER TABLE movements DISABLE TRIGGER movements_stay")
    for change, undo, expected in (
        ("UPDATE movements SET amount = amount + 1", "UPDATE movements SET amount = amount - 1", (False, True)),
        ("UPDATE payments SET amount = amount + 1", "UPDATE payments SET amount = amount - 1", (False, False)),
        ("UPDATE invoices SET status = 'open'", "UPDATE invoices SET status = 'paid'", (True, False)),
        ("UPDATE movements SET leg = 2", "UPDATE movements SET leg = 1", (False, True)),
        ("UPDATE movements SET kind = 'refund'", "UPDATE movements SET kind = 'payment'", (False, True)),
    ):
        which = (
            f" WHERE {'id' if 'payments' in change else 'payment_id'} = '{payment}'" if "invoices" not in change else ""
        )
        await driver.execute(change + which)
        assert await same() == expected, change
        await driver.execute(undo + which)
        assert await same() == (True, True), undo
    assert await books.differences() == []


async def test_items_are_found_without_reading_all_movements_or_invoices(driver: PaymentDriver) -> None:
    await driver.execute(
        "INSERT INTO invoices (registration_id, registration_number, payer_name, amount, currency, status, expires_at,"
        " revision, created_at, updated_at) SELECT gen_random_uuid(), 'X-' || n, 'X', 1, 'IDR', 'paid', now(), 1,"
        " now(), now() FROM generate_series(1, 5000) AS n"
    )
    await driver.execute(
        "INSERT INTO movements (source, leg, kind, debit, credit, amount, currency, occurred_at, recorded_at)"
        " SELECT 'test:' || n, 1, 'payment', 'bank', 'runners', 1, 'IDR', now(), now()"
        " FROM generate_series(1, 5000) AS n"
    )
    await driver.execute("ANALYZE invoices")
    await driver.execute("ANALYZE movements")
    now = driver.clock()
    times = dict.fromkeys(("first", "not_seen", "undecided", "unsettled", "taken_back", "refund", "kept", "now"), now)
    rows = await driver.rows(f"EXPLAIN {FIND.text}", **times, as_one=[], listed=50)
    plan = "\n".join(str(row["QUERY PLAN"]) for row in rows)
    assert "Seq Scan on movements" not in plan, plan
    assert "Seq Scan on invoices" not in plan, plan
