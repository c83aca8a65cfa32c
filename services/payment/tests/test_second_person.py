"""From an amount on two people decide: about proofs, refunds, and money that is given to a registration."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from chassis.auth.principals import Role
from contracts import PaymentVerified, RefundDue
from payment.review import commands as review
from payment.review.commands import apply_held_decisions
from sqlalchemy.exc import IntegrityError
from testkit.driver import Headers

from .midtrans_driver import PAYER, Gateway
from .payment_driver import PaymentDriver
from .refund_driver import GatewayRefunds, RefundDesk

LIMIT = "150000.00"
"""The price of a registration: its payment needs two people, less does not."""


@pytest.fixture
async def desk(driver: PaymentDriver) -> RefundDesk:
    desk = RefundDesk(driver)
    await desk.limit(LIMIT)
    return desk


async def shown(driver: PaymentDriver, payment: UUID) -> dict[str, object]:
    body: dict[str, object] = (await driver.call("GET", f"/payments/{payment}", by=driver.finance)).require(200)
    return body


async def paid(driver: PaymentDriver, desk: RefundDesk) -> UUID:
    """Return a payment that two people verified."""
    _, payment = await driver.register_and_upload()
    (await driver.try_verify(payment, by=desk.first)).require(202)
    (await driver.try_verify(payment, by=desk.second)).require(204)
    return payment


# --- proofs


async def test_a_large_payment_is_verified_by_two_people(driver: PaymentDriver, desk: RefundDesk) -> None:
    # given
    _, payment = await driver.register_and_upload()
    # when
    first = await driver.try_verify(payment, by=desk.first)
    # then
    assert first.require(202) == {"waits_for": "second_person"}
    assert (await driver.try_verify(payment, by=desk.first)).is_problem(409, "same_person")
    waits = await shown(driver, payment)
    assert (waits["status"], waits["needs_second"]) == ("uploaded", True)
    assert await driver.published(PaymentVerified) == []
    # and
    (await driver.try_verify(payment, by=desk.second)).require(204)
    verified = await shown(driver, payment)
    assert (verified["status"], verified["needs_second"]) == ("verified", False)
    assert verified["checked_by"] not in {None, verified["verified_by"]}
    assert len(await driver.published(PaymentVerified)) == 1


async def test_less_than_the_amount_needs_one_person(driver: PaymentDriver, desk: RefundDesk) -> None:
    await desk.limit("150000.01")
    _, payment = await driver.register_and_upload()
    assert (await shown(driver, payment))["needs_second"] is False
    (await driver.try_verify(payment)).require(204)


async def test_the_first_check_gives_the_proof_to_other_people(driver: PaymentDriver, desk: RefundDesk) -> None:
    _, payment = await driver.register_and_upload()
    assert await driver.leased(desk.first) == payment
    (await driver.try_verify(payment, by=desk.first, undo_seconds=10)).require(202)
    assert (await driver.try_lease(desk.first)).status == 204
    assert await driver.leased(desk.second) == payment


async def test_the_first_check_can_be_taken_back_until_the_second_decides(
    driver: PaymentDriver, desk: RefundDesk
) -> None:
    _, payment = await driver.register_and_upload()
    (await driver.try_verify(payment, by=desk.first)).require(202)

    async def undo(by: Headers) -> int:
        return (await driver.call("POST", f"/payments/{payment}/undo", by=by)).status

    assert [await undo(desk.second), await undo(desk.first), await undo(desk.first)] == [409, 204, 409]
    assert (await shown(driver, payment))["checked_by"] is None
    assert await driver.leased(desk.first) == payment


async def test_the_second_verification_is_held_and_can_be_undone(driver: PaymentDriver, desk: RefundDesk) -> None:
    # given
    _, payment = await driver.register_and_upload()
    (await driver.try_verify(payment, by=desk.first)).require(202)
    (await driver.try_verify(payment, by=desk.second, undo_seconds=10)).require(204)
    # then
    assert (await driver.try_verify(payment, by=desk.first)).is_problem(409, "already_decided")
    (await driver.call("POST", f"/payments/{payment}/undo", by=desk.second)).require(204)
    (await driver.try_verify(payment, by=desk.second, undo_seconds=10)).require(204)
    driver.clock.advance(timedelta(seconds=11))
    await apply_held_decisions(driver.database)
    assert (await shown(driver, payment))["status"] == "verified"


async def test_anyone_rejects_after_a_first_check(driver: PaymentDriver, desk: RefundDesk) -> None:
    for by in (desk.first, desk.second):
        _, payment = await driver.register_and_upload()
        (await driver.try_verify(payment, by=desk.first)).require(202)
        answer = await driver.call("POST", f"/payments/{payment}/reject", by=by, json={"reason": "another amount"})
        answer.require(204)


async def test_many_at_once_say_what_waits(driver: PaymentDriver, desk: RefundDesk) -> None:
    payments = [(await driver.register_and_upload())[1] for _ in range(2)]

    async def verify(by: Headers) -> list[str]:
        body = {"payment_ids": [str(each) for each in payments]}
        answer = await driver.call("POST", "/payments/bulk/verify", by=by, json=body)
        return [item["result"] for item in answer.require(200)["items"]]

    assert await verify(desk.first) == ["waits_for_second"] * 2
    assert await verify(desk.first) == ["same_person"] * 2
    assert await verify(desk.second) == ["verified"] * 2


async def test_without_the_setting_the_first_person_may_verify_alone(driver: PaymentDriver, desk: RefundDesk) -> None:
    for undo_seconds in (0, 10):
        await desk.limit(LIMIT)
        _, payment = await driver.register_and_upload()
        (await driver.try_verify(payment, by=desk.first)).require(202)
        await desk.limit(None)
        assert await driver.leased(desk.first) == payment
        (await driver.try_verify(payment, by=desk.first, undo_seconds=undo_seconds)).require(204)
        driver.clock.advance(timedelta(seconds=11))
        await apply_held_decisions(driver.database)
        assert (await shown(driver, payment))["status"] == "verified"


async def test_of_many_verifications_at_once_two_people_count(driver: PaymentDriver, desk: RefundDesk) -> None:
    for _ in range(4):
        _, payment = await driver.register_and_upload()
        answers = await asyncio.gather(*(driver.try_verify(payment, by=by) for by in [desk.first, desk.second] * 2))
        statuses = sorted(answer.status for answer in answers)
        assert statuses[:2] == [202, 204]
        assert statuses[2:] == [409, 409]
        verified = await shown(driver, payment)
        assert verified["checked_by"] != verified["verified_by"]


async def test_the_database_refuses_one_person_twice(
    driver: PaymentDriver, desk: RefundDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the check of the command it is the database that refuses; without that one is enough."""
    _, payment = await driver.register_and_upload()
    (await driver.try_verify(payment, by=desk.first)).require(202)

    async def unguarded(*_: object, **__: object) -> bool:
        return False

    monkeypatch.setattr(review, "check_first", unguarded)
    monkeypatch.setattr(review, "unless_own", lambda _: {})
    assert (await driver.try_verify(payment, by=desk.first)).status == 500
    await driver.execute("ALTER TABLE payments DROP CONSTRAINT ck_payments_checked")
    (await driver.try_verify(payment, by=desk.first)).require(204)


