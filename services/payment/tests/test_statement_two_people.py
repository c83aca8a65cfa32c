"""From an amount on no person alone gives the money of a line to a registration, unless the line is sure."""

from decimal import Decimal

import pytest
from contracts import PaymentVerified

from .payment_driver import PRICE, PaymentDriver
from .payment_events import Entry
from .refund_driver import RefundDesk
from .statement_driver import Bank

LIMIT = f"{PRICE:.2f}"
"""The price of a registration: its line needs two people, less does not."""


@pytest.fixture
def bank(driver: PaymentDriver) -> Bank:
    return Bank(driver)


@pytest.fixture
async def desk(driver: PaymentDriver) -> RefundDesk:
    desk = RefundDesk(driver)
    await desk.limit(LIMIT)
    return desk


async def test_a_line_of_an_unknown_payer_is_kept_and_assigned_by_two_people(
    driver: PaymentDriver, bank: Bank, desk: RefundDesk
) -> None:
    # given
    entry = await driver.register(amount=PRICE)
    bank.receives("SETORAN TUNAI")
    [line] = await bank.uploaded_lines()
    # when
    refused = await bank.try_accept(line, entry)
    # then
    assert refused.is_problem(409, "two_people_assign")
    assert await bank.states() == ["open"]
    assert await driver.published(PaymentVerified) == []
    # and
    (await bank.try_keep(line)).require(204)
    [money] = await bank.kept()
    body = {"registration_id": str(entry.id), "reason": "by phone"}
    for by, status in ((desk.first, 202), (desk.second, 200)):
        answer = await driver.call("POST", f"/surplus/{money['id']}/assign", by=by, json=body)
        assert answer.status == status
    assert (await driver.invoice(entry))["status"] == "paid"


@pytest.mark.parametrize("limit", [None, f"{PRICE + 1:.2f}"], ids=["never", "from more"])
async def test_less_than_the_amount_needs_one_person(
    driver: PaymentDriver, bank: Bank, desk: RefundDesk, limit: str | None
) -> None:
    await desk.limit(limit)
    bank.receives("SETORAN TUNAI")
    [line] = await bank.uploaded_lines()
    assert (await bank.accept(line, await driver.register()))["state"] == "matched"


async def test_a_sure_line_is_accepted_by_another_person_than_sent_its_statement_and_for_its_registration_only(
    driver: PaymentDriver, bank: Bank, desk: RefundDesk
) -> None:
    entry, other = await driver.register(), await driver.register()
    bank.receives_for(entry)
    [line] = await bank.uploaded_lines()
    assert (await bank.line(line))["kind"] == "accept"
    assert (await bank.try_accept(line, entry)).is_problem(409, "same_person")
    assert (await bank.try_accept(line, other, by=desk.first)).is_problem(409, "two_people_assign")
    assert await bank.states() == ["open"]
    assert (await bank.try_accept(line, entry, by=desk.first)).require(200)["state"] == "matched"
    assert (await driver.invoice(other))["status"] == "open"


async def test_a_sure_line_below_the_amount_is_accepted_by_who_sent_its_statement(
    driver: PaymentDriver, bank: Bank, desk: RefundDesk
) -> None:
    await desk.limit(f"{PRICE + 1:.2f}")
    entry = await driver.register()
    bank.receives_for(entry)
    [line] = await bank.uploaded_lines()
    assert (await bank.accept(line, entry))["state"] == "matched"


async def test_no_large_line_is_accepted_without_a_person(driver: PaymentDriver, bank: Bank, desk: RefundDesk) -> None:
    # given
    await driver.change_settings(statement_auto_accept=True, second_check_from=LIMIT)
    large, small = await driver.register(), await driver.register(amount=Decimal("99000.00"))
    bank.receives_for(large, small)
    # when
    imported = await bank.upload()
    # then
    assert (imported["matched"], imported["accepted"]) == (2, 1)
    assert [line["state"] for line in await bank.lines(imported)] == ["open", "matched"]
    assert [(await driver.invoice(entry))["status"] for entry in (large, small)] == ["open", "paid"]


async def test_without_a_person_a_large_line_confirms_what_two_people_verified(
    driver: PaymentDriver, bank: Bank, desk: RefundDesk
) -> None:
    await driver.change_settings(statement_auto_accept=True, second_check_from=LIMIT)
    bank.receives_for(await two_verified(driver, desk))
    assert (await bank.upload())["accepted"] == 1


async def test_a_line_confirms_a_proof_that_two_people_verified_and_a_second_one_is_kept(
    driver: PaymentDriver, bank: Bank, desk: RefundDesk
) -> None:
    # given
    entry = await two_verified(driver, desk)
    bank.receives("SETORAN TUNAI")
    bank.receives("SETORAN LAGI")
    first, second = await bank.uploaded_lines()
    # then
    assert (await bank.accept(first, entry))["state"] == "matched"
    assert (await bank.accept(second, entry))["state"] == "kept"


async def two_verified(driver: PaymentDriver, desk: RefundDesk) -> Entry:
    """Return a registration whose proof two people verified."""
    entry, payment = await driver.register_and_upload()
    (await driver.try_verify(payment, by=desk.first)).require(202)
    (await driver.try_verify(payment, by=desk.second)).require(204)
    return entry


async def test_what_would_pay_nothing_is_refused_as_before(driver: PaymentDriver, bank: Bank, desk: RefundDesk) -> None:
    bank.receives("SETORAN TUNAI")
    [line] = await bank.uploaded_lines()
    dearer = await driver.register(amount=PRICE + 1)
    assert (await bank.try_accept(line, dearer)).is_problem(409, "amount_mismatch")
    assert (await bank.try_accept(line, dearer.race.event_id)).is_problem(404, "invoice_not_found")


async def test_a_sum_with_a_large_part_pays_none_of_its_registrations(
    driver: PaymentDriver, bank: Bank, desk: RefundDesk
) -> None:
    # given
    large, small = await driver.register(), await driver.register(amount=Decimal("99000.00"))
    bank.receives("SETORAN TUNAI", Decimal("249000.00"))
    [line] = await bank.uploaded_lines()
    # when
    refused = await bank.try_accept_sum(line, small, large)
    # then
    assert refused.is_problem(409, "two_people_assign")
    assert await bank.states() == ["open"]
    assert [(await driver.invoice(entry))["status"] for entry in (large, small)] == ["open", "open"]
    assert await bank.balances() == {}


async def test_a_sum_of_parts_below_the_amount_needs_one_person(
    driver: PaymentDriver, bank: Bank, desk: RefundDesk
) -> None:
    entries = [await driver.register(amount=Decimal("99000.00")) for _ in range(2)]
    bank.receives("SETORAN TUNAI", Decimal("198000.00"))
    [line] = await bank.uploaded_lines()
    assert (await bank.try_accept_sum(line, *entries)).status == 200


async def test_a_sum_whose_large_parts_two_people_verified_by_proofs_is_confirmed(
    driver: PaymentDriver, bank: Bank, desk: RefundDesk
) -> None:
    verified, small = await two_verified(driver, desk), await driver.register(amount=Decimal("99000.00"))
    bank.receives("SETORAN TUNAI", Decimal("249000.00"))
    [line] = await bank.uploaded_lines()
    assert (await bank.try_accept_sum(line, verified, small)).status == 200
    assert await bank.balances() == {"bank": "249000.00", "runners": "-249000.00"}
