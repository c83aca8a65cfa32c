"""Refunds of their own: several of one payment, never more than came in, and what shows that they were made."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from contracts import PaymentVerified, RefundDone, RefundDue
from payment.refunds import commands

from .payment_driver import PaymentDriver
from .payment_pictures import PDF, png
from .refund_driver import RefundDesk
from .test_ledger import balances


@pytest.fixture
def desk(driver: PaymentDriver) -> RefundDesk:
    return RefundDesk(driver)


async def test_a_payment_goes_back_in_parts_and_no_more_than_came_in(driver: PaymentDriver, desk: RefundDesk) -> None:
    # given
    entry, payment = await driver.register_and_pay()
    await driver.forget_published()
    # when
    part = await desk.ask(payment, "50000.00")
    (await desk.done(part)).require(204)
    rest = await desk.ask(payment, "100000.00")
    # then
    refused = await desk.try_ask(payment, "0.01")
    assert refused.is_problem(409, "refund_exceeds_payment")
    assert refused.body["refundable"] == "0.00"
    assert await balances(driver) == {"bank": "100000.00", "runners": "-100000.00"}
    due = await driver.published_payloads(RefundDue)
    assert [each.amount for each in due] == [50000, 100000]
    assert [str(each.refund_id) for each in due] == [part["refund_id"], rest["refund_id"]]
    [done] = await driver.published_payloads(RefundDone)
    assert (str(done.amount), str(done.refund_id), done.payment_id) == ("50000.00", part["refund_id"], payment)
    seen = (await driver.invoice(entry))["refunds"]
    assert [(each["amount"], each["state"], each["way"]) for each in seen] == [
        ("50000.00", "done", "hand"),
        ("100000.00", "due", "hand"),
    ]


async def test_what_an_event_gives_back_is_what_is_left(driver: PaymentDriver, desk: RefundDesk) -> None:
    entry, payment = await driver.register_and_pay()
    await desk.ask(payment, "50000.00")
    event = await driver.deliver(entry.cancelled(refund=payment))
    await driver.redeliver(event)
    amounts = sorted((each["amount"], each["origin"]) for each in await driver.refunds())
    assert amounts == [("100000.00", "event"), ("50000.00", "staff")]
    shown = await desk.show(str(payment))
    assert (shown["amount"], shown["payment_amount"], shown["state"]) == ("100000.00", "150000.00", "due")


async def test_nothing_is_due_from_an_event_if_all_was_given_back(driver: PaymentDriver, desk: RefundDesk) -> None:
    entry, payment = await driver.register_and_pay()
    await desk.ask(payment, "150000.00")
    await driver.deliver(entry.cancelled(refund=payment))
    assert [each["origin"] for each in await driver.refunds()] == ["staff"]


async def test_a_form_that_is_sent_twice_makes_one_refund(driver: PaymentDriver, desk: RefundDesk) -> None:
    _, payment = await driver.register_and_pay()
    chosen = str(uuid4())
    answers = await asyncio.gather(*(desk.try_ask(payment, "50000.00", refund_id=chosen) for _ in range(4)))
    assert {answer.require(201)["refund_id"] for answer in answers} == {chosen}
    assert len(await driver.refunds()) == 1
    _, other = await driver.register_and_pay()
    for taken in (chosen, str(payment)):
        assert (await desk.try_ask(other, "50000.00", refund_id=taken)).is_problem(404, "unknown_refund")


async def test_what_cannot_go_back_is_refused(driver: PaymentDriver, desk: RefundDesk) -> None:
    _, waiting = await driver.register_and_upload()
    assert (await desk.try_ask(waiting, "1000.00")).is_problem(409, "refund_exceeds_payment")
    assert (await desk.try_ask(uuid4(), "1000.00")).is_problem(404, "unknown_payment")
    assert (await desk.try_ask(waiting, "0.00")).wrong_fields == ["amount"]
    for action in ("send", "approve"):
        assert (await desk.do(str(uuid4()), action)).is_problem(404, "unknown_refund")


async def test_of_two_people_who_ask_for_most_of_it_at_once_one_gets_it(
    driver: PaymentDriver, desk: RefundDesk
) -> None:
    for _ in range(5):
        _, payment = await driver.register_and_pay()
        answers = await asyncio.gather(
            desk.try_ask(payment, "90000.00", by=desk.first), desk.try_ask(payment, "90000.00", by=desk.second)
        )
        assert sorted(answer.status for answer in answers) == [201, 409]
        [refused] = [answer for answer in answers if answer.status == 409]
        assert refused.body["refundable"] == "60000.00"


async def test_without_the_lock_the_check_of_the_database_refuses_the_second(
    driver: PaymentDriver, desk: RefundDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both people see all of the payment, and without the check more goes back than came in."""
    _, payment = await driver.register_and_pay()
    monkeypatch.setattr(commands, "refundable", lambda payment: payment.amount)
    await desk.ask(payment, "90000.00")
    assert (await desk.try_ask(payment, "90000.00")).status == 500
    assert await driver.scalar("SELECT refund_total FROM payments") == 90000
    await driver.execute("ALTER TABLE payments DROP CONSTRAINT ck_payments_refund_total")
    await desk.ask(payment, "90000.00")
    assert await driver.scalar("SELECT refund_total FROM payments") == 180000


