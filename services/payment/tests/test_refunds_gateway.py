"""Refunds through the gateway: asked for once, whatever gets lost, done when it confirms, and booked once."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from contracts import RefundDone
from payment.charges import given_back
from payment.gateways.midtrans import Midtrans
from payment.gateways.port import RefundRequest
from simulators.midtrans.forms import RefundForm
from simulators.midtrans.modes import Mode, NotificationMode

from .midtrans_driver import Gateway
from .payment_driver import PaymentDriver
from .refund_driver import GatewayRefunds


async def test_a_refund_is_asked_for_and_done_once_the_gateway_confirms_it(
    driver: PaymentDriver, refunds: GatewayRefunds
) -> None:
    # given
    entry, payment, order = await refunds.owed()
    before = await refunds.desk.show(str(payment))
    assert before["why_not_gateway"] is None
    assert before["gateway_until"] is not None
    # when
    sent = (await refunds.desk.do(str(payment), "send")).require(202)
    # then
    assert (sent["state"], sent["way"]) == ("asked", "gateway")
    assert (await driver.invoice(entry))["refunds"][0]["state"] == "asked"
    assert await refunds.gateway.balances() == {"midtrans": "150000.00", "runners": "-150000.00"}
    for action, body in (("send", {}), ("cancel", {"reason": "x"})):
        assert (await refunds.desk.do(str(payment), action, by=None, **body)).is_problem(409, "refund_not_open")
    # and
    await refunds.confirmed(order)
    done = await refunds.desk.show(str(payment))
    assert (done["state"], done["reference"]) == ("done", f"Midtrans {order} {payment}")
    assert await refunds.gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}
    [event] = await driver.published_payloads(RefundDone)
    assert (event.refund_id, event.amount) == (payment, Decimal(150000))


async def test_many_reports_of_parts_by_two_ways_are_booked_once_each(
    driver: PaymentDriver, refunds: GatewayRefunds
) -> None:
    # given one part through the gateway, one by hand
    _, payment, order = await refunds.paid()
    one = await refunds.desk.ask(payment, "50000.00")
    two = await refunds.desk.ask(payment, "30000.00")
    (await refunds.desk.do(one, "send")).require(202)
    (await refunds.desk.done(two)).require(204)
    # when
    for _ in range(3):
        await refunds.confirmed(order)
    # then
    balances = await refunds.gateway.balances()
    assert balances == {"midtrans": "100000.00", "runners": "-70000.00", "bank": "-30000.00"}
    assert await driver.scalar("SELECT refunded FROM charges") == 50000
    assert await refunds.sends() == 1


async def test_an_answer_that_got_lost_is_asked_for_again_with_the_same_key(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    # given
    _, payment, order = await refunds.owed()
    gateway.notifications(NotificationMode.OFF)
    gateway.wire.loses = True
    # when
    sent = (await refunds.desk.do(str(payment), "send")).require(202)
    assert (sent["state"], sent["gateway_error"]) == ("asked", None)
    gateway.wire.loses = False
    await refunds.ask(after=timedelta(minutes=2))
    # then
    assert await refunds.sends() == 1
    await refunds.confirmed(order)
    assert (await refunds.desk.show(str(payment)))["state"] == "done"
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}


async def test_a_gateway_that_is_down_is_asked_later(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    _, payment, _ = await refunds.owed()
    gateway.behaves(Mode.DOWN)
    (await refunds.desk.do(str(payment), "send")).require(202)
    assert await refunds.sends() == 0
    gateway.behaves(Mode.OK)
    await refunds.ask(after=timedelta(minutes=2))
    assert await refunds.sends() == 1


async def test_a_process_that_dies_before_it_asks_leaves_the_refund_to_the_worker(
    refunds: GatewayRefunds, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, payment, _ = await refunds.owed()

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Midtrans, "refund", die)
        with pytest.raises(KeyboardInterrupt):
            await refunds.desk.do(str(payment), "send")
    assert await refunds.sends() == 0
    await refunds.ask(after=timedelta(minutes=2))
    assert await refunds.sends() == 1


async def test_too_little_money_there_leaves_it_to_a_person_and_it_may_be_sent_again(
    gateway: Gateway, refunds: GatewayRefunds
) -> None:
    # given
    _, payment, _ = await refunds.owed()
    gateway.account.refund_balance = 0
    # when
    sent = (await refunds.desk.do(str(payment), "send")).require(202)
    # then
    assert (sent["state"], sent["way"], sent["gateway_error"]) == ("due", "hand", "no_balance")
    assert sent["gateway_error_words"]["id"].startswith("Gerbang pembayaran menolak")
    gateway.account.refund_balance = None
    again = (await refunds.desk.do(str(payment), "send")).require(202)
    assert (again["state"], again["gateway_error"]) == ("asked", None)


async def test_what_the_gateway_cannot_give_back_is_not_sent(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    async def why_not(payment: object) -> str:
        refund = await refunds.desk.ask(str(payment), "1000.00")
        refused = await refunds.desk.do(refund, "send")
        assert refused.is_problem(409, "gateway_refund_not_possible")
        assert (await refunds.desk.show(refund))["why_not_gateway"] == refused.body["why_not"]
        return str(refused.body["why_not"])

    _, by_proof = await driver.register_and_pay()
    _, by_account, _ = await refunds.paid("midtrans_va", "bca")
    _, by_code, _ = await refunds.paid()
    assert await why_not(by_proof) == "not_by_gateway"
    assert await why_not(by_account) == "virtual_account"
    await gateway.open_account(server_key=None)
    assert await why_not(by_code) == "no_gateway"
    await gateway.open_account()
    driver.clock.advance(timedelta(days=8))
    assert await why_not(by_code) == "window_over"


async def test_a_charge_that_was_not_asked_about_since_counts_the_shortest_time(
    driver: PaymentDriver, refunds: GatewayRefunds
) -> None:
    _, payment, _ = await refunds.owed()
    known = (await refunds.desk.show(str(payment)))["gateway_until"]
    await driver.execute("UPDATE charges SET refundable_until = NULL")
    assert (await refunds.desk.show(str(payment)))["gateway_until"] == known


async def made_there(gateway: Gateway, order: str, amount: int) -> None:
    """Refund at the gateway's own pages, and let payment hear of it."""
    await gateway.account.refund(order, RefundForm(refund_key=None, amount=amount, reason="by hand"))


