"""Charges and payments show when the gateway last sent a notification about them."""

from datetime import datetime, timedelta

from payment.charges.retention import forget_old_notices
from simulators.midtrans.modes import NotificationMode

from .kept_driver import KeptMoney
from .midtrans_driver import Gateway
from .payment_driver import PaymentDriver


async def shown(driver: PaymentDriver, payment: str) -> str | None:
    answer = await driver.call("GET", f"/payments/{payment}", by=driver.finance)
    at: str | None = answer.require(200)["last_notice_at"]
    return at


async def test_the_last_one_is_shown_by_charge_and_payment_until_it_is_forgotten(
    driver: PaymentDriver, gateway: Gateway
) -> None:
    # given a charge about which notifications came at two times
    entry = await driver.register()
    charge = await gateway.charge(entry)
    await gateway.told()
    driver.clock.advance(timedelta(minutes=5))
    before = driver.clock()
    await gateway.pay(charge)
    after = driver.clock()
    driver.clock.advance(timedelta(minutes=5))
    await gateway.ask()
    # then
    found = (await gateway.show(entry, charge["charge_id"]))["last_notice_at"]
    assert before <= datetime.fromisoformat(found) <= after
    assert [each["last_notice_at"] for each in await gateway.charges_of(entry)] == [found]
    listed = await driver.call("GET", "/charges", by=driver.finance)
    assert [each["last_notice_at"] for each in listed.require(200)["items"]] == [found]
    [payment] = (await driver.invoice(entry))["payments"]
    assert await shown(driver, payment["payment_id"]) == found
    assert [each["last_notice_at"] for each in await driver.review_list()] == [found]
    # and
    driver.clock.advance(timedelta(days=91))
    await forget_old_notices(driver.database)
    assert (await gateway.show(entry, charge["charge_id"]))["last_notice_at"] is None
    assert await shown(driver, payment["payment_id"]) is None


async def test_money_that_was_kept_first_has_that_of_its_charge(driver: PaymentDriver, gateway: Gateway) -> None:
    kept = KeptMoney(gateway)
    _, money, order = await kept.second_payment()
    other = await driver.register()
    answer = await kept.do(money, "assign", registration_id=str(other.id), reason="for a friend")
    payment = answer.require(200)["payment_id"]
    earlier = driver.clock().isoformat()
    assert (await shown(driver, payment) or "") < earlier
    gateway.notifications(NotificationMode.OK)
    await kept.made_there(order, 1_000)
    await gateway.told()
    assert (await shown(driver, payment) or "") > earlier


async def test_without_a_notification_there_is_none(driver: PaymentDriver, gateway: Gateway) -> None:
    _, by_proof = await driver.register_and_pay()
    assert await shown(driver, str(by_proof)) is None
    gateway.notifications(NotificationMode.OFF)
    entry = await driver.register()
    charge = await gateway.charge(entry)
    assert (await gateway.show(entry, charge["charge_id"]))["last_notice_at"] is None
