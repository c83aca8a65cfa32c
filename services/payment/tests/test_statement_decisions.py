"""Lines of bank statements: accepted once, kept or ignored, and booked."""

import asyncio
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from chassis.database import UnitOfWork
from contracts import PaymentRejected, PaymentVerified
from payment.ledger.consistency import wrong_bookings
from payment.statements import commands
from payment.statements.tables import StatementLine

from .payment_driver import PRICE, PaymentDriver
from .statement_driver import JAKARTA, Bank

CALLS = 8


@pytest.fixture
def bank(driver: PaymentDriver) -> Bank:
    return Bank(driver)


async def test_an_accepted_line_pays_the_invoice_and_is_booked(driver: PaymentDriver, bank: Bank) -> None:
    # given
    entry = await driver.register()
    bank.receives_for(entry)
    [line] = await bank.uploaded_lines()
    await driver.forget_published()
    # when
    accepted = await bank.accept(line, entry)
    # then
    [verified] = await driver.published_payloads(PaymentVerified)
    paid = str(verified.payment_id)
    assert accepted == {"state": "matched", "payment_id": paid, "payment_ids": [paid]}
    assert (verified.registration_id, verified.amount) == (entry.id, PRICE)
    assert (await driver.invoice(entry))["status"] == "paid"
    assert await bank.balances() == {"bank": "150000.00", "runners": "-150000.00"}
    [payment] = await driver.rows("SELECT * FROM payments")
    assert (payment["channel"], payment["source"]) == ("statement", f"line:{line}")
    assert payment["payment_date"].astimezone(JAKARTA).date() == bank.today
    assert payment["verified_by"] == await driver.scalar("SELECT decided_by FROM statement_lines")


async def test_a_line_accepted_by_eight_at_once_pays_once(driver: PaymentDriver, bank: Bank) -> None:
    # given
    entry = await driver.register()
    bank.receives_for(entry)
    [line] = await bank.uploaded_lines()
    # when
    answers = await asyncio.gather(*(bank.try_accept(line, entry) for _ in range(CALLS)))
    # then
    assert sorted(each.status for each in answers) == [200] + [409] * (CALLS - 1)
    assert {each.code for each in answers if each.status == 409} == {"line_decided"}
    assert len(await driver.published(PaymentVerified)) == 1
    assert await bank.kept() == []
    assert await bank.balances() == {"bank": "150000.00", "runners": "-150000.00"}


async def decide_in_two_ways(driver: PaymentDriver, bank: Bank) -> int:
    """Let a line be kept and ignored at once, by four each; return how many of these decisions are taken."""
    bank.receives("TRSF BUDI")
    [line] = await bank.uploaded_lines()
    calls = [bank.try_keep(line) if turn % 2 else bank.try_ignore(line) for turn in range(CALLS)]
    return sum(answer.status == 204 for answer in await asyncio.gather(*calls))


async def test_of_opposite_decisions_at_once_one_is_taken(driver: PaymentDriver, bank: Bank) -> None:
    for _ in range(4):
        assert await decide_in_two_ways(driver, bank) == 1
    kept = (await bank.states()).count("kept")
    assert len(await bank.kept()) == kept