async def test_a_refund_by_staff_can_be_cancelled_and_frees_its_amount(driver: PaymentDriver, desk: RefundDesk) -> None:
    # given
    entry, payment = await driver.register_and_pay()
    refund = await desk.ask(payment, "150000.00")
    # when
    (await desk.do(refund, "cancel", reason="Asked for by mistake.")).require(204)
    # then
    shown = await desk.show(refund)
    assert (shown["state"], shown["cancel_reason"]) == ("cancelled", "Asked for by mistake.")
    for action, body in (("done", {"reference": "x"}), ("send", {}), ("cancel", {"reason": "x"}), ("approve", {})):
        refused = await desk.do(refund, action, by=None, **body)
        assert refused.is_problem(409, "refund_not_open")
        assert refused.body["state_now"] == "cancelled"
    assert (await driver.invoice(entry))["refunds"] == []
    assert await driver.refunds(status="due") == await driver.refunds(status="done") == []
    await desk.ask(payment, "150000.00")


async def test_what_an_event_owes_cannot_be_cancelled(driver: PaymentDriver, desk: RefundDesk) -> None:
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    refused = await desk.do(str(payment), "cancel", reason="no")
    assert refused.is_problem(409, "refund_not_open")
    assert (refused.body["state_now"], refused.body["origin"]) == ("due", "event")
    (await desk.done(str(payment))).require(204)
    assert (await desk.do(str(payment), "cancel", reason="no")).is_problem(409, "already_refunded")
    assert (await desk.done(str(payment))).is_problem(409, "already_refunded")


async def test_refunds_are_listed_by_payment_and_paged(driver: PaymentDriver, desk: RefundDesk) -> None:
    _, payment = await driver.register_and_pay()
    _, other = await driver.register_and_pay()
    refunds = [(await desk.ask(payment, "10000.00"))["refund_id"] for _ in range(4)]
    await desk.ask(other, "10000.00")
    (await desk.done(refunds[0])).require(204)
    mine = await driver.refunds(payment_id=str(payment))
    assert {each["refund_id"] for each in mine} == set(refunds)
    assert [each["state"] for each in mine] == ["due", "due", "due", "done"]
    seen: list[str] = []
    cursor = None
    while cursor is not None or not seen:
        params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await driver.call("GET", "/refunds", by=driver.finance, params=params)).require(200)
        seen, cursor = [*seen, *(each["refund_id"] for each in page["items"])], page["next_cursor"]
    assert len(seen) == len(set(seen)) == 5


