"""Kept money goes back through the gateway: asked once, confirmed later, by hand with a reason if it is refused."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from payment.gateways.midtrans import Midtrans
from payment.ledger.consistency import wrong_bookings
from simulators.midtrans.modes import Mode
from sqlalchemy.exc import IntegrityError

from .kept_driver import KeptMoney
from .midtrans_driver import PAYER, Gateway
from .payment_driver import PaymentDriver
from .reconciling import Books
from .statement_driver import Bank

ALL_BACK = {"bank": "150000.00", "midtrans": "0.00", "runners": "-150000.00", "surplus": "0.00"}


async def is_in_order(driver: PaymentDriver) -> bool:
    """Return whether movements are as the kept money says, and no channel differs from its facts."""
    channels = (await Books(driver).reconcile())["channels"]
    async with driver.database.read() as session:
        return await wrong_bookings(session) == [] and {each["difference"] for each in channels} == {"0.00"}


async def test_it_is_asked_for_and_done_once_the_gateway_confirms_it(
    driver: PaymentDriver, gateway: Gateway, kept: KeptMoney
) -> None:
    # given
    money, order = await kept.owed()
    before = await kept.show(money)
    assert (before["why_not_gateway"], before["way"], before["left"]) == (None, "hand", "150000.00")
    assert before["gateway_until"] is not None
    # when
    sent = (await kept.do(money, "send")).require(202)
    # then
    assert (sent["state"], sent["way"], sent["gateway_error"]) == ("asked", "gateway", None)
    assert sent["accepted_at"] is not None
    assert (await gateway.balances())["midtrans"] == "150000.00"
    [made] = gateway.account.order(order).refunds
    assert (made.key, made.amount, made.reason) == (money, 150_000, "paid twice")
    for action in ("send", "refund", "assign"):
        body = {"refund": {"reason": "x"}, "assign": {"reason": "x", "registration_id": sent["registration_id"]}}
        assert (await kept.do(money, action, **body.get(action, {}))).status == 409
    assert [each["id"] for each in await gateway.kept_money(state="asked")] == [money]
    assert await is_in_order(driver)
    # and
    await kept.confirmed(order)
    done = await kept.show(money)
    assert (done["state"], done["refund_reference"], done["left"]) == ("refunded", money, "0.00")
    assert await gateway.balances() == ALL_BACK
    assert await is_in_order(driver)


async def test_an_answer_that_got_lost_is_asked_for_again_with_the_same_key(gateway: Gateway, kept: KeptMoney) -> None:
    # given
    money, order = await kept.owed()
    gateway.wire.loses = True
    # when
    sent = (await kept.do(money, "send")).require(202)
    assert (sent["state"], sent["accepted_at"]) == ("asked", None)
    assert (await kept.do(money, "refunded", reference="BCA 7")).is_problem(409, "no_refund_due")
    gateway.wire.loses = False
    await kept.ask(after=timedelta(minutes=2))
    # then
    assert kept.sends(order) == 1
    await kept.confirmed(order)
    assert (await kept.show(money))["state"] == "refunded"
    assert await gateway.balances() == ALL_BACK


async def test_a_process_that_dies_before_it_asks_leaves_it_to_the_worker(
    kept: KeptMoney, monkeypatch: pytest.MonkeyPatch
) -> None:
    money, order = await kept.owed()

    async def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Midtrans, "refund", die)
        with pytest.raises(KeyboardInterrupt):
            await kept.do(money, "send")
    assert kept.sends(order) == 0
    await kept.ask(after=timedelta(minutes=2))
    assert kept.sends(order) == 1


async def test_a_gateway_that_is_down_is_asked_later(gateway: Gateway, kept: KeptMoney) -> None:
    money, order = await kept.owed()
    gateway.behaves(Mode.DOWN)
    (await kept.do(money, "send")).require(202)
    gateway.behaves(Mode.OK)
    await kept.ask(after=timedelta(minutes=2))
    assert kept.sends(order) == 1


async def test_of_many_who_send_it_at_once_one_does(kept: KeptMoney) -> None:
    money, order = await kept.owed()
    answers = await asyncio.gather(*(kept.do(money, "send") for _ in range(6)))
    assert sorted(each.status for each in answers) == [202] + [409] * 5
    assert kept.sends(order) == 1


async def test_what_the_gateway_refuses_is_transferred_by_hand(
    driver: PaymentDriver, gateway: Gateway, kept: KeptMoney
) -> None:
    # given
    money, _ = await kept.owed()
    gateway.account.refund_balance = 0
    # when
    sent = (await kept.do(money, "send")).require(202)
    # then
    assert (sent["state"], sent["way"], sent["gateway_error"]) == ("refund_due", "hand", "no_balance")
    assert sent["gateway_error_words"]["id"].startswith("Gerbang pembayaran menolak")
    (await kept.do(money, "refunded", reference="BCA 7")).require(204)
    balances = await gateway.balances()
    assert balances == {"bank": "0.00", "midtrans": "150000.00", "runners": "-150000.00", "surplus": "0.00"}
    assert await is_in_order(driver)


async def test_what_was_refunded_there_before_is_known_after_the_refusal(
    driver: PaymentDriver, gateway: Gateway, kept: KeptMoney
) -> None:
    # given
    money, order = await kept.owed()
    await kept.made_there(order, 150_000)
    # when
    sent = (await kept.do(money, "send")).require(202)
    # then nothing is left that a person would transfer
    assert (sent["state"], sent["left"]) == ("refunded", "0.00")
    assert (await kept.do(money, "refunded", reference="BCA 7")).is_problem(409, "no_refund_due")
    assert await gateway.balances() == ALL_BACK
    assert await is_in_order(driver)


async def test_it_may_be_sent_again_after_it_was_refused(gateway: Gateway, kept: KeptMoney) -> None:
    money, _ = await kept.owed()
    gateway.account.refund_balance = 0
    (await kept.do(money, "send")).require(202)
    gateway.account.refund_balance = None
    again = (await kept.do(money, "send")).require(202)
    assert (again["state"], again["gateway_error"]) == ("asked", None)


async def test_what_the_gateway_cannot_give_back_is_not_sent(
    driver: PaymentDriver, gateway: Gateway, kept: KeptMoney
) -> None:
    async def why_not(money: str) -> str:
        if (await kept.show(money))["state"] == "open":
            (await kept.do(money, "refund", reason="x")).require(204)
        refused = await kept.do(money, "send")
        assert refused.is_problem(409, "gateway_refund_not_possible")
        assert (await kept.show(money))["why_not_gateway"] == refused.body["why_not"]
        return str(refused.body["why_not"])

    # given money of four kinds
    bank = Bank(driver)
    bank.receives("TRSF")
    (await bank.try_keep((await bank.uploaded_lines())[0])).require(204)
    [by_line] = await bank.kept()
    _, by_account, _ = await kept.second_payment("midtrans_va", "bca")
    by_code, _ = await kept.owed()
    assert await why_not(by_line["id"]) == "not_by_gateway"
    assert await why_not(by_account) == "virtual_account"
    await gateway.open_account(server_key=None)
    assert await why_not(by_code) == "no_gateway"
    await gateway.open_account()
    driver.clock.advance(timedelta(days=8))
    assert await why_not(by_code) == "window_over"


async def test_money_of_an_order_that_was_not_created_here_goes_back_by_hand(gateway: Gateway, kept: KeptMoney) -> None:
    await gateway.account.pay_static(150_000, PAYER)
    await gateway.told()
    await gateway.ask_about_strangers()
    [money] = await gateway.kept_money()
    assert money["why_not_gateway"] == "other_order"
    (await kept.do(money["id"], "refund", reason="x")).require(204)
    assert (await kept.do(money["id"], "send")).is_problem(409, "gateway_refund_not_possible")


async def test_only_what_was_decided_is_sent_and_of_much_by_another_person(kept: KeptMoney) -> None:
    _, money, _ = await kept.second_payment()
    assert (await kept.do(money, "send")).is_problem(409, "no_refund_due")
    await kept.desk.limit("150000.00")
    (await kept.do(money, "refund", reason="x")).require(204)
    assert (await kept.do(money, "send")).is_problem(409, "same_person")
    (await kept.do(money, "send", by=kept.desk.second)).require(202)


async def test_what_is_accepted_and_never_confirmed_can_be_completed_by_a_person(
    driver: PaymentDriver, gateway: Gateway, kept: KeptMoney
) -> None:
    money, order = await kept.owed()
    (await kept.do(money, "send")).require(202)
    (await kept.do(money, "refunded", reference="seen at Midtrans")).require(204)
    await kept.confirmed(order)
    assert await gateway.balances() == ALL_BACK
    assert await is_in_order(driver)


async def test_a_part_that_was_refunded_there_leaves_its_trace_and_the_rest(
    driver: PaymentDriver, gateway: Gateway, kept: KeptMoney
) -> None:
    # given
    entry, money, order = await kept.second_payment()
    # when
    await kept.made_there(order, 50_000)
    for _ in range(3):
        await kept.next_day()
    # then
    shown = await kept.show(money)
    assert (shown["state"], shown["gone_back"], shown["left"]) == ("open", "50000.00", "100000.00")
    assert (await gateway.balances())["surplus"] == "-100000.00"
    assert await is_in_order(driver)
    refused = await kept.do(money, "assign", registration_id=str(entry.id), reason="x")
    assert refused.is_problem(409, "money_partly_back")
    assert (refused.body["gone_back"], refused.body["left"]) == ("50000.00", "100000.00")
    # and the rest goes back by hand
    (await kept.do(money, "refund", reason="paid twice")).require(204)
    (await kept.do(money, "refunded", reference="BCA 7")).require(204)
    await kept.next_day()
    balances = await gateway.balances()
    assert balances == {"bank": "50000.00", "midtrans": "100000.00", "runners": "-150000.00", "surplus": "0.00"}
    assert await is_in_order(driver)


async def test_a_part_that_a_process_of_the_release_before_booked_gets_its_trace(
    driver: PaymentDriver, kept: KeptMoney
) -> None:
    _, money, order = await kept.second_payment()
    await kept.made_there(order, 50_000)
    await kept.next_day()
    await driver.execute("UPDATE unassigned_money SET gone_back = 0")
    await kept.next_day()
    shown = await kept.show(money)
    assert (shown["state"], shown["gone_back"]) == ("open", "50000.00")
    assert await is_in_order(driver)


async def test_what_a_process_of_the_release_before_settles_is_not_asked_about_again(
    driver: PaymentDriver, kept: KeptMoney
) -> None:
    """It sets `state` and leaves `ask_at`."""
    money, order = await kept.owed()
    (await kept.do(money, "send")).require(202)
    ask_at = await driver.scalar("SELECT ask_at FROM unassigned_money")
    await kept.confirmed(order)
    await driver.execute("UPDATE unassigned_money SET ask_at = :at", at=ask_at)
    await kept.next_day()
    assert await driver.scalar("SELECT ask_at FROM unassigned_money") == ask_at
    assert (await kept.show(money))["state"] == "refunded"
    # and nothing else is left so
    await kept.second_payment()
    with pytest.raises(IntegrityError, match="ck_unassigned_money_asked"):
        await driver.execute("UPDATE unassigned_money SET ask_at = :at WHERE state = 'open'", at=ask_at)


async def test_the_rest_of_a_part_goes_back_through_the_gateway(
    driver: PaymentDriver, gateway: Gateway, kept: KeptMoney
) -> None:
    money, order = await kept.owed()
    await kept.made_there(order, 50_000)
    await kept.next_day()
    (await kept.do(money, "send")).require(202)
    assert [each.amount for each in gateway.account.order(order).refunds] == [50_000, 100_000]
    await kept.confirmed(order)
    assert (await kept.show(money))["state"] == "refunded"
    assert await gateway.balances() == ALL_BACK
    assert await is_in_order(driver)


async def test_two_equal_parts_settle_it_and_each_is_booked_once(
    driver: PaymentDriver, gateway: Gateway, kept: KeptMoney
) -> None:
    _, money, order = await kept.second_payment()
    for _ in range(2):
        await kept.made_there(order, 75_000)
        for _ in range(2):
            await kept.next_day()
    done = await kept.show(money)
    assert (done["state"], done["gone_back"]) == ("refunded", "75000.00")
    assert await gateway.balances() == ALL_BACK
    assert await is_in_order(driver)


async def test_the_database_keeps_what_went_back_within_the_money(driver: PaymentDriver, kept: KeptMoney) -> None:
    _, money, _ = await kept.second_payment()
    for gone in ("-1", "150000.01"):
        with pytest.raises(Exception, match="ck_unassigned_money_gone_back"):
            await driver.execute(
                "UPDATE unassigned_money SET gone_back = :gone WHERE id = :id", gone=Decimal(gone), id=money
            )
