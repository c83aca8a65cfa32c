"""A proof and the line that shows its money: verified with one key, both or neither."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from chassis.database import UnitOfWork
from contracts import PaymentVerified
from payment.ledger.consistency import wrong_bookings
from payment.review import lines as review_lines
from payment.review.commands import apply_held_decisions
from payment.statements.tables import StatementLine
from testkit.clocks import ManualClock

from .payment_driver import PRICE, PaymentDriver
from .payment_events import Entry
from .statement_driver import Bank

CALLS = 8
TEN = timedelta(seconds=10)


@pytest.fixture
def bank(driver: PaymentDriver) -> Bank:
    return Bank(driver)


async def proof_and_line(driver: PaymentDriver, bank: Bank, payer: str = "Budi Santoso") -> tuple[Entry, UUID, UUID]:
    """Upload a proof, and a statement with the line of its transfer; return the registration, payment and line."""
    entry, payment = await driver.register_and_upload(payer=payer)
    bank.receives_for(entry)
    return entry, payment, (await bank.uploaded_lines())[-1]


async def price_on_proof(driver: PaymentDriver, bank: Bank) -> tuple[str, UUID, UUID]:
    """Let a payer transfer the amount that was asked for, and write the price; return that amount, payment and line."""
    await driver.change_settings(bank_name="BCA", account_number="1370012345678", account_holder_name="Panitia")
    entry = await driver.register()
    path = f"/invoices/{entry.id}/transfer"
    asked = await driver.call("POST", path, by=driver.runner(entry.id))
    payable = str(asked.require(200)["payable_amount"])
    payment = await driver.upload_proof(entry)
    bank.receives("TRSF", Decimal(payable))
    [line] = await bank.uploaded_lines()
    return payable, payment, line


async def test_the_leased_proof_comes_with_the_lines_that_may_be_its_money(driver: PaymentDriver, bank: Bank) -> None:
    # given
    entry, payment = await driver.register_and_upload(payer="Siti Rahayu")
    bank.receives("TRSF AGUS SALIM")
    bank.receives("TRSF SITI RAHAYU")
    bank.receives("TRSF SITI RAHAYU", Decimal("149000.00"))
    bank.receives(f"TRSF {entry.number}")
    bank.receives("BIAYA", -PRICE)
    imported = await bank.upload()
    # when
    item = await driver.lease()
    # then
    found = item["candidate_lines"]
    assert [(each["text"], each["why"]) for each in found] == [
        (f"TRSF {entry.number}", ["number_and_amount"]),
        ("TRSF SITI RAHAYU", ["same_amount_and_payer"]),
        ("TRSF AGUS SALIM", ["same_amount"]),
    ]
    assert {each["statement_id"] for each in found} == {imported["statement_id"]}
    assert (found[0]["amount"], found[0]["booked_on"]) == ("150000.00", bank.today.isoformat())
    assert await bank.candidates(payment) == found


async def test_lines_of_other_weeks_and_decided_ones_are_not_shown(driver: PaymentDriver, bank: Bank) -> None:
    # given
    bank.receives("TRSF LAMA")
    driver.clock.advance(timedelta(days=30))
    _, payment, line = await proof_and_line(driver, bank)
    bank.receives("TRSF LAIN")
    other = (await bank.uploaded_lines())[-1]
    (await bank.try_ignore(other)).require(204)
    # then
    assert [each["line_id"] for each in await bank.candidates(payment)] == [str(line)]
    # and a proof that is decided has none
    (await bank.try_confirm(payment, line)).require(204)
    assert await bank.candidates(payment) == []
    missing = await driver.call("GET", f"/payments/{uuid4()}/lines", by=driver.finance)
    assert missing.is_problem(404, "unknown_payment")


async def test_a_proof_and_its_line_are_confirmed_together(driver: PaymentDriver, bank: Bank) -> None:
    # given
    entry, payment, line = await proof_and_line(driver, bank)
    await driver.forget_published()
    # when
    (await bank.try_confirm(payment, line)).require(204)
    # then
    [verified] = await driver.published_payloads(PaymentVerified)
    assert (verified.registration_id, verified.payment_id) == (entry.id, payment)
    assert (await driver.invoice(entry))["status"] == "paid"
    shown = await bank.line(line)
    assert (shown["state"], shown["payment_id"], shown["registration_ids"]) == (
        "matched",
        str(payment),
        [str(entry.id)],
    )
    [row] = await driver.rows("SELECT status, channel FROM payments")
    assert (row["status"], row["channel"]) == ("verified", "proof")
    assert await bank.balances() == {"bank": "150000.00", "runners": "-150000.00"}


async def test_a_line_taken_by_many_at_once_confirms_one_proof(driver: PaymentDriver, bank: Bank) -> None:
    """Both who look at different proofs and who decide about the line itself."""
    for _ in range(3):
        # given one line whose money two proofs claim
        entry, payment, line = await proof_and_line(driver, bank)
        _, other = await driver.register_and_upload()
        # when
        answers = await asyncio.gather(
            bank.try_confirm(payment, line),
            bank.try_confirm(other, line),
            bank.try_accept(line, entry),
            bank.try_keep(line),
            bank.try_ignore(line),
            bank.try_confirm(other, line),
        )
        # then
        taken = [each for each in answers if each.status < 300]
        assert len(taken) == 1
        assert {each.code for each in answers if each.status == 409} <= {"line_decided", "already_decided"}
        assert (await bank.line(line))["state"] != "open"
    async with driver.database.read() as session:
        assert await wrong_bookings(session) == []


async def confirm_two_proofs(driver: PaymentDriver, bank: Bank) -> int:
    """Confirm proofs by one line at once; return how many of them that verified."""
    bank.receives("TRSF BUDI")
    [line] = await bank.uploaded_lines()
    payments = [(await driver.register_and_upload())[1] for _ in range(CALLS)]
    answers = await asyncio.gather(*(bank.try_confirm(payment, line) for payment in payments), return_exceptions=True)
    verified = await driver.scalar("SELECT count(*) FROM payments WHERE status = 'verified'")
    assert len(answers) == CALLS
    return int(verified)


async def test_of_many_proofs_confirmed_by_one_line_at_once_one_is_verified(driver: PaymentDriver, bank: Bank) -> None:
    assert await confirm_two_proofs(driver, bank) == 1


async def test_without_the_lock_of_the_line_several_proofs_are_verified_by_it(
    driver: PaymentDriver, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    met = asyncio.Barrier(CALLS)

    async def unlocked(work: UnitOfWork, line_id: UUID) -> StatementLine:
        line = await work.session.get_one(StatementLine, line_id)
        await met.wait()
        return line

    monkeypatch.setattr(review_lines, "open_line", unlocked)
    assert await confirm_two_proofs(driver, bank) > 1


async def test_a_confirmation_that_can_be_undone_keeps_the_line_until_it_takes_effect(
    driver: PaymentDriver, bank: Bank, clock: ManualClock
) -> None:
    # given
    entry, payment, line = await proof_and_line(driver, bank)
    other, other_proof = await driver.register_and_upload()
    # when
    (await bank.try_confirm(payment, line, undo_seconds=10)).require(204)
    # then no one else gets the line meanwhile
    assert await bank.candidates(other_proof) == []
    for answer in (
        await bank.try_confirm(other_proof, line),
        await bank.try_accept(line, other),
        await bank.try_keep(line),
        await bank.try_ignore(line),
        await bank.try_payout(line, channel="qris", fee="0.00"),
    ):
        assert answer.is_problem(409, "line_decided")
        assert answer.body["state"] == "held"
    assert (await bank.line(line))["state"] == "open"
    # and both are decided together
    clock.advance(TEN)
    assert await apply_held_decisions(driver.database) == 1
    assert (await driver.invoice(entry))["status"] == "paid"
    shown = await bank.line(line)
    assert (shown["state"], shown["payment_id"]) == ("matched", str(payment))
    verifier = await driver.scalar("SELECT verified_by FROM payments WHERE id = :id", id=payment)
    assert shown["decided_by"] == str(verifier)


async def test_an_undone_confirmation_leaves_the_line_open(
    driver: PaymentDriver, bank: Bank, clock: ManualClock
) -> None:
    # given
    entry, payment, line = await proof_and_line(driver, bank)
    (await bank.try_confirm(payment, line, undo_seconds=10)).require(204)
    # when
    (await driver.call("POST", f"/payments/{payment}/undo", by=driver.finance)).require(204)
    # then
    assert [each["line_id"] for each in await bank.candidates(payment)] == [str(line)]
    # and a later decision without it does not take it
    clock.advance(timedelta(seconds=1))
    (await driver.try_verify(payment, undo_seconds=10)).require(204)
    clock.advance(TEN)
    await apply_held_decisions(driver.database)
    assert (await bank.line(line))["state"] == "open"
    # and the line confirms the proof as any other
    assert (await bank.accept(line, entry))["payment_id"] == str(payment)


async def test_other_money_that_pays_meanwhile_frees_the_line(
    driver: PaymentDriver, bank: Bank, clock: ManualClock
) -> None:
    # given a proof that is held with its line
    entry, payment, line = await proof_and_line(driver, bank)
    (await bank.try_confirm(payment, line, undo_seconds=10)).require(204)
    # when another transfer pays the registration
    bank.receives_for(entry)
    second = (await bank.uploaded_lines())[-1]
    await bank.accept(second, entry)
    clock.advance(TEN)
    await apply_held_decisions(driver.database)
    # then the first line is surplus
    assert (await bank.accept(line, entry))["state"] == "kept"
    assert await bank.balances() == {"bank": "300000.00", "runners": "-150000.00", "surplus": "-150000.00"}


async def test_what_a_line_shows_counts_and_not_what_the_proof_says(driver: PaymentDriver, bank: Bank) -> None:
    # given
    payable, payment, line = await price_on_proof(driver, bank)
    # when
    assert [each["line_id"] for each in await bank.candidates(payment)] == [str(line)]
    (await bank.try_confirm(payment, line)).require(204)
    # then the bank holds what came in
    assert (await bank.balances())["bank"] == payable
    assert (await bank.balances())["runners"] == "-150000.00"
    async with driver.database.read() as session:
        assert await wrong_bookings(session) == []


async def test_a_line_that_was_undone_does_not_say_what_came_in(
    driver: PaymentDriver, bank: Bank, clock: ManualClock
) -> None:
    # given
    _, payment, line = await price_on_proof(driver, bank)
    # when
    (await bank.try_confirm(payment, line, undo_seconds=10)).require(204)
    (await driver.call("POST", f"/payments/{payment}/undo", by=driver.finance)).require(204)
    clock.advance(TEN)
    await driver.verify(payment)
    # then
    assert (await bank.balances())["bank"] == "150000.00"


async def test_what_a_held_line_shows_counts_once_it_takes_effect(
    driver: PaymentDriver, bank: Bank, clock: ManualClock
) -> None:
    payable, payment, line = await price_on_proof(driver, bank)
    (await bank.try_confirm(payment, line, undo_seconds=10)).require(204)
    clock.advance(TEN)
    assert await apply_held_decisions(driver.database) == 1
    assert (await bank.balances())["bank"] == payable
    assert (await bank.line(line))["payment_id"] == str(payment)


async def test_only_the_line_of_a_transfer_over_its_amount_confirms_a_proof(driver: PaymentDriver, bank: Bank) -> None:
    # given
    _, payment = await driver.register_and_upload()
    qris = await driver.upload_proof(await driver.register(), payment_method="qris")
    bank.receives("TRSF")
    bank.receives("TRSF", Decimal("149000.00"))
    right, wrong = await bank.uploaded_lines()
    # then
    refused = await bank.try_confirm(payment, wrong)
    assert refused.is_problem(409, "amount_mismatch")
    assert (await bank.try_confirm(qris, right)).is_problem(409, "not_a_transfer")
    assert await bank.candidates(qris) == []
    assert (await bank.try_confirm(uuid4(), right)).is_problem(404, "unknown_payment")
    assert (await bank.try_confirm(payment, uuid4())).is_problem(404, "unknown_statement_line")
    await driver.reject(payment)
    assert (await bank.try_confirm(payment, right)).is_problem(409, "already_decided")
    assert await bank.states() == ["open", "open"]


async def test_over_the_limit_two_people_confirm_and_the_line_waits_for_the_second(
    driver: PaymentDriver, bank: Bank
) -> None:
    # given
    await driver.change_settings(second_check_from="100000")
    _, payment, line = await proof_and_line(driver, bank)
    # when
    first = await bank.try_confirm(payment, line)
    # then
    assert (first.status, first.body) == (202, {"waits_for": "second_person"})
    assert (await bank.line(line))["state"] == "open"
    assert (await bank.try_confirm(payment, line)).is_problem(409, "same_person")
    # and another person decides both
    second = driver.issuer.staff()
    (await bank.try_confirm(payment, line, by=second)).require(204)
    assert (await bank.line(line))["state"] == "matched"
