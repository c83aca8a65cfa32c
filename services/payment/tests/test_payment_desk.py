"""The review desk: one proof at a time, oldest first, never the same one for two people."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from chassis.auth.principals import Role, Staff
from chassis.database import UnitOfWork
from payment.proofs.tables import WAITING, Payment
from payment.review import leases
from payment.review.leases import lease_next
from sqlalchemy import select, update
from testkit.clocks import ManualClock
from testkit.driver import Headers

from .payment_driver import PaymentDriver
from .payment_events import Race

LEASE = timedelta(seconds=120)


async def waiting(driver: PaymentDriver, number: int) -> list[UUID]:
    """Upload proofs a minute apart, and return their payments, oldest first."""
    payments = []
    for _ in range(number):
        payments.append((await driver.register_and_upload())[1])
        driver.clock.advance(timedelta(minutes=1))
    return payments


def reviewer(driver: PaymentDriver) -> Headers:
    return driver.issuer.staff(Role.FINANCE)


async def test_the_oldest_waiting_proof_is_leased_with_its_invoice_and_what_waits(driver: PaymentDriver) -> None:
    # given
    entry, first = await driver.register_and_upload(payer="Siti Aminah")
    driver.clock.advance(timedelta(minutes=5))
    await waiting(driver, 2)
    # when
    item = await driver.lease()
    # then
    assert (item["payment"]["payment_id"], item["payment"]["payer_name"]) == (str(first), "Siti Aminah")
    assert item["payment"]["age_seconds"] >= 300
    assert item["invoice"] == {**await driver.invoice(entry), "payments": []}
    assert item["candidate_lines"] == []
    assert item["waiting"] == {"count": 3, "oldest_at": item["payment"]["uploaded_at"]}
    assert item["leased_until"] == item["payment"]["leased_until"]
    # and the list shows who looks at it
    assert [row["leased_by"] is None for row in await driver.review_list()] == [False, True, True]


async def test_without_a_waiting_proof_there_is_nothing_to_review(driver: PaymentDriver) -> None:
    await driver.register_and_pay()
    answer = await driver.try_lease()
    assert (answer.status, answer.content) == (204, b"")
    assert (await driver.try_lease(after=str(uuid4()))).is_problem(404, "unknown_payment")


async def test_the_same_person_gets_the_same_proof_and_others_the_next_until_the_lease_ends(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    first, second = await waiting(driver, 2)
    one, other = reviewer(driver), reviewer(driver)
    assert (await driver.leased(one), await driver.leased(other)) == (first, second)
    assert (await driver.try_lease(reviewer(driver))).status == 204
    # when the first one asks again, the lease is renewed
    clock.advance(LEASE - timedelta(seconds=30))
    assert await driver.leased(one) == first
    clock.advance(timedelta(seconds=60))
    # then only the other's has ended
    assert await driver.leased(reviewer(driver)) == second


async def test_a_proof_that_is_given_back_is_free_and_a_lease_of_others_stays(driver: PaymentDriver) -> None:
    [payment] = await waiting(driver, 1)
    one, other = reviewer(driver), reviewer(driver)
    await driver.leased(one)
    (await driver.call("POST", f"/review/{payment}/release", by=other)).require(204)
    assert (await driver.try_lease(other)).status == 204
    (await driver.call("POST", f"/review/{payment}/release", by=one)).require(204)
    assert await driver.leased(other) == payment
    answer = await driver.call("POST", f"/review/{uuid4()}/release", by=one)
    assert answer.is_problem(404, "unknown_payment")


async def test_a_desk_of_one_race_has_its_proofs_only_and_counts_them_alone(driver: PaymentDriver) -> None:
    # given two races, of whose proofs the older and the newest are for the first
    night, morning = Race(), Race()
    proofs = []
    for race in (night, morning, night):
        proofs.append((await driver.register_and_upload(race=race))[1])
        driver.clock.advance(timedelta(minutes=1))
    one, other = reviewer(driver), reviewer(driver)
    of_morning = {"event_id": str(morning.event_id)}
    # then each race is a queue of its own
    item = await driver.lease(one, **of_morning)
    assert item["payment"]["payment_id"] == str(proofs[1])
    assert item["waiting"] == {"count": 1, "oldest_at": item["payment"]["uploaded_at"]}
    assert (await driver.try_lease(other, **of_morning)).status == 204
    assert (await driver.try_lease(one, **of_morning, after=str(proofs[1]))).status == 204
    of_night = {"event_id": str(night.event_id)}
    assert await driver.leased(one, **of_night, after=str(proofs[0])) == proofs[2]
    assert await driver.leased(one, **of_night, before=str(proofs[2])) == proofs[0]
    # and without a race the queue is that of all
    assert await driver.leased(other) == proofs[1]


async def test_skipping_moves_on_in_order_and_frees_what_was_skipped(driver: PaymentDriver) -> None:
    # given
    payments = await waiting(driver, 4)
    one, other = reviewer(driver), reviewer(driver)
    assert await driver.leased(other) == payments[0]
    # when
    seen = [await driver.leased(one)]
    while (answer := await driver.try_lease(one, after=str(seen[-1]))).status == 200:
        seen.append(UUID(answer.body["payment"]["payment_id"]))
    # then
    assert seen == payments[1:]
    await driver.verify(payments[0])
    assert await driver.leased(other, after=str(payments[0])) == payments[1]


async def test_going_back_leads_to_the_proof_before_that_no_one_else_reviews(driver: PaymentDriver) -> None:
    # given
    first, second, third, fourth = await waiting(driver, 4)
    one, other = reviewer(driver), reviewer(driver)
    assert await driver.leased(one, after=str(third)) == fourth
    assert await driver.leased(other, after=str(second)) == third
    # when
    assert await driver.leased(one, before=str(fourth)) == second, "and not the other's"
    # then the proof that was left is free, and asking again changes nothing
    assert await driver.leased(one, before=str(fourth)) == second
    assert await driver.leased(other, after=str(third)) == fourth
    assert await driver.leased(one, before=str(second)) == first
    assert (await driver.try_lease(one, before=str(first))).status == 204
    both = await driver.try_lease(one, before=str(first), after=str(first))
    assert both.is_problem(422, "invalid_fields")
    assert (await driver.try_lease(one, before=str(uuid4()))).is_problem(404, "unknown_payment")


async def test_a_decision_by_someone_else_during_a_lease_stands_and_is_shown(driver: PaymentDriver) -> None:
    # given
    for decide, decision in ((driver.try_verify, "verified"), (driver.try_reject, "rejected")):
        [payment] = await waiting(driver, 1)
        assert await driver.leased(reviewer(driver)) == payment
        (await decide(payment)).require(204)
        [row] = await driver.rows("SELECT * FROM payments WHERE id = :id", id=payment)
        # when
        refused = await driver.try_verify(payment, by=reviewer(driver))
        # then
        assert refused.is_problem(409, "already_decided")
        assert refused.body["decision"] == decision
        assert refused.body["decided_by"] == str(row[f"{decision}_by"])
        assert refused.body["decided_at"] == row[f"{decision}_at"].isoformat()
        assert refused.body["takes_effect_at"] is None


async def test_many_people_at_once_get_a_proof_each(driver: PaymentDriver) -> None:
    payments = await waiting(driver, 6)
    leased = await asyncio.gather(*(driver.leased(reviewer(driver)) for _ in payments))
    assert sorted(leased) == sorted(payments)


async def test_with_the_guard_off_two_people_get_the_same_proof(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: look, then write."""
    await waiting(driver, 2)
    barrier = asyncio.Barrier(2)

    async def look_then_write(work: UnitOfWork, chosen: object, *, by: UUID, until: object) -> Payment:
        looked = await work.session.execute(select(Payment.id).where(WAITING).order_by(Payment.uploaded_at).limit(1))
        payment_id = looked.scalar_one()
        async with asyncio.timeout(10):
            await barrier.wait()
        lease = update(Payment).where(Payment.id == payment_id).values(leased_by=by, leased_until=until)
        return (await work.session.execute(lease.returning(Payment))).scalar_one()

    monkeypatch.setattr(leases, "_lease", look_then_write)

    async def lease() -> UUID:
        async with driver.database.work() as work:
            payment = await lease_next(work, by=Staff(uuid4(), Role.FINANCE, uuid4()), lasting=LEASE)
            assert payment is not None
            return payment.id

    one, other = await asyncio.gather(lease(), lease())
    assert one == other


