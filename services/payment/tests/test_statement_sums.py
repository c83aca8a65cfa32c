"""One transfer for several registrations: all of them are paid by it, or none is."""

import asyncio
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from contracts import PaymentVerified
from payment.ledger.consistency import wrong_bookings

from .payment_driver import PRICE, PaymentDriver
from .payment_events import Entry
from .statement_driver import Bank


@pytest.fixture
def bank(driver: PaymentDriver) -> Bank:
    return Bank(driver)


async def sum_of(bank: Bank, *entries: Entry) -> UUID:
    """Let one transfer over the sum of registrations arrive, and return its line."""
    numbers = " ".join(entry.number for entry in entries)
    bank.receives(f"TRSF {numbers}", sum((entry.amount for entry in entries), start=Decimal()))
    return (await bank.uploaded_lines())[-1]


async def test_the_registrations_of_a_sum_are_paid_with_one_call(driver: PaymentDriver, bank: Bank) -> None:
    # given
    entries = [await driver.register(), await driver.register(amount=Decimal("99000.00")), await driver.register()]
    line = await sum_of(bank, *entries)
    assert (await bank.line(line))["reason"] == "sum_of_named"
    # when
    accepted = (await bank.try_accept_sum(line, *entries)).require(200)
    # then
    assert accepted["state"] == "matched"
    assert len(set(accepted["payment_ids"])) == 3
    assert accepted["payment_id"] in accepted["payment_ids"]
    verified = await driver.published_payloads(PaymentVerified)
    assert {each.registration_id: each.amount for each in verified} == {entry.id: entry.amount for entry in entries}
    assert {str(each.payment_id) for each in verified} == set(accepted["payment_ids"])
    assert await bank.balances() == {"bank": "399000.00", "runners": "-399000.00"}
    shown = await bank.line(line)
    assert sorted(shown["payment_ids"]) == sorted(accepted["payment_ids"])
    assert sorted(shown["registration_ids"]) == sorted(str(entry.id) for entry in entries)
    async with driver.database.read() as session:
        assert await wrong_bookings(session) == []


async def test_a_sum_that_is_not_exact_pays_none(driver: PaymentDriver, bank: Bank) -> None:
    # given
    one, other = await driver.register(), await driver.register()
    bank.receives("TRSF", Decimal("299999.00"))
    [line] = await bank.uploaded_lines()
    # when
    refused = await bank.try_accept_sum(line, one, other)
    # then
    assert refused.is_problem(409, "amount_mismatch")
    assert refused.body["expected"] == "300000.00"
    assert await bank.states() == ["open"]
    assert await driver.published(PaymentVerified) == []
    assert [(await driver.invoice(entry))["status"] for entry in (one, other)] == ["open", "open"]


async def test_a_sum_with_a_registration_that_is_paid_already_pays_none(driver: PaymentDriver, bank: Bank) -> None:
    # given
    one, other = await driver.register(), await driver.register()
    bank.receives_for(other)
    [single] = await bank.uploaded_lines()
    await bank.accept(single, other)
    line = await sum_of(bank, one, other)
    await driver.forget_published()
    # when
    refused = await bank.try_accept_sum(line, one, other)
    # then
    assert refused.is_problem(409, "already_paid")
    assert refused.body["registration_id"] == str(other.id)
    assert await bank.states() == ["matched", "open"]
    assert (await driver.invoice(one))["status"] == "open"
    assert await driver.published(PaymentVerified) == []
    assert await bank.balances() == {"bank": "150000.00", "runners": "-150000.00"}


async def test_a_sum_with_a_free_registration_pays_none(driver: PaymentDriver, bank: Bank) -> None:
    one, free = await driver.register(), await driver.register(amount=Decimal())
    bank.receives("TRSF")
    [line] = await bank.uploaded_lines()
    assert (await bank.try_accept_sum(line, one, free)).is_problem(404, "invoice_not_found")
    assert await bank.states() == ["open"]


async def test_a_sum_confirms_the_verified_proofs_among_its_registrations(driver: PaymentDriver, bank: Bank) -> None:
    # given a group of which one has sent a proof of the common transfer
    (one, proof), other = await driver.register_and_pay(), await driver.register()
    line = await sum_of(bank, one, other)
    # when
    accepted = (await bank.try_accept_sum(line, one, other)).require(200)
    # then
    assert str(proof) in accepted["payment_ids"]
    assert await bank.balances() == {"bank": "300000.00", "runners": "-300000.00"}
    # and a later line for the proof is surplus, as it has its line
    bank.receives_for(one)
    again = (await bank.uploaded_lines())[-1]
    assert (await bank.accept(again, one))["state"] == "kept"


async def test_wrong_registrations_are_refused_by_name(driver: PaymentDriver, bank: Bank) -> None:
    entry = await driver.register()
    bank.receives("TRSF", 2 * PRICE)
    [line] = await bank.uploaded_lines()
    path = f"/statement-lines/{line}/accept"
    ids = [str(entry.id), str(uuid4())]
    for body in (
        {},
        {"registration_ids": [ids[0]]},
        {"registration_ids": [ids[0], ids[0]]},
        {"registration_ids": [str(uuid4()) for _ in range(5)]},
        {"registration_id": ids[0], "registration_ids": ids},
    ):
        assert (await driver.call("POST", path, by=driver.finance, json=body)).status == 422
    missing = await driver.call("POST", path, by=driver.finance, json={"registration_ids": ids})
    assert missing.is_problem(404, "invoice_not_found")
    assert await bank.states() == ["open"]


async def test_sums_that_share_registrations_accepted_at_once_pay_each_once(driver: PaymentDriver, bank: Bank) -> None:
    """Their registrations are given in opposite orders, which would deadlock if they were locked in these."""
    for _ in range(4):
        # given
        entries = [await driver.register() for _ in range(3)]
        bank.receives("TRSF A", 3 * PRICE)
        bank.receives("TRSF B", 3 * PRICE)
        first, second = await bank.uploaded_lines()
        # when
        answers = await asyncio.gather(
            bank.try_accept_sum(first, *entries), bank.try_accept_sum(second, *reversed(entries))
        )
        # then
        assert sorted(each.status for each in answers) == [200, 409]
        [refused] = [each for each in answers if each.status == 409]
        assert refused.is_problem(409, "already_paid")
    assert len(await driver.published(PaymentVerified)) == 12


async def test_a_line_accepted_as_a_sum_and_for_one_at_once_is_taken_once(driver: PaymentDriver, bank: Bank) -> None:
    one, other = await driver.register(amount=Decimal("75000.00")), await driver.register(amount=Decimal("75000.00"))
    single = await driver.register()
    bank.receives("TRSF", PRICE)
    [line] = await bank.uploaded_lines()
    answers = await asyncio.gather(
        *(bank.try_accept_sum(line, one, other) if turn % 2 else bank.try_accept(line, single) for turn in range(6))
    )
    assert sorted(each.status for each in answers) == [200] + [409] * 5
    assert await bank.balances() == {"bank": "150000.00", "runners": "-150000.00"}
