"""Notifications are doorbells: checked, stored and answered; what they say is asked for."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from payment.gateways.midtrans import Midtrans
from payment.gateways.port import GatewaySilent, StatusReport
from testkit.driver import Answer

from .midtrans_driver import PAYER, Gateway
from .payment_driver import PaymentDriver


def signed(gateway: Gateway, **fields: str) -> dict[str, str]:
    """Return a notification with our signature."""
    body = {
        "order_id": "FR5K-00001-ABCDEF",
        "status_code": "200",
        "gross_amount": "150000.00",
        "transaction_status": "settlement",
        **fields,
    }
    text = body["order_id"] + body["status_code"] + body["gross_amount"] + gateway.account.server_key
    return {"signature_key": hashlib.sha512(text.encode()).hexdigest(), **body}


async def send(driver: PaymentDriver, body: dict[str, Any]) -> Answer:
    return await driver.call("POST", "/webhooks/midtrans", json=body)


async def test_a_forged_notification_is_refused_and_not_stored(driver: PaymentDriver, gateway: Gateway) -> None:
    forged = {**signed(gateway), "signature_key": "0" * 128}
    assert (await send(driver, forged)).is_problem(403, "wrong_signature")
    assert await driver.scalar("SELECT count(*) FROM gateway_notices") == 0


@pytest.mark.parametrize(
    "change",
    [
        {"status_code": "0200"},
        {"gross_amount": "150000"},
        {"gross_amount": "0150000.000"},
        {"order_id": "a/../b"},
        {"order_id": "x" * 51},
        {"signature_key": "zz"},
    ],
)
async def test_a_notification_of_another_shape_is_refused(
    driver: PaymentDriver, gateway: Gateway, change: dict[str, str]
) -> None:
    answer = await send(driver, {**signed(gateway, **change), **change})
    assert answer.status == 422
    assert answer.wrong_fields == [next(iter(change))]


async def test_parts_that_sign_alike_but_are_divided_otherwise_are_refused(
    driver: PaymentDriver, gateway: Gateway
) -> None:
    # given the text "A1" + "200" + "10000.00" signed
    honest = signed(gateway, order_id="A1", status_code="200", gross_amount="10000.00")
    # when the same letters are divided in another way
    moved = {**honest, "order_id": "A", "status_code": "120", "gross_amount": "010000.00"}
    # then it is stored as any signed text is, and what the gateway says about that order decides: it has none
    (await send(driver, moved)).require(200)
    assert await gateway.ask_about_strangers() == 1
    assert await gateway.kept_money() == []


async def test_a_replayed_settlement_of_an_order_that_was_reversed_pays_nothing(
    driver: PaymentDriver, gateway: Gateway
) -> None:
    entry = await driver.register()
    charge = await gateway.charge(entry, "midtrans_va", "bca")
    await gateway.account.pay(charge["order_id"], PAYER)
    await gateway.account.reverse(charge["order_id"])
    await gateway.told()
    (await send(driver, signed(gateway, order_id=charge["order_id"]))).require(200)
    await gateway.ask()
    assert (await driver.invoice(entry))["status"] == "open"
    assert (await gateway.show(entry, charge["charge_id"]))["status"] == "failed"


async def test_without_an_account_every_notification_is_refused(driver: PaymentDriver, gateway: Gateway) -> None:
    await gateway.open_account(server_key=None)
    assert (await send(driver, signed(gateway))).is_problem(403, "wrong_signature")


async def test_money_of_an_unknown_order_is_kept_and_given_to_its_registration(
    driver: PaymentDriver, gateway: Gateway
) -> None:
    # given a payment to the static QRIS code
    await gateway.account.pay_static(150_000, PAYER)
    await gateway.told()
    assert await gateway.ask_about_strangers() == 1
    assert await gateway.ask_about_strangers() == 0
    [kept] = await gateway.kept_money()
    assert (kept["kind"], kept["registration_id"]) == ("unknown", None)
    # when
    entry = await driver.register()
    answer = await gateway.decide(kept["id"], "assign", registration_id=str(entry.id), reason="same time and amount")
    # then
    payment = answer.require(200)["payment_id"]
    assert (await driver.invoice(entry))["status"] == "paid"
    assert (await gateway.kept_money())[0]["payment_id"] == payment
    assert await gateway.balances() == {"midtrans": "150000.00", "runners": "-150000.00", "unknown": "0.00"}
    again = await gateway.decide(kept["id"], "refund", reason="no")
    assert again.is_problem(409, "money_decided")
    assert again.body["state"] == "assigned"


async def test_money_that_nobody_claims_goes_back(driver: PaymentDriver, gateway: Gateway) -> None:
    # given
    await gateway.account.pay_static(75_000, PAYER)
    await gateway.told()
    await gateway.ask_about_strangers()
    [kept] = await gateway.kept_money(state="open")
    # then
    assert (await gateway.decide(kept["id"], "refunded", reference="BCA 1")).is_problem(409, "no_refund_due")
    entry = await driver.register()
    wrong = await gateway.decide(kept["id"], "assign", registration_id=str(entry.id), reason="a guess")
    assert wrong.is_problem(409, "amount_mismatch")
    # when
    (await gateway.decide(kept["id"], "refund", reason="the payer asked")).require(204)
    (await gateway.decide(kept["id"], "refunded", reference="BCA 1")).require(204)
    # then
    [settled] = await gateway.kept_money()
    assert (settled["state"], settled["refund_reference"]) == ("refunded", "BCA 1")
    assert await gateway.balances() == {"bank": "-75000.00", "midtrans": "75000.00", "unknown": "0.00"}


async def test_an_order_that_the_gateway_never_explains_keeps_no_other_waiting(
    driver: PaymentDriver, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an older notification whose order gets no usable answer
    (await send(driver, signed(gateway, order_id="SILENT"))).require(200)
    await gateway.account.pay_static(150_000, PAYER)
    await gateway.told()
    ask = Midtrans.status

    async def silent_about_one(self: Midtrans, order_id: str) -> StatusReport:
        if order_id == "SILENT":
            raise GatewaySilent("500")
        return await ask(self, order_id)

    monkeypatch.setattr(Midtrans, "status", silent_about_one)
    # when
    await gateway.ask_about_strangers()
    # then
    assert len(await gateway.kept_money()) == 1


async def test_a_charge_of_another_merchant_pays_nothing_and_is_not_asked_about_each_minute(
    driver: PaymentDriver, gateway: Gateway
) -> None:
    entry = await driver.register()
    charge = await gateway.charge(entry)
    await gateway.open_account(merchant_id="G999999999")
    await gateway.pay(charge)
    await gateway.ask()
    assert (await driver.invoice(entry))["status"] == "open"
    await gateway.ask(after=timedelta(minutes=31))
    assert await gateway.ask(after=timedelta(minutes=5)) == 0