async def test_a_picture_shows_the_transfer(driver: PaymentDriver, desk: RefundDesk) -> None:
    # given
    _, payment = await driver.register_and_pay()
    refund = await desk.ask(payment, "50000.00")
    path = f"/refunds/{refund['refund_id']}/evidence"
    assert (await driver.call("GET", path, by=driver.finance)).is_problem(404, "no_evidence")

    async def send(file: bytes) -> int:
        files = {"file": ("transfer.png", file, "image/png")}
        return (await driver.call("POST", path, by=driver.finance, files=files)).status

    # when
    assert [await send(PDF), await send(png()), await send(png())] == [415, 204, 204]
    # then
    shown = await desk.show(refund)
    assert shown["evidence"].endswith(path)
    picture = await driver.call("GET", path, by=driver.finance)
    assert (picture.status, picture.headers["content-type"]) == (200, "image/png")
    kept = await driver.scalar("SELECT evidence_path FROM refunds")
    # and the sweep keeps it, but not the one that it replaced
    driver.clock.advance(timedelta(hours=2))
    await driver.sweep()
    driver.clock.advance(timedelta(days=2))
    assert await driver.sweep() == 1
    assert kept in {str(each.relative_to(driver.folder)) for each in driver.stored_images()}


async def test_what_is_published_again_tells_of_each_refund_and_of_the_honoured_payment(
    driver: PaymentDriver, desk: RefundDesk
) -> None:
    entry, payment = await driver.register_and_pay()
    done = await desk.ask(payment, "10000.00")
    (await desk.done(done)).require(204)
    await desk.ask(payment, "20000.00")
    gone = await desk.ask(payment, "30000.00")
    (await desk.do(gone, "cancel", reason="no")).require(204)
    again = await driver.republish(entry)
    assert [type(each) for each in again] == [PaymentVerified, RefundDone, RefundDue]
    assert [each.amount for each in again if isinstance(each, RefundDue | RefundDone)] == [10000, 20000]


async def test_sums_of_money_count_parts(driver: PaymentDriver, desk: RefundDesk) -> None:
    _, payment = await driver.register_and_pay()
    (await desk.done(await desk.ask(payment, "10000.00"))).require(204)
    await desk.ask(payment, "20000.00")
    await desk.do(await desk.ask(payment, "30000.00"), "cancel", reason="no")
    sums = await driver.rows("""
        SELECT state, sum(payments) AS payments, sum(amount) AS amount FROM payment_sums
         GROUP BY state HAVING sum(payments) <> 0 ORDER BY state
    """)
    assert [tuple(row.values()) for row in sums] == [
        ("refund_due", 1, 20000),
        ("refunded", 1, 10000),
        ("verified", 1, 150000),
    ]


async def test_a_process_of_the_release_before_creates_and_completes_refunds_beside_this_one(
    driver: PaymentDriver, desk: RefundDesk
) -> None:
    # given
    _, payment = await driver.register_and_pay()
    part = await desk.ask(payment, "50000.00")
    insert = "INSERT INTO refunds (payment_id, reason, due_at) VALUES (:payment, 'ended', now()) ON CONFLICT DO NOTHING"
    done = (
        "UPDATE refunds SET done_at = now(), done_by = gen_random_uuid(), reference = 'BCA 1'"
        " WHERE payment_id = :payment AND done_at IS NULL"
    )
    # when
    for statement in (insert, insert, done):
        await driver.execute(statement, payment=payment)
    # then it creates what was left, and does not complete it: it would book the amount of the payment
    rest = await desk.show(str(payment))
    assert (rest["amount"], rest["state"], rest["origin"]) == ("100000.00", "due", "event")
    assert (await desk.show(part))["state"] == "due"
    # and what is over all of a payment, it completes
    _, other = await driver.register_and_pay()
    for statement in (insert, done):
        await driver.execute(statement, payment=other)
    assert (await desk.show(str(other)))["state"] == "done"
    assert await driver.scalar("SELECT sum(refund_total) FROM payments") == 300000


async def test_refund_ids_are_in_the_views_that_had_payments(driver: PaymentDriver, desk: RefundDesk) -> None:
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    refund = await desk.only()
    assert UUID(refund["refund_id"]) == payment
    assert refund["way"] == "hand"
    assert (refund["gateway_until"], refund["why_not_gateway"]) == (None, "not_by_gateway")
