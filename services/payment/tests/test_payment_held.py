"""Decisions that can be undone for some seconds: nothing is lost, and they count as made when staff made them."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from chassis.auth.principals import Role
from contracts import PaymentRejected, PaymentVerified
from contracts.payments import InvoicePayload
from payment.proofs.tables import Payment
from payment.review import commands
from payment.review.commands import apply_held_decisions
from sqlalchemy.exc import DBAPIError
from testkit.clocks import ManualClock

from .payment_driver import PaymentDriver

TEN = timedelta(seconds=10)


async def decisions(driver: PaymentDriver) -> list[InvoicePayload]:
    published = await driver.published_payloads(InvoicePayload)
    return [each for each in published if isinstance(each, PaymentVerified | PaymentRejected)]


async def test_a_held_verification_takes_effect_after_its_time_and_not_before(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    entry, payment = await driver.register_and_upload()
    reviewer = uuid4()
    # when
    (await driver.try_verify(payment, by=driver.issuer.staff(Role.FINANCE, reviewer), undo_seconds=10)).require(204)
    # then
    assert await apply_held_decisions(driver.database) == 0
    assert (await driver.invoice(entry))["status"] == "proof_uploaded"
    [shown] = await driver.review_list()
    assert (shown["status"], shown["held"]["outcome"], shown["held"]["by"]) == ("uploaded", "verified", str(reviewer))
    assert (await driver.try_lease()).status == 204
    # and after its time
    clock.advance(TEN)
    assert await apply_held_decisions(driver.database) == 1
    assert (await driver.invoice(entry))["status"] == "paid"
    [event] = await decisions(driver)
    assert isinstance(event, PaymentVerified)
    assert (event.sequence, event.verified_by) == (2, reviewer)
    assert event.verified_at == datetime.fromisoformat(shown["held"]["at"])
    assert (await driver.review_list())[0]["held"] is None
    assert await apply_held_decisions(driver.database) == 0


async def test_a_held_rejection_leaves_the_runner_the_whole_time_for_another_proof(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    await driver.change_settings(payment_deadline_hours=6)
    entry, payment = await driver.register_and_upload(hours=1)
    body = {"reason": "cannot be read", "undo_seconds": 30}
    (await driver.call("POST", f"/payments/{payment}/reject", by=driver.finance, json=body)).require(204)
    clock.advance(timedelta(hours=3))  # no worker was there
    await apply_held_decisions(driver.database)
    [event] = await decisions(driver)
    assert isinstance(event, PaymentRejected)
    assert event.reason == "cannot be read"
    assert event.expires_at - clock() > timedelta(hours=5, minutes=59)
    await driver.upload_proof(entry)


async def test_an_undone_decision_is_back_in_the_queue_of_who_undid_it(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    _, payment = await driver.register_and_upload()
    (await driver.try_verify(payment, undo_seconds=10)).require(204)
    # when
    (await driver.call("POST", f"/payments/{payment}/undo", by=driver.finance)).require(204)
    # then
    assert (await driver.try_lease(driver.issuer.staff(Role.FINANCE))).status == 204
    assert await driver.leased() == payment
    clock.advance(TEN)
    assert await apply_held_decisions(driver.database) == 0
    assert await decisions(driver) == []
    again = await driver.call("POST", f"/payments/{payment}/undo", by=driver.finance)
    assert again.is_problem(409, "nothing_to_undo")
    # and it can be decided otherwise
    await driver.reject(payment)
    assert [note["action"] for note in await driver.audit_log()] == ["payment.hold", "payment.undo", "payment.reject"]


async def test_a_decision_cannot_be_undone_after_its_time_also_if_no_worker_came(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    _, payment = await driver.register_and_upload()
    (await driver.try_verify(payment, undo_seconds=10)).require(204)
    clock.advance(TEN)
    late = await driver.call("POST", f"/payments/{payment}/undo", by=driver.finance)
    assert late.is_problem(409, "nothing_to_undo")
    unknown = await driver.call("POST", f"/payments/{uuid4()}/undo", by=driver.finance)
    assert unknown.is_problem(404, "unknown_payment")
    for seconds in (-1, 31, "10"):
        assert (await driver.try_verify(payment, undo_seconds=seconds)).is_problem(422, "invalid_fields")


async def test_a_held_decision_stands_against_another_one(driver: PaymentDriver) -> None:
    _, payment = await driver.register_and_upload()
    reviewer = uuid4()
    (await driver.try_verify(payment, by=driver.issuer.staff(Role.FINANCE, reviewer), undo_seconds=10)).require(204)
    for refused in (await driver.try_reject(payment), await driver.try_verify(payment)):
        assert refused.is_problem(409, "already_decided")
        assert (refused.body["decision"], refused.body["decided_by"]) == ("verified", str(reviewer))
        assert refused.body["takes_effect_at"] is not None


async def test_a_cancellation_after_a_held_verification_is_not_known_to_it(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    """Otherwise registration would take it for staff who want the registration back."""
    entry, payment = await driver.register_and_upload()
    (await driver.try_verify(payment, undo_seconds=10)).require(204)
    await driver.deliver(entry.cancelled())
    clock.advance(TEN)
    await apply_held_decisions(driver.database)
    [event] = await decisions(driver)
    assert isinstance(event, PaymentVerified)
    assert event.registration_revision == 1


async def test_an_expiry_while_a_decision_is_held_leaves_the_invoice_to_it(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    entry, payment = await driver.register_and_upload()
    (await driver.try_verify(payment, undo_seconds=10)).require(204)
    await driver.deliver(entry.expired(known_sequence=0))
    assert (await driver.invoice(entry))["status"] == "proof_uploaded"
    clock.advance(TEN)
    await apply_held_decisions(driver.database)
    assert (await driver.invoice(entry))["status"] == "paid"


async def test_workers_at_once_let_a_decision_take_effect_once(driver: PaymentDriver, clock: ManualClock) -> None:
    entries = [await driver.register_and_upload() for _ in range(3)]
    for _, payment in entries:
        (await driver.try_verify(payment, undo_seconds=1)).require(204)
    clock.advance(TEN)
    done = await asyncio.gather(*(apply_held_decisions(driver.database) for _ in range(4)))
    assert sum(done) == 3
    assert len(await decisions(driver)) == 3


async def test_a_connection_that_dies_before_the_commit_loses_nothing(
    driver: PaymentDriver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    entry, payment = await driver.register_and_upload()
    (await driver.try_verify(payment, undo_seconds=1)).require(204)
    clock.advance(TEN)
    take_effect = commands._take_effect

    async def die(work: object, held: Payment) -> None:
        await take_effect(work, held)  # type: ignore[arg-type]
        await driver.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle in transaction'"
        )

    monkeypatch.setattr(commands, "_take_effect", die)
    # when
    with pytest.raises(DBAPIError):
        await apply_held_decisions(driver.database)
    # then
    assert (await driver.invoice(entry))["status"] == "proof_uploaded"
    assert await decisions(driver) == []
    # and the next run goes on
    monkeypatch.setattr(commands, "_take_effect", take_effect)
    assert await apply_held_decisions(driver.database) == 1
    [event] = await decisions(driver)
    assert (event.payment_id, event.sequence) == (payment, 2)


async def test_one_decision_that_fails_is_set_aside_and_stops_no_other(
    driver: PaymentDriver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    payments = [(await driver.register_and_upload())[1] for _ in range(3)]
    for payment in payments:
        (await driver.try_verify(payment, undo_seconds=1)).require(204)
    clock.advance(TEN)
    take_effect = commands._take_effect

    async def fail_for_one(work: object, held: Payment) -> None:
        if held.id == payments[1]:
            raise ValueError("cannot be done")
        await take_effect(work, held)  # type: ignore[arg-type]

    monkeypatch.setattr(commands, "_take_effect", fail_for_one)
    # when
    assert await apply_held_decisions(driver.database) == 2
    # then
    assert await _aside(driver) == [payments[1]]
    monkeypatch.setattr(commands, "_take_effect", take_effect)
    clock.advance(timedelta(minutes=11))
    await apply_held_decisions(driver.database)
    assert len(await decisions(driver)) == 3
    assert await _aside(driver) == []


async def _aside(driver: PaymentDriver) -> list[UUID]:
    return [row["subject_id"] for row in await driver.rows("SELECT subject_id FROM set_aside")]