# --- refunds


async def test_a_large_refund_by_staff_waits_for_another_person(driver: PaymentDriver, desk: RefundDesk) -> None:
    # given
    payment = await paid(driver, desk)
    await driver.forget_published()
    # when
    refund = await desk.ask(payment, LIMIT)
    # then
    assert refund["state"] == "waits_for_second"
    assert await driver.published(RefundDue) == []
    assert (await desk.done(refund, by=desk.second)).is_problem(409, "refund_not_open")
    assert (await desk.do(refund, "approve", by=desk.first)).is_problem(409, "same_person")
    (await desk.do(refund, "approve", by=desk.second)).require(204)
    assert len(await driver.published(RefundDue)) == 1
    (await desk.done(refund, by=desk.first)).require(204)
    done = await desk.show(refund)
    assert done["asked_by"] != done["approved_by"]
    assert done["state"] == "done"


async def test_a_large_refund_by_an_event_is_approved_by_one_and_completed_by_another(
    driver: PaymentDriver, desk: RefundDesk
) -> None:
    entry, payment = await driver.register_and_upload()
    for by in (desk.first, desk.second):
        await driver.try_verify(payment, by=by)
    await driver.deliver(entry.cancelled(refund=payment))
    assert (await desk.show(str(payment)))["state"] == "waits_for_second"
    assert (await driver.invoice(entry))["refunds"][0]["state"] == "waits_for_second"
    assert len(await driver.published(RefundDue)) == 1
    (await desk.do(str(payment), "approve", by=desk.first)).require(204)
    assert (await desk.done(str(payment), by=desk.first)).is_problem(409, "same_person")
    (await desk.done(str(payment), by=desk.second)).require(204)
    assert len(await driver.published(RefundDue)) == 1


async def test_a_setting_that_comes_later_counts_for_what_is_due(driver: PaymentDriver, desk: RefundDesk) -> None:
    # given
    await desk.limit(None)
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    await desk.limit(LIMIT)
    # when
    assert (await desk.done(str(payment), by=desk.first)).require(202) == {"waits_for": "second_person"}
    # then
    assert (await desk.do(str(payment), "approve", by=desk.first)).is_problem(409, "same_person")
    (await desk.do(str(payment), "approve", by=desk.second)).require(204)
    (await desk.done(str(payment), by=desk.first)).require(204)


