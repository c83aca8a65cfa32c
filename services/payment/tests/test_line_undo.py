"""Payouts and ignored lines are taken back: the ledger gets opposite movements, and the line is open again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from payment.ledger.consistency import wrong_bookings
from payment.ledger.rules import Account, Kind
from payment.payouts import undoing
from payment.payouts.rules import booked_legs

from .midtrans_driver import Gateway, gateway_beside
from .payment_driver import PRICE, PaymentDriver
from .reconciling import Books

CALLS = 8
HELD = {"midtrans": "150000.00", "runners": "-150000.00"}


@pytest.fixture
async def books(driver: PaymentDriver) -> AsyncIterator[Books]:
    """Yield the books of a platform whose gateway holds what one runner paid."""
    async with gateway_beside(driver) as gateway:
        await pay_through(gateway)
        yield Books(driver)


async def pay_through(gateway: Gateway) -> None:
    charge = await gateway.charge(await gateway.driver.register())
    await gateway.pay(charge)
    await gateway.ask()


async def legs(books: Books, line: UUID) -> list[tuple[Any, ...]]:
    names = ("leg", "kind", "debit", "credit", "amount")
    of_line = (each for each in await books.movements() if each["source"] == f"line:{line}")
    return [tuple(each[name] for name in names) for each in of_line]


async def wrong(driver: PaymentDriver) -> list[str]:
    async with driver.database.read() as session:
        return [each.source for each in await wrong_bookings(session)]


async def nonzero(books: Books) -> dict[str, str]:
    return {account: balance for account, balance in (await books.bank.balances()).items() if balance != "0.00"}


async def test_a_payout_that_is_taken_back_gets_opposite_movements_and_its_line_is_open(
    driver: PaymentDriver, books: Books
) -> None:
    # given
    line = await books.payout("148950.00", "1050.00")
    decided = (await books.bank.line(line))["decided_at"]
    # when
    (await books.bank.try_undo(line, "of another month", decided_at=decided)).require(204)
    # then
    assert await nonzero(books) == HELD
    assert await legs(books, line) == [
        (1, "payout", "bank", "midtrans", "148950.00"),
        (2, "fee", "fees", "midtrans", "1050.00"),
        (3, "payout", "midtrans", "bank", "148950.00"),
        (4, "fee", "midtrans", "fees", "1050.00"),
    ]
    shown = await books.bank.line(line)
    assert (shown["state"], shown["payout_channel"], shown["decided_at"]) == ("open", None, None)
    undone = shown["undone"]
    assert (undone["state"], undone["payout_fee"], undone["reason"]) == ("payout", "1050.00", "of another month")
    assert undone["decided_at"] == decided
    [note] = await driver.audit_log("line.undo")
    assert note["subject"] == str(line)
    assert note["details"]["before"] == {"state": "payout", "payout_channel": "midtrans", "payout_fee": "1050.00"}
    assert await wrong(driver) == []
    assert await books.differences() == []
    assert await books.information() == ["line_new", "waits_for_payout"]


async def test_a_line_can_be_a_payout_again_with_another_fee(driver: PaymentDriver, books: Books) -> None:
    line = await books.payout("148950.00", "0.00", "qris")
    for fee in ("1.00", "1050.00"):
        (await books.bank.try_undo(line)).require(204)
        (await books.try_payout(line, "midtrans", fee)).require(204)
    assert await nonzero(books) == {"bank": "148950.00", "fees": "1050.00", "runners": "-150000.00"}
    assert [leg for leg, *_ in await legs(books, line)] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert await wrong(driver) == []
    assert await books.differences() == []


async def test_a_payout_of_which_an_older_release_booked_nothing_is_taken_back_without_movements(
    driver: PaymentDriver, books: Books
) -> None:
    """It books the legs 1 and 2, which are there, so that they are left as they are."""
    # given
    line = await books.payout("148950.00", "1050.00")
    (await books.bank.try_undo(line)).require(204)
    again = "state = 'payout', payout_channel = 'midtrans', payout_fee = 1050, decided_at = now()"
    await driver.execute(f"UPDATE statement_lines SET {again}, decided_by = gen_random_uuid()")
    assert await wrong(driver) == [f"line:{line}"] * 2
    # when
    (await books.bank.try_undo(line)).require(204)
    # then
    assert await nonzero(books) == HELD
    (await books.try_payout(line)).require(204)
    assert [leg for leg, *_ in await legs(books, line)] == [1, 2, 3, 4, 5, 6]
    assert await wrong(driver) == []


def test_only_what_was_not_taken_back_is_taken_back() -> None:
    payout, fee = (Kind.PAYOUT, 1, Account.BANK), (Kind.FEE, 2, Account.FEES)
    opposite = (Kind.PAYOUT, 3, Account.MIDTRANS)
    assert booked_legs([payout, fee]) == [1, 2]
    assert booked_legs([payout, fee, opposite]) == [2]
    assert booked_legs([payout, fee, opposite, (Kind.FEE, 4, Account.MIDTRANS)]) == []


async def test_a_line_that_was_a_payout_can_pay_a_registration(driver: PaymentDriver, books: Books) -> None:
    line = await books.payout("150000.00", "0.00")
    (await books.bank.try_undo(line)).require(204)
    entry = await driver.register()
    assert (await books.bank.accept(line, entry))["state"] == "matched"
    assert await nonzero(books) == {"bank": "150000.00", "midtrans": "150000.00", "runners": "-300000.00"}
    assert (await books.bank.line(line))["undone"]["state"] == "payout"
    assert await wrong(driver) == []


async def test_a_payout_that_is_taken_back_makes_the_gateway_late_and_no_fee(
    driver: PaymentDriver, books: Books
) -> None:
    # given what the gateway should have paid out a week ago
    driver.clock.advance(timedelta(days=8))
    line = await books.payout("148950.00", "1050.00")
    assert await books.differences() == []
    # when
    (await books.bank.try_undo(line)).require(204)
    # then
    assert await books.differences() == ["payout_overdue"]
    assert (await books.item("midtrans"))["amount"] == "150000.00"
    report = await driver.call("GET", "/reports/financial", by=driver.finance, params={"group_by": "channel"})
    [total] = report.require(200)["totals"]
    assert (total["fees"], total["net"], total["refund_count"]) == ("0.00", "150000.00", 0)


async def test_an_ignored_line_is_open_again_and_nothing_is_booked(driver: PaymentDriver, books: Books) -> None:
    books.bank.receives("SETORAN MODAL")
    [line] = await books.bank.uploaded_lines()
    (await books.bank.try_ignore(line, "own money")).require(204)
    (await books.bank.try_undo(line)).require(204)
    shown = await books.bank.line(line)
    assert (shown["state"], shown["ignore_reason"]) == ("open", None)
    assert (shown["undone"]["state"], shown["undone"]["ignore_reason"]) == ("ignored", "own money")
    assert await legs(books, line) == []
    (await books.bank.try_keep(line)).require(204)


async def test_sent_twice_and_by_eight_at_once_it_happens_once(driver: PaymentDriver, books: Books) -> None:
    line = await books.payout("148950.00", "1050.00")
    answers = await asyncio.gather(*(books.bank.try_undo(line) for _ in range(CALLS)))
    assert {each.status for each in answers} == {204}
    (await books.bank.try_undo(line)).require(204)
    assert len(await legs(books, line)) == 4
    assert len(await driver.audit_log("line.undo")) == 1


async def test_a_repetition_does_not_take_back_what_was_decided_since(driver: PaymentDriver, books: Books) -> None:
    # given
    line = await books.payout("148950.00", "1050.00")
    first = (await books.bank.line(line))["decided_at"]
    (await books.bank.try_undo(line, decided_at=first)).require(204)
    driver.clock.advance(timedelta(minutes=1))
    (await books.try_payout(line, "midtrans", "900.00")).require(204)
    # when
    (await books.bank.try_undo(line, decided_at=first)).require(204)
    # then
    assert (await books.bank.line(line))["payout_fee"] == "900.00"
    # and a decision that never was is not taken for the present one
    earlier = (driver.clock() - timedelta(days=1)).isoformat()
    assert (await books.bank.try_undo(line, decided_at=earlier)).is_problem(409, "line_decided")


async def test_other_decisions_stay_and_the_answer_says_what_to_do(driver: PaymentDriver, books: Books) -> None:
    # given
    entry = await driver.register()
    books.bank.receives_for(entry)
    for text, amount in (("TRSF SIAPA", PRICE), ("TRSF BARU", PRICE), ("BIAYA", Decimal("-1000.00"))):
        books.bank.receives(text, amount)
    matched, kept, untouched, outgoing = await books.bank.uploaded_lines()
    await books.bank.accept(matched, entry)
    (await books.bank.try_keep(kept)).require(204)
    lines = {"matched": matched, "kept": kept, "open": untouched, "outgoing": outgoing}
    # when
    for state, line in lines.items():
        refused = await books.bank.try_undo(line)
        # then
        assert refused.is_problem(409, "undo_not_possible")
        assert refused.body["state"] == state
    assert len({(await books.bank.try_undo(line)).body["detail"] for line in lines.values()}) == len(lines)
    assert sorted(await books.bank.states()) == sorted(lines)
    assert (await books.bank.try_undo(uuid4())).is_problem(404, "unknown_statement_line")
    assert (await books.bank.try_undo(kept, " ")).wrong_fields == ["reason"]


async def test_without_the_opposite_movements_the_ledger_would_be_wrong(
    driver: PaymentDriver, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""

    async def nothing(*_: object, **__: object) -> None: ...

    line = await books.payout("148950.00", "1050.00")
    with monkeypatch.context() as patch:
        patch.setattr(undoing, "take_back", nothing)
        (await books.bank.try_undo(line)).require(204)
    assert await wrong(driver) == [f"line:{line}", f"line:{line}"]
    assert "booking_differs" in await books.differences()
