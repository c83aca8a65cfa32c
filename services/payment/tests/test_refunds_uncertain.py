"""What goes back through the gateway while answers are lost, refused or missing: never twice, and never stuck."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from payment.gateways.account import GatewayAccess
from payment.gateways.midtrans import Midtrans
from payment.refund_desk import asking
from payment.refund_desk.sending import ask_about_refunds
from simulators.midtrans.modes import Mode, NotificationMode

from .kept_driver import KeptMoney
from .midtrans_driver import Gateway
from .payment_driver import PaymentDriver, settings_for
from .refund_driver import GatewayRefunds

MINUTE = timedelta(seconds=61)


class Answers(httpx.AsyncBaseTransport):
    """Passes requests on, but answers those for a refund, or for a status, with a code of Midtrans.

    Attributes:
        refund, status: the code; None passes on.
    """

    def __init__(self, gateway: Gateway) -> None:
        self.refund: int | None = None
        self.status: int | None = None
        self._inner = gateway.http._transport
        gateway.http._transport = self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        code = {"refund": self.refund, "status": self.status}.get(request.url.path.rpartition("/")[2])
        if code is None:
            return await self._inner.handle_async_request(request)
        return httpx.Response(200, json={"status_code": str(code)})


@pytest.mark.parametrize("refusal", [412, 414])
async def test_a_refusal_of_what_may_have_happened_changes_nothing_while_the_status_is_not_known(
    gateway: Gateway, refunds: GatewayRefunds, refusal: int
) -> None:
    # given a refund that was made, and whose answer got lost
    answers = Answers(gateway)
    _, payment, order = await refunds.owed()
    gateway.notifications(NotificationMode.OFF)
    gateway.wire.loses = True
    (await refunds.desk.do(str(payment), "send")).require(202)
    gateway.wire.loses = False
    [made] = gateway.account.order(order).refunds
    # when the gateway lists it late, refuses the repetition, and then tells nothing
    gateway.account.order(order).refunds.clear()
    answers.refund = refusal
    real = Midtrans.refund

    async def refused_and_then_down(self: Midtrans, request: Any) -> None:
        answers.status = 503
        await real(self, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Midtrans, "refund", refused_and_then_down)
        await refunds.ask(after=timedelta(minutes=2))
    # then
    shown = await refunds.desk.show(str(payment))
    assert (shown["state"], shown["way"], shown["gateway_error"]) == ("asked", "gateway", None)
    assert (await refunds.desk.done(str(payment))).is_problem(409, "refund_not_open")
    # and once it tells, the refund is known
    answers.status = None
    gateway.account.order(order).refunds.append(made)
    await refunds.confirmed(order)
    assert (await refunds.desk.show(str(payment)))["state"] == "done"
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}


async def test_a_refusal_counts_once_a_status_says_nothing_of_the_refund(
    gateway: Gateway, refunds: GatewayRefunds
) -> None:
    answers = Answers(gateway)
    _, payment, _ = await refunds.owed()
    answers.refund, answers.status = 414, 503
    assert (await refunds.desk.do(str(payment), "send")).require(202)["state"] == "asked"
    answers.status = None
    await refunds.ask(after=MINUTE)
    shown = await refunds.desk.show(str(payment))
    assert (shown["state"], shown["way"], shown["gateway_error"]) == ("due", "hand", "no_balance")


async def test_kept_money_stays_asked_for_while_the_status_is_not_known(gateway: Gateway, kept: KeptMoney) -> None:
    answers = Answers(gateway)
    money, _ = await kept.owed()
    answers.refund, answers.status = 412, 503
    assert (await kept.do(money, "send")).require(202)["state"] == "asked"
    answers.status = None
    await kept.ask(after=MINUTE)
    assert (await kept.show(money))["state"] == "refund_due"


async def test_an_order_that_the_gateway_does_not_know_leaves_the_refund_to_a_person(
    gateway: Gateway, refunds: GatewayRefunds
) -> None:
    # given
    answers = Answers(gateway)
    _, payment, _ = await refunds.owed()
    gateway.behaves(Mode.DOWN)
    (await refunds.desk.do(str(payment), "send")).require(202)
    gateway.behaves(Mode.OK)
    # when
    answers.refund = answers.status = 404
    await refunds.ask(after=MINUTE)
    # then
    shown = await refunds.desk.show(str(payment))
    assert (shown["state"], shown["way"], shown["gateway_error"]) == ("due", "hand", "not_by_gateway")


async def test_what_the_gateway_accepted_stays_asked_for_if_it_does_not_know_the_order_later(
    gateway: Gateway, refunds: GatewayRefunds
) -> None:
    answers = Answers(gateway)
    _, payment, _ = await refunds.owed()
    (await refunds.desk.do(str(payment), "send")).require(202)
    answers.refund = answers.status = 404
    await refunds.ask(after=MINUTE)
    assert (await refunds.desk.show(str(payment)))["state"] == "asked"
    (await refunds.desk.done(str(payment))).require(204)


async def test_without_an_account_what_was_not_accepted_is_left_to_a_person_after_a_day(
    gateway: Gateway, refunds: GatewayRefunds, kept: KeptMoney
) -> None:
    # given
    _, accepted, _ = await refunds.owed()
    (await refunds.desk.do(str(accepted), "send")).require(202)
    _, payment, _ = await refunds.owed()
    money, _ = await kept.owed()
    gateway.wire.loses = True
    (await refunds.desk.do(str(payment), "send")).require(202)
    (await kept.do(money, "send")).require(202)
    # when the key is removed, to enter another
    await gateway.open_account(server_key=None)
    await refunds.ask(after=MINUTE)
    await kept.ask()
    # then
    assert (await refunds.desk.show(str(payment)))["state"] == "asked"
    assert (await kept.show(money))["state"] == "asked"
    # when it is still removed a day later
    await refunds.ask(after=timedelta(days=1))
    await kept.ask()
    # then it may have been made there
    shown = await refunds.desk.show(str(payment))
    assert (shown["state"], shown["way"], shown["gateway_error"]) == ("due", "hand", "refused")
    assert "Look at the order there" in shown["gateway_error_words"]["en"]
    assert (await kept.show(money))["state"] == "refund_due"
    assert (await refunds.desk.show(str(accepted)))["state"] == "asked"


async def test_an_account_whose_key_cannot_be_read_changes_nothing(
    driver: PaymentDriver, gateway: Gateway, refunds: GatewayRefunds
) -> None:
    """The keys of the installation are wrong: the account is still there, and so may the refund be."""
    _, payment, _ = await refunds.owed()
    gateway.behaves(Mode.DOWN)
    (await refunds.desk.do(str(payment), "send")).require(202)
    driver.clock.advance(MINUTE)
    other = settings_for(driver.settings.database_url, driver.folder).secret_box()
    await asking_about(driver, GatewayAccess(other, gateway.http))
    assert (await refunds.desk.show(str(payment)))["state"] == "asked"


async def asking_about(driver: PaymentDriver, access: GatewayAccess) -> int:
    return await ask_about_refunds(driver.database, access)


# --- a worker that is stopped, and a gateway that is down


async def long_asked(refunds: GatewayRefunds, count: int) -> list[str]:
    """Return refunds that were asked for more than a day ago, of which the gateway got none."""
    payments = [str((await refunds.owed())[1]) for _ in range(count)]
    refunds.gateway.behaves(Mode.DOWN)
    for payment in payments:
        (await refunds.desk.do(payment, "send")).require(202)
    now = refunds.driver.clock()
    await refunds.driver.execute("UPDATE refunds SET sent_at = sent_at - interval '2 days', ask_at = :now", now=now)
    refunds.gateway.behaves(Mode.OK)
    return payments


async def test_a_run_that_is_cut_leaves_the_rest_to_the_next_one_within_a_minute(
    refunds: GatewayRefunds, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    await long_asked(refunds, 3)

    started = asyncio.Event()

    async def hang(*_: object) -> None:
        started.set()
        await asyncio.Event().wait()

    # when
    with monkeypatch.context() as patch:
        patch.setattr(Midtrans, "status", hang)
        run = asyncio.create_task(asking_about(refunds.driver, refunds.gateway.access))
        await started.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
    assert await refunds.sends() == 0
    # then
    await refunds.ask(after=MINUTE)
    assert await refunds.sends() == 3


async def test_while_the_gateway_is_down_a_run_ends_after_its_first_portion(
    gateway: Gateway, refunds: GatewayRefunds
) -> None:
    await long_asked(refunds, 12)
    gateway.behaves(Mode.DOWN)
    assert await asking_about(refunds.driver, gateway.access) == 10
    gateway.behaves(Mode.OK)
    await refunds.ask(after=MINUTE)
    assert await refunds.sends() == 12


async def test_what_was_looked_at_is_asked_about_hours_later(driver: PaymentDriver, refunds: GatewayRefunds) -> None:
    await long_asked(refunds, 1)
    await refunds.ask()
    wait = await driver.scalar("SELECT ask_at FROM refunds") - driver.clock()
    assert timedelta(hours=11, minutes=59) < wait <= timedelta(hours=12)


async def test_one_that_fails_does_not_keep_the_others_waiting(
    refunds: GatewayRefunds, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first, *_] = await long_asked(refunds, 12)
    real = asking._look

    async def look(*args: Any) -> Any:
        if str(args[-1].id) == first:
            raise RuntimeError("cannot be read")
        return await real(*args)

    monkeypatch.setattr(asking, "_look", look)
    assert await asking_about(refunds.driver, refunds.gateway.access) == 12
    assert await refunds.sends() == 11