async def test_without_the_lock_of_the_line_several_opposite_decisions_are_taken(
    driver: PaymentDriver, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = asyncio.Barrier(CALLS)

    async def unlocked(work: UnitOfWork, line_id: UUID) -> StatementLine:
        line = await work.session.get_one(StatementLine, line_id)
        await met.wait()
        return line

    monkeypatch.setattr(commands, "open_line", unlocked)
    assert await decide_in_two_ways(driver, bank) > 1


async def test_a_line_for_a_paid_registration_is_kept_as_surplus(driver: PaymentDriver, bank: Bank) -> None:
    # given
    entry = await driver.register()
    bank.receives_for(entry, entry)
    first, second = await bank.uploaded_lines()
    await bank.accept(first, entry)
    # when
    assert await bank.accept(second, entry) == {"state": "kept", "payment_id": None, "payment_ids": []}
    # then
    [surplus] = await bank.kept()
    assert (surplus["kind"], surplus["registration_id"], surplus["amount"]) == ("surplus", str(entry.id), "150000.00")
    assert (surplus["channel"], surplus["source"]) == ("statement", f"line:{second}")
    assert await bank.balances() == {"bank": "300000.00", "runners": "-150000.00", "surplus": "-150000.00"}
    assert len(await driver.published(PaymentVerified)) == 1


async def test_a_line_confirms_the_verified_proof_of_its_transfer_and_is_booked_once(
    driver: PaymentDriver, bank: Bank
) -> None:
    # given a transfer that a person verified by its proof
    entry, payment = await driver.register_and_pay()
    bank.receives_for(entry, entry)
    imported = await bank.upload()
    first, second = await bank.lines(imported)
    assert (first["kind"], first["reason"]) == ("accept", "confirms_payment")
    # when its line and a second transfer are accepted
    assert (await bank.accept(first["id"], entry))["payment_ids"] == [str(payment)]
    assert await bank.balances() == {"bank": "150000.00", "runners": "-150000.00"}
    assert (await bank.accept(second["id"], entry))["state"] == "kept"
    # then
    assert await bank.balances() == {"bank": "300000.00", "runners": "-150000.00", "surplus": "-150000.00"}
    # and the next import knows that the proof is confirmed
    bank.receives_for(entry)
    [third] = await bank.lines(await bank.upload())
    assert (third["kind"], third["reason"]) == ("propose", "already_paid")


async def test_of_two_lines_accepted_at_once_for_one_verified_proof_one_confirms_it(
    driver: PaymentDriver, bank: Bank
) -> None:
    for _ in range(4):
        entry, _ = await driver.register_and_pay()
        bank.receives_for(entry, entry)
        lines = await bank.uploaded_lines()
        accepted = await asyncio.gather(*(bank.accept(line, entry) for line in lines))
        assert sorted(each["state"] for each in accepted) == ["kept", "matched"]


async def test_a_line_and_the_decision_about_a_proof_at_once_pay_once(driver: PaymentDriver, bank: Bank) -> None:
    for turn in range(6):
        entry, payment = await driver.register_and_upload()
        bank.receives_for(entry)
        [line] = await bank.uploaded_lines()
        calls = [driver.try_verify(payment), bank.try_accept(line, entry)]
        verified, accepted = await asyncio.gather(*calls) if turn % 2 else reversed(await asyncio.gather(*calls[::-1]))
        assert (verified.status, accepted.status) in {(204, 200), (409, 200)}
        assert accepted.body["state"] == "matched"
    assert await bank.balances() == {"bank": "900000.00", "runners": "-900000.00"}
    assert await bank.kept() == []


async def test_a_waiting_proof_is_superseded_without_a_message(driver: PaymentDriver, bank: Bank) -> None:
    entry, proof = await driver.register_and_upload()
    bank.receives_for(entry)
    [line] = await bank.uploaded_lines()
    accepted = await bank.accept(line, entry)
    superseded = await driver.scalar("SELECT superseded_by FROM payments WHERE id = :id", id=proof)
    assert str(superseded) == accepted["payment_id"]
    assert await driver.published(PaymentRejected) == []
    assert await bank.balances() == {"bank": "150000.00", "runners": "-150000.00"}


async def test_a_line_over_another_amount_or_for_no_registration_stays_open(driver: PaymentDriver, bank: Bank) -> None:
    # given
    entry, (paid, _) = await driver.register(), await driver.register_and_pay()
    bank.receives(f"TRSF {entry.number}", Decimal("149000.00"))
    [line] = await bank.uploaded_lines()
    # when
    for registration in (entry, paid):
        refused = await bank.try_accept(line, registration)
        assert refused.is_problem(409, "amount_mismatch")
        assert refused.body["expected"] == "150000.00"
    assert (await bank.try_accept(line, uuid4())).is_problem(404, "invoice_not_found")
    # then
    assert await bank.states() == ["open"]
    assert await bank.kept() == []


async def test_a_line_pays_a_registration_that_has_just_expired(driver: PaymentDriver, bank: Bank) -> None:
    entry = await driver.register()
    bank.receives_for(entry)
    await driver.deliver(entry.expired())
    [line] = await bank.lines(await bank.upload())
    assert (line["kind"], line["proposals"][0]["status"]) == ("accept", "expired")
    await bank.accept(line["id"], entry)
    assert (await driver.invoice(entry))["status"] == "paid"


async def test_a_kept_line_is_money_that_can_go_back(driver: PaymentDriver, bank: Bank) -> None:
    # given
    bank.receives("TRSF SIAPA")
    [line] = await bank.uploaded_lines()
    # when
    (await bank.try_keep(line)).require(204)
    # then
    [money] = await bank.kept()
    assert (money["kind"], money["channel"], money["registration_id"]) == ("unknown", "statement", None)
    for decision, body in (("refund", {"reason": "unknown payer"}), ("refunded", {"reference": "BCA 7"})):
        answer = await driver.call("POST", f"/surplus/{money['id']}/{decision}", by=driver.finance, json=body)
        answer.require(204)
    assert await bank.balances() == {"bank": "0.00", "unknown": "0.00"}


async def test_an_ignored_line_has_a_reason_and_books_nothing(driver: PaymentDriver, bank: Bank) -> None:
    bank.receives("SETORAN MODAL")
    imported = await bank.upload()
    [line] = await bank.lines(imported)
    assert (await bank.try_ignore(line["id"], " ")).wrong_fields == ["reason"]
    (await bank.try_ignore(line["id"], "own money")).require(204)
    [ignored] = await bank.lines(imported, state="ignored")
    assert (ignored["ignore_reason"], ignored["decided_at"] is not None) == ("own money", True)
    assert await bank.lines(imported, state="open") == []
    assert await bank.balances() == {}


async def test_there_is_nothing_to_decide_about_money_that_went_out(driver: PaymentDriver, bank: Bank) -> None:
    entry = await driver.register()
    bank.receives("BIAYA ADM", Decimal("-15000.00"))
    [line] = await bank.uploaded_lines()
    for answer in (await bank.try_accept(line, entry), await bank.try_keep(line), await bank.try_ignore(line)):
        assert answer.is_problem(409, "line_decided")
        assert answer.body["state"] == "outgoing"
    assert (await bank.try_keep(uuid4())).is_problem(404, "unknown_statement_line")


async def test_an_amount_beyond_what_payments_hold_can_only_be_ignored(driver: PaymentDriver, bank: Bank) -> None:
    entry, _ = await driver.register_and_pay()
    bank.receives("SETORAN", Decimal("10000000000.00"))
    [line] = await bank.uploaded_lines()
    assert (await bank.try_keep(line)).is_problem(409, "line_too_large")
    assert (await bank.try_accept(line, entry)).is_problem(409, "line_too_large")
    (await bank.try_ignore(line)).require(204)


async def test_the_ledger_balances_after_many_decisions(driver: PaymentDriver, bank: Bank) -> None:
    # given
    entries = [await driver.register() for _ in range(6)]
    bank.receives_for(*entries, *entries[:3])
    bank.receives("TRSF SIAPA")
    lines = await bank.uploaded_lines()
    # when
    targets = [*entries, *entries[:3]]
    await asyncio.gather(*(bank.accept(line, entry) for line, entry in zip(lines, targets, strict=False)))
    (await bank.try_keep(lines[-1])).require(204)
    # then
    balances = {account: Decimal(balance) for account, balance in (await bank.balances()).items()}
    assert balances == {"bank": 10 * PRICE, "runners": -6 * PRICE, "surplus": -3 * PRICE, "unknown": -PRICE}
    async with driver.database.read() as session:
        assert await wrong_bookings(session) == []