async def test_a_refund_made_at_the_gateway_closes_the_one_that_was_due(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    # given
    _, payment, order = await refunds.owed()
    # when
    await made_there(gateway, order, 150_000)
    await refunds.confirmed(order)
    # then
    assert [each["state"] for each in await driver.refunds()] == ["done"]
    assert (await refunds.desk.done(str(payment))).is_problem(409, "already_refunded")
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}


async def test_a_refund_that_staff_made_there_and_marked_here_is_booked_once(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    # given
    _, payment, order = await refunds.owed()
    (await refunds.desk.done(str(payment))).require(204)
    # when the gateway reports it afterwards
    await made_there(gateway, order, 150_000)
    for _ in range(2):
        await refunds.confirmed(order)
    # then
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00", "bank": "0.00"}
    assert [each["way"] for each in await driver.refunds()] == ["gateway"]


async def test_a_refund_made_there_without_one_being_due_has_a_row_and_leaves_less_to_give_back(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    entry, payment, order = await refunds.paid()
    await made_there(gateway, order, 50_000)
    await refunds.confirmed(order)
    [made] = await driver.refunds()
    assert (made["origin"], made["state"], made["amount"]) == ("gateway", "done", "50000.00")
    await driver.deliver(entry.cancelled(refund=payment))
    assert (await refunds.desk.show(str(payment)))["amount"] == "100000.00"
    assert await gateway.balances() == {"midtrans": "100000.00", "runners": "-100000.00"}


async def test_money_that_goes_back_twice_is_booked_and_not_hidden(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    """A part by hand, and then all of it there: more went back than came in."""
    _, payment, order = await refunds.paid()
    (await refunds.desk.done(await refunds.desk.ask(payment, "60000.00"))).require(204)
    await made_there(gateway, order, 150_000)
    for _ in range(2):
        await refunds.confirmed(order)
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "60000.00", "bank": "-60000.00"}
    assert len(await driver.refunds()) == 1


async def test_kept_money_that_was_refunded_there_is_settled_and_booked_once(
    driver: PaymentDriver, gateway: Gateway
) -> None:
    # given a second payment
    entry = await driver.register()
    charge = await gateway.charge(entry)
    await driver.verify(await driver.upload_proof(entry))
    gateway.notifications(NotificationMode.OFF)
    await gateway.pay(charge)
    await gateway.ask(after=timedelta(minutes=2))
    # when
    await made_there(gateway, charge["order_id"], 150_000)
    for _ in range(2):
        await gateway.ask(after=timedelta(days=1, minutes=1))
    # then
    [kept] = await gateway.kept_money()
    assert (kept["state"], kept["reason"]) == ("refunded", "It was refunded at the payment gateway.")
    balances = await gateway.balances()
    assert balances == {"bank": "150000.00", "midtrans": "0.00", "runners": "-150000.00", "surplus": "0.00"}


async def test_money_that_was_assigned_goes_back_through_the_gateway(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    entry = await driver.register()
    charge = await gateway.charge(entry)
    await driver.verify(await driver.upload_proof(entry))
    gateway.notifications(NotificationMode.OFF)
    await gateway.pay(charge)
    await gateway.ask(after=timedelta(minutes=2))
    [kept] = await gateway.kept_money()
    other = await driver.register()
    answer = await gateway.decide(kept["id"], "assign", registration_id=str(other.id), reason="for a friend")
    payment = answer.require(200)["payment_id"]
    refund = await refunds.desk.ask(payment, "150000.00")
    assert (await refunds.desk.do(refund, "send")).require(202)["state"] == "asked"
    await refunds.confirmed(charge["order_id"])
    assert (await refunds.desk.show(refund))["state"] == "done"
    assert (await gateway.balances())["midtrans"] == "0.00"


async def test_a_refund_that_is_accepted_and_never_confirmed_can_be_completed_by_a_person(
    gateway: Gateway, refunds: GatewayRefunds
) -> None:
    _, payment, order = await refunds.owed()
    gateway.wire.loses = True
    (await refunds.desk.do(str(payment), "send")).require(202)
    assert (await refunds.desk.done(str(payment))).is_problem(409, "refund_not_open")
    gateway.wire.loses = False
    await refunds.ask(after=timedelta(minutes=2))
    (await refunds.desk.done(str(payment))).require(204)
    await refunds.confirmed(order)
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}


async def test_reports_that_come_at_once_book_once(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    _, payment, order = await refunds.owed()
    (await refunds.desk.do(str(payment), "send")).require(202)
    for refund in gateway.account.order(order).refunds:
        refund.confirmed_at = gateway.account.clock.now()
    driver.clock.advance(timedelta(days=1, minutes=1))
    await asyncio.gather(*(refunds.ask() for _ in range(4)))
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}
    assert len(await driver.published_payloads(RefundDone)) == 1


class WithoutList(httpx.AsyncBaseTransport):
    """Answers as a gateway that says what was refunded in all, and does not list the refunds."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await response.aread()
        body = response.json()
        body.pop("refunds", None)
        return httpx.Response(response.status_code, json=body)


async def test_a_sum_without_a_list_counts_as_a_refund(gateway: Gateway, refunds: GatewayRefunds) -> None:
    _, payment, order = await refunds.owed()
    await made_there(gateway, order, 150_000)
    gateway.http._transport = WithoutList(gateway.http._transport)
    for _ in range(2):
        await refunds.ask(after=timedelta(days=1, minutes=1))
    assert (await refunds.desk.show(str(payment)))["state"] == "done"
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}


async def test_a_sum_without_a_list_is_the_refund_that_was_asked_for(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    _, payment, _ = await refunds.owed()
    gateway.http._transport = WithoutList(gateway.http._transport)
    (await refunds.desk.do(str(payment), "send")).require(202)
    for _ in range(2):
        await refunds.ask(after=timedelta(days=1, minutes=1))
    assert (await refunds.desk.only())["state"] == "done"
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}
    assert len(await driver.published_payloads(RefundDone)) == 1


async def test_without_the_rows_a_refund_marked_here_would_be_booked_twice(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a report whose refund matches nothing."""
    _, payment, order = await refunds.owed()
    (await refunds.desk.done(str(payment))).require(204)

    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(given_back, "_matching", nothing)
    await made_there(gateway, order, 150_000)
    await refunds.confirmed(order)
    assert (await gateway.balances())["runners"] == "150000.00"


async def test_a_reason_and_a_key_go_to_the_gateway(gateway: Gateway, refunds: GatewayRefunds) -> None:
    _, payment, order = await refunds.paid()
    refund = await refunds.desk.ask(payment, "50000.00")
    (await refunds.desk.do(refund, "send")).require(202)
    [made] = gateway.account.order(order).refunds
    assert (made.key, made.amount, made.reason) == (refund["refund_id"], 50_000, "The runner is ill.")


async def test_a_duplicate_is_an_accepted_refund_and_parts_of_a_rupiah_are_not_sent(gateway: Gateway) -> None:
    entry = await gateway.driver.register()
    charge = await gateway.charge(entry)
    await gateway.pay(charge)
    adapter = Midtrans(base_url="http://midtrans.test/api", server_key=gateway.account.server_key, http=gateway.http)
    request = RefundRequest(order_id=charge["order_id"], key="k-1", amount=Decimal("1000.00"), reason="x")
    await adapter.refund(request)
    await adapter.refund(request)
    assert len(gateway.account.order(charge["order_id"]).refunds) == 1
