"""Two people decide about what goes back of one payment in all, however many parts it is given back in."""

from decimal import Decimal

import pytest
from chassis.auth.principals import Role
from contracts import RefundDue

from .payment_driver import PaymentDriver
from .refund_driver import RefundDesk


@pytest.fixture
async def desk(driver: PaymentDriver) -> RefundDesk:
    desk = RefundDesk(driver)
    await desk.limit("100000.00")
    return desk


async def paid(driver: PaymentDriver, desk: RefundDesk) -> str:
    """Return a payment over 150,000 that two people verified."""
    _, payment = await driver.register_and_upload()
    for by in (desk.first, desk.second):
        await driver.try_verify(payment, by=by)
    return str(payment)


async def test_the_part_that_reaches_the_limit_waits_for_a_second_person(
    driver: PaymentDriver, desk: RefundDesk
) -> None:
    # given
    payment = await paid(driver, desk)
    await driver.forget_published()
    # when
    parts = [await desk.ask(payment, "50000.00") for _ in range(3)]
    # then
    assert [each["state"] for each in parts] == ["due", "waits_for_second", "waits_for_second"]
    assert len(await driver.published(RefundDue)) == 1
    for part in parts[1:]:
        assert (await desk.done(part)).is_problem(409, "refund_not_open")
        assert (await desk.do(part, "approve")).is_problem(409, "same_person")
        (await desk.do(part, "approve", by=desk.second)).require(204)
        (await desk.done(part)).require(204)


async def test_a_part_that_waits_is_shown_to_staff_and_to_its_runner_once_it_is_approved(
    driver: PaymentDriver, desk: RefundDesk
) -> None:
    # given
    entry, uploaded = await driver.register_and_upload()
    for by in (desk.first, desk.second):
        await driver.try_verify(uploaded, by=by)
    part = await desk.ask(uploaded, "100000.00")
    # when
    answer = await driver.call("GET", f"/invoices/{entry.id}", by=driver.staff(Role.VIEWER))
    # then
    [shown] = answer.require(200)["refunds"]
    assert (shown["refund_id"], shown["state"]) == (part["refund_id"], "waits_for_second")
    assert (await driver.invoice(entry))["refunds"] == []
    (await desk.do(part, "approve", by=desk.second)).require(204)
    assert [each["state"] for each in (await driver.invoice(entry))["refunds"]] == ["due"]


async def test_a_part_that_was_due_waits_too_once_others_reach_the_limit_with_it(
    driver: PaymentDriver, desk: RefundDesk
) -> None:
    # given
    payment = await paid(driver, desk)
    first, second = [await desk.ask(payment, "50000.00") for _ in range(2)]
    # when
    assert (await desk.done(first)).require(202) == {"waits_for": "second_person"}
    # then
    assert (await desk.do(first, "approve")).is_problem(409, "same_person")
    (await desk.do(first, "approve", by=desk.second)).require(204)
    (await desk.done(first)).require(204)
    assert (await desk.show(second))["state"] == "waits_for_second"


async def test_what_was_cancelled_does_not_count(driver: PaymentDriver, desk: RefundDesk) -> None:
    payment = await paid(driver, desk)
    first = await desk.ask(payment, "50000.00")
    (await desk.do(first, "cancel", reason="a mistake")).require(204)
    second = await desk.ask(payment, "50000.00")
    assert second["state"] == "due"
    (await desk.done(second)).require(204)


async def test_a_part_is_in_whole_rupiah_unless_it_is_all_that_is_left(driver: PaymentDriver, desk: RefundDesk) -> None:
    # given
    await desk.limit(None)
    _, payment = await driver.register_and_pay(amount=Decimal("150000.50"))
    # then
    refused = await desk.try_ask(payment, "10000.25")
    assert refused.is_problem(422, "invalid_fields")
    assert [each["field"] for each in refused.body["errors"]] == ["amount"]
    await desk.ask(payment, "150000.00")
    await desk.ask(payment, "0.50")
