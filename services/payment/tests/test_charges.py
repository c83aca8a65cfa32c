"""Runners pay through the gateway: one charge per invoice, and its money pays the invoice once."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from chassis.database import UnitOfWork
from contracts import PaymentRejected, PaymentVerified
from payment.charges import asking, reports
from simulators.midtrans.modes import Mode, NotificationMode

from .midtrans_driver import ALL, PAYER, Gateway
from .payment_driver import NO_VERIFIER, PRICE, PaymentDriver


async def paid_events(driver: PaymentDriver) -> list[PaymentVerified]:
    return await driver.published_payloads(PaymentVerified)


async def test_a_runner_pays_by_qris_and_the_invoice_is_paid_once(driver: PaymentDriver, gateway: Gateway) -> None:
    # given
    entry = await driver.register()
    charge = await gateway.charge(entry)
    assert (charge["status"], charge["amount"], charge["currency"]) == ("pending", "150000.00", "IDR")
    assert charge["qr_string"].startswith("000201")
    # when
    await gateway.pay(charge)
    await gateway.ask()
    # then
    assert (await gateway.show(entry, charge["charge_id"]))["status"] == "paid"
    assert (await driver.invoice(entry))["status"] == "paid"
    [paid] = await paid_events(driver)
    assert (paid.registration_id, paid.amount, paid.verified_by) == (entry.id, PRICE, NO_VERIFIER)
    assert await gateway.balances() == {"midtrans": "150000.00", "runners": "-150000.00"}


async def test_an_invoice_says_that_it_has_charges_also_once_the_gateway_is_switched_off(
    driver: PaymentDriver, gateway: Gateway
) -> None:
    entry, other = await driver.register(), await driver.register()
    charge = await gateway.charge(entry)
    await gateway.open_account([])
    assert [(await driver.invoice(each))["has_charges"] for each in (entry, other)] == [True, False]
    assert [each["charge_id"] for each in await gateway.charges_of(entry)] == [charge["charge_id"]]


@pytest.mark.parametrize("bank", [offer for offer in ALL if offer != "qris"])
async def test_each_bank_shows_a_number_to_pay_to(driver: PaymentDriver, gateway: Gateway, bank: str) -> None:
    charge = await gateway.charge(await driver.register(), "midtrans_va", bank)
    numbers = charge["biller_code"], charge["bill_key"], charge["va_number"]
    assert [number is not None for number in numbers] == [bank == "mandiri", bank == "mandiri", bank != "mandiri"]
    assert charge["qr_string"] is None


async def test_the_poll_alone_is_enough(driver: PaymentDriver, gateway: Gateway) -> None:
    gateway.notifications(NotificationMode.OFF)
    entry = await driver.register()
    charge = await gateway.charge(entry)
    await gateway.pay(charge)
    assert await gateway.ask() == 0
    await gateway.ask(after=timedelta(minutes=1, seconds=1))
    assert (await driver.invoice(entry))["status"] == "paid"


@pytest.mark.parametrize(
    "mode",
    [
        NotificationMode.TWICE,
        NotificationMode.OUT_OF_ORDER,
        NotificationMode.BEFORE_RESPONSE,
        NotificationMode.AMOUNT_OFF,
        NotificationMode.WRONG_SIGNATURE,
    ],
)
async def test_however_notifications_arrive_the_status_decides(
    driver: PaymentDriver, gateway: Gateway, mode: NotificationMode
) -> None:
    # given
    gateway.notifications(mode)
    entry = await driver.register()
    charge = await gateway.charge(entry)
    # when
    await gateway.pay(charge)
    await gateway.ask(after=timedelta(minutes=2))
    # then
    [paid] = await paid_events(driver)
    assert paid.amount == PRICE
    assert await gateway.balances() == {"midtrans": "150000.00", "runners": "-150000.00"}


async def test_a_notification_a_poll_and_a_click_at_once_confirm_once(driver: PaymentDriver, gateway: Gateway) -> None:
    # given a proof that waits, and a charge that was paid
    entry = await driver.register()
    charge = await gateway.charge(entry)
    proof = await driver.upload_proof(entry)
    gateway.notifications(NotificationMode.TWICE)
    await gateway.pay(charge)
    # when
    await asyncio.gather(
        gateway.ask(), gateway.ask(), gateway.ask(after=timedelta(minutes=2)), driver.try_verify(proof)
    )
    await gateway.ask(after=timedelta(minutes=2))
    # then one of both paid, and the money of the other is kept or due back
    assert len(await paid_events(driver)) == 1
    paid_by_gateway = (await gateway.show(entry, charge["charge_id"]))["status"] == "paid"
    assert paid_by_gateway
    kept = await gateway.kept_money()
    rejected = await driver.scalar("SELECT count(*) FROM payments WHERE superseded_by IS NOT NULL")
    assert (len(kept), rejected) in {(1, 0), (0, 1)}


async def test_a_proof_that_waits_is_superseded_without_a_message(driver: PaymentDriver, gateway: Gateway) -> None:
    entry = await driver.register()
    charge = await gateway.charge(entry)
    proof = await driver.upload_proof(entry)
    await gateway.pay(charge)
    await gateway.ask()
    assert (await driver.try_verify(proof)).is_problem(409, "already_decided")
    assert await driver.published_payloads(PaymentRejected) == []
    assert (await driver.invoice(entry))["status"] == "paid"


async def test_choosing_the_same_way_again_shows_the_same_charge(driver: PaymentDriver, gateway: Gateway) -> None:
    entry = await driver.register()
    charges = await asyncio.gather(*(gateway.charge(entry) for _ in range(4)))
    assert len({charge["order_id"] for charge in charges}) == 1
    assert len(list(gateway.account.orders())) == 1


async def test_another_way_needs_the_first_to_be_cancelled(driver: PaymentDriver, gateway: Gateway) -> None:
    # given
    entry = await driver.register()
    first = await gateway.charge(entry)
    # when
    refused = await gateway.try_charge(entry, "midtrans_va", "bca")
    # then
    assert refused.is_problem(409, "charge_active")
    assert refused.body["charge_id"] == first["charge_id"]
    (await gateway.try_cancel(entry, first["charge_id"])).require(204)
    (await gateway.try_cancel(entry, first["charge_id"])).require(204)
    assert (await gateway.charge(entry, "midtrans_va", "bca"))["va_number"]
    assert gateway.account.order(first["order_id"]).status == "cancel"


async def test_a_charge_that_is_paid_cannot_be_cancelled(driver: PaymentDriver, gateway: Gateway) -> None:
    entry = await driver.register()
    charge = await gateway.charge(entry)
    gateway.notifications(NotificationMode.OFF)
    await gateway.pay(charge)
    refused = await gateway.try_cancel(entry, charge["charge_id"])
    assert refused.is_problem(409, "charge_not_open")
    assert refused.body["charge_status"] == "paid"
    assert (await driver.invoice(entry))["status"] == "paid"


async def test_a_time_out_is_asked_about_and_never_charged_twice(driver: PaymentDriver, gateway: Gateway) -> None:
    # given a charge that was made, and whose answer got lost
    entry = await driver.register()
    gateway.wire.loses = True
    assert (await gateway.try_charge(entry)).is_problem(503, "gateway_unavailable")
    # when
    gateway.wire.loses = False
    driver.clock.advance(timedelta(seconds=15))
    charge = await gateway.charge(entry)
    # then
    assert charge["qr_string"]
    assert len(list(gateway.account.orders())) == 1


async def test_one_that_fails_does_not_keep_the_others_waiting(
    driver: PaymentDriver, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given more than are asked about at once
    gateway.notifications(NotificationMode.OFF)
    charges = [await gateway.charge(await driver.register()) for _ in range(12)]
    for each in charges:
        await gateway.account.pay(each["order_id"], PAYER)
    real = reports.apply_report

    async def apply(work: UnitOfWork, charge_id: UUID, *args: Any, **named: Any) -> Any:
        if str(charge_id) == charges[0]["charge_id"]:
            raise RuntimeError("cannot be read")
        return await real(work, charge_id, *args, **named)

    # when
    monkeypatch.setattr(asking, "apply_report", apply)
    asked = await gateway.ask(after=timedelta(minutes=2))
    # then
    assert asked == 12
    assert await driver.scalar("SELECT count(*) FROM payments") == 11


async def test_a_gateway_that_is_down_leaves_the_other_ways(driver: PaymentDriver, gateway: Gateway) -> None:
    entry = await driver.register()
    gateway.behaves(Mode.DOWN)
    assert (await gateway.try_charge(entry)).is_problem(503, "gateway_unavailable")
    await driver.upload_proof(entry)
    assert (await driver.invoice(entry))["status"] == "proof_uploaded"


async def test_errors_in_a_body_of_200_are_errors(driver: PaymentDriver, gateway: Gateway) -> None:
    gateway.behaves(Mode.ERRORS_IN_BODY)
    entry = await driver.register()
    charge = await gateway.charge(entry)
    await gateway.told()
    gateway.account.clear()
    await gateway.ask(after=timedelta(minutes=11))
    assert (await gateway.show(entry, charge["charge_id"]))["status"] == "failed"


async def test_money_after_the_end_pays_the_invoice_and_registration_decides(
    driver: PaymentDriver, gateway: Gateway
) -> None:
    # given a registration that expired while its charge was being paid
    entry = await driver.register()
    charge = await gateway.charge(entry)
    gateway.notifications(NotificationMode.OFF)
    await gateway.pay(charge)
    await driver.deliver(entry.expired())
    # when
    await gateway.ask(after=timedelta(minutes=2))
    # then
    [paid] = await paid_events(driver)
    assert paid.registration_id == entry.id


async def test_a_charge_of_a_paid_invoice_is_cancelled(driver: PaymentDriver, gateway: Gateway) -> None:
    entry = await driver.register()
    charge = await gateway.charge(entry)
    payment = await driver.upload_proof(entry)
    await driver.verify(payment)
    await gateway.ask(after=timedelta(minutes=2))
    assert gateway.account.order(charge["order_id"]).status == "cancel"
    assert (await gateway.show(entry, charge["charge_id"]))["status"] == "cancelled"


async def test_paying_twice_keeps_the_second_money_until_a_person_decides(
    driver: PaymentDriver, gateway: Gateway
) -> None:
    # given
    entry = await driver.register()
    charge = await gateway.charge(entry)
    payment = await driver.upload_proof(entry)
    await driver.verify(payment)
    gateway.notifications(NotificationMode.OFF)
    await gateway.pay(charge)
    # when
    await gateway.ask(after=timedelta(minutes=2))
    # then
    [kept] = await gateway.kept_money()
    assert (kept["kind"], kept["state"], kept["amount"]) == ("surplus", "open", "150000.00")
    assert kept["registration_number"] == entry.number
    balances = await gateway.balances()
    assert balances == {
        "bank": "150000.00",
        "midtrans": "150000.00",
        "runners": "-150000.00",
        "surplus": "-150000.00",
    }
    assert sum(map(Decimal, balances.values())) == 0


async def test_a_settlement_that_banks_reverse_is_confirmed_after_six_minutes(
    driver: PaymentDriver, gateway: Gateway
) -> None:
    # given
    entry = await driver.register()
    charge = await gateway.charge(entry, "midtrans_va", "permata")
    await gateway.pay(charge)
    # when
    await gateway.ask()
    # then
    assert (await gateway.show(entry, charge["charge_id"]))["status"] == "settling"
    assert (await driver.invoice(entry))["status"] == "open"
    await gateway.ask(after=timedelta(minutes=7))
    assert (await driver.invoice(entry))["status"] == "paid"


async def test_a_reversal_before_the_confirmation_gives_no_place(driver: PaymentDriver, gateway: Gateway) -> None:
    entry = await driver.register()
    charge = await gateway.charge(entry, "midtrans_va", "mandiri")
    await gateway.pay(charge)
    await gateway.ask()
    await gateway.account.reverse(charge["order_id"])
    await gateway.ask(after=timedelta(minutes=2))
    assert (await gateway.show(entry, charge["charge_id"]))["status"] == "failed"
    assert await paid_events(driver) == []
    assert await gateway.balances() == {}


@pytest.mark.parametrize(("takes_back", "status"), [("reverse", "reversed"), ("charge_back", "charged_back")])
async def test_money_that_is_taken_back_is_booked_and_shown(
    driver: PaymentDriver, gateway: Gateway, takes_back: str, status: str
) -> None:
    # given
    entry = await driver.register()
    charge = await gateway.charge(entry)
    await gateway.pay(charge)
    await gateway.ask()
    # when
    await getattr(gateway.account, takes_back)(charge["order_id"])
    await gateway.told()
    await gateway.ask(after=timedelta(days=1, minutes=1))
    # then
    assert (await gateway.show(entry, charge["charge_id"]))["status"] == status
    assert await gateway.balances() == {"midtrans": "0.00", "runners": "0.00"}
    answer = await driver.call("GET", "/charges", by=driver.finance, params={"status": status})
    assert [each["charge_id"] for each in answer.require(200)["items"]] == [charge["charge_id"]]


async def test_too_late_for_a_charge_but_not_for_a_proof(driver: PaymentDriver, gateway: Gateway) -> None:
    entry = await driver.register(hours=0.2)
    assert (await gateway.try_charge(entry)).is_problem(409, "too_late_to_charge")


async def test_only_what_is_offered_can_be_chosen(driver: PaymentDriver, gateway: Gateway) -> None:
    # given
    await gateway.open_account(["bca"])
    entry = await driver.register()
    # then
    assert (await gateway.try_charge(entry)).is_problem(409, "method_not_offered")
    assert (await gateway.try_charge(entry, "midtrans_va", "bni")).is_problem(409, "method_not_offered")
    assert (await gateway.try_charge(entry, "midtrans_va")).wrong_fields == ["bank"]
    answer = await driver.call("GET", f"/invoices/{entry.id}/methods", by=driver.runner(entry.id))
    usable = [(each["method"], each["bank"]) for each in answer.require(200)["items"] if each["available"]]
    assert usable == [("midtrans_va", "bca")]


async def test_a_charge_of_another_registration_is_not_shown(driver: PaymentDriver, gateway: Gateway) -> None:
    charge = await gateway.charge(await driver.register())
    other = await driver.register()
    for method, path in (("GET", ""), ("POST", "/cancel")):
        answer = await driver.call(method, f"/charges/{charge['charge_id']}{path}", by=driver.runner(other.id))
        assert answer.is_problem(404, "unknown_charge")


async def test_a_code_that_got_lost_with_its_process_is_replaced(
    driver: PaymentDriver, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a process that died between the gateway's answer and storing it, and a poll since
    entry = await driver.register()

    async def die(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(asking, "store_details", die)
        assert (await gateway.try_charge(entry)).status == 500
    await gateway.ask(after=timedelta(minutes=2))
    [lost] = await gateway.charges_of(entry)
    assert (lost["status"], lost["qr_string"]) == ("pending", None)
    # when
    charge = await gateway.charge(entry)
    # then
    assert charge["qr_string"]
    assert gateway.account.order(lost["order_id"]).status == "cancel"