async def test_without_the_setting_the_one_who_asked_may_go_on(driver: PaymentDriver, desk: RefundDesk) -> None:
    refund = await desk.ask(await paid(driver, desk), LIMIT)
    await desk.limit(None)
    (await desk.do(refund, "approve", by=desk.first)).require(204)
    (await desk.done(refund, by=desk.first)).require(204)
    assert (await desk.show(refund))["approved_by"] is None


async def test_nothing_large_is_sent_through_the_gateway_by_one_person(driver: PaymentDriver, gateway: Gateway) -> None:
    refunds = GatewayRefunds(gateway)
    _, payment, _ = await refunds.paid()
    refund = await refunds.desk.ask(payment, LIMIT)
    await refunds.desk.limit(LIMIT)
    waits = (await refunds.desk.do(refund, "send")).require(202)
    assert (waits["state"], await refunds.sends()) == ("waits_for_second", 0)
    (await refunds.desk.do(refund, "approve", by=refunds.desk.second)).require(204)
    assert (await refunds.desk.do(refund, "send")).require(202)["state"] == "asked"
    assert await refunds.sends() == 1


async def test_the_database_refuses_an_approval_by_the_one_who_asked(driver: PaymentDriver, desk: RefundDesk) -> None:
    await desk.ask(await paid(driver, desk), LIMIT)
    with pytest.raises(IntegrityError, match="ck_refunds_second_person"):
        await driver.execute("UPDATE refunds SET approved_by = asked_by, approved_at = now()")


# --- money that fits no invoice


async def kept(driver: PaymentDriver, gateway: Gateway) -> str:
    """Return money of an unknown owner over the price of a registration."""
    await gateway.account.pay_static(150_000, PAYER)
    await gateway.told()
    await gateway.ask_about_strangers()
    [money] = await gateway.kept_money(state="open")
    return str(money["id"])


async def test_large_money_is_given_to_a_registration_by_two_people(
    driver: PaymentDriver, gateway: Gateway, desk: RefundDesk
) -> None:
    # given
    money, entry, other = await kept(driver, gateway), await driver.register(), await driver.register()

    async def assign(to: UUID, by: Headers) -> tuple[int, dict[str, object]]:
        body = {"registration_id": str(to), "reason": "The amount and the day fit."}
        answer = await driver.call("POST", f"/surplus/{money}/assign", by=by, json=body)
        return answer.status, answer.body

    # when
    assert await assign(other.id, desk.first) == (202, {"waits_for": "second_person"})
    assert (await assign(other.id, desk.first))[1]["code"] == "same_person"
    # then: another registration is another proposal
    assert (await assign(entry.id, desk.second))[0] == 202
    [waits] = await gateway.kept_money()
    assert (waits["state"], waits["proposed_registration_number"]) == ("open", entry.number)
    assert (await driver.invoice(entry))["status"] == "open"
    assert (await assign(entry.id, desk.first))[0] == 200
    assert (await driver.invoice(entry))["status"] == "paid"
    [assigned] = await gateway.kept_money()
    assert assigned["checked_by"] != assigned["decided_by"]


async def test_large_money_goes_back_by_another_person_than_decided_that(
    driver: PaymentDriver, gateway: Gateway, desk: RefundDesk
) -> None:
    money, entry = await kept(driver, gateway), await driver.register()

    async def decide(action: str, by: Headers, **body: str) -> int:
        return (await driver.call("POST", f"/surplus/{money}/{action}", by=by, json=body)).status

    assert await decide("assign", desk.first, registration_id=str(entry.id), reason="it fits") == 202
    assert await decide("refund", desk.first, reason="it does not fit") == 204
    assert await decide("refunded", desk.first, reference="BCA 1") == 409
    assert await decide("refunded", desk.second, reference="BCA 1") == 204


async def test_the_database_refuses_an_assignment_by_one_person(
    driver: PaymentDriver, gateway: Gateway, desk: RefundDesk
) -> None:
    money, entry = await kept(driver, gateway), await driver.register()
    body = {"registration_id": str(entry.id), "reason": "it fits"}
    (await driver.call("POST", f"/surplus/{money}/assign", by=desk.first, json=body)).require(202)
    decided = "state = 'refund_due', decided_at = now(), decided_by = checked_by, reason = 'x'"
    with pytest.raises(IntegrityError, match="ck_unassigned_money_checked"):
        await driver.execute(f"UPDATE unassigned_money SET {decided}")


async def test_each_first_check_is_in_the_audit_log(driver: PaymentDriver, desk: RefundDesk) -> None:
    await paid(driver, desk)
    answer = await driver.call("GET", "/audit", by=driver.staff(Role.ADMIN))
    actions = [(entry["action"], entry["actor"]) for entry in answer.require(200)["items"]]
    [checked] = [actor for action, actor in actions if action == "payment.check"]
    [verified] = [actor for action, actor in actions if action == "payment.verify"]
    assert checked != verified