async def test_many_payments_are_verified_at_once_with_a_result_for_each_and_again(driver: PaymentDriver) -> None:
    # given
    first, second, held = await waiting(driver, 3)
    await driver.reject(second)
    (await driver.try_verify(held, undo_seconds=10)).require(204)
    unknown = uuid4()
    chosen = {"payment_ids": [str(each) for each in (first, second, unknown, held, first)]}
    # when
    answers = [await driver.call("POST", "/payments/bulk/verify", by=driver.finance, json=chosen) for _ in range(2)]
    # then
    once, again = ([(UUID(i["payment_id"]), i["result"]) for i in answer.require(200)["items"]] for answer in answers)
    assert once == [
        (first, "verified"),
        (second, "already_decided"),
        (unknown, "unknown_payment"),
        (held, "already_decided"),
    ]
    assert again == [(first, "already_decided"), *once[1:]]
    decisions = [item["decision"] for item in answers[1].body["items"]]
    assert decisions == ["verified", "rejected", None, "verified"]
    assert len(await driver.audit_log("payment.verify")) == 1


async def test_the_size_of_a_bulk_is_limited(driver: PaymentDriver) -> None:
    for ids in ([], [str(uuid4()) for _ in range(201)], ["x"]):
        answer = await driver.call("POST", "/payments/bulk/verify", by=driver.finance, json={"payment_ids": ids})
        assert answer.is_problem(422, "invalid_fields")


async def test_refunds_are_found_by_race_and_name_with_their_age_and_the_proof(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    entry, payment = await driver.register_and_pay(payer="Siti Aminah")
    other, second = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    await driver.deliver(other.cancelled(refund=second))
    clock.advance(timedelta(hours=2))
    # when
    [refund] = await driver.refunds(status="due", event_id=str(entry.race.event_id))
    # then
    assert (refund["payment_id"], refund["registration_ended"]) == (str(payment), "cancelled")
    assert 7200 <= refund["age_seconds"] < 7300
    assert [each["payment_id"] for each in await driver.refunds(q="aminah")] == [str(payment)]
    assert (await driver.http.get(refund["proof"], headers=driver.finance)).status_code == 200
    # and its age stops when it is done
    await driver.mark_refunded(payment, "BCA 77")
    clock.advance(timedelta(hours=2))
    shown = (await driver.call("GET", f"/refunds/{payment}", by=driver.finance)).require(200)
    assert (shown["reference"], shown["age_seconds"] < 7300) == ("BCA 77", True)
    assert (await driver.call("GET", f"/refunds/{uuid4()}", by=driver.finance)).is_problem(404, "unknown_refund")
