"""The lists of payments, refunds and kept money show what waits for a second person, and what does not."""

from typing import Any
from uuid import UUID

import pytest

from .payment_driver import PRICE, PaymentDriver
from .refund_driver import RefundDesk
from .statement_driver import Bank

LIMIT = f"{PRICE:.2f}"


@pytest.fixture
async def desk(driver: PaymentDriver) -> RefundDesk:
    desk = RefundDesk(driver)
    await desk.limit(LIMIT)
    return desk


async def ids(driver: PaymentDriver, path: str, name: str, **params: str) -> list[str]:
    answer = await driver.call("GET", path, by=driver.finance, params=params)
    return sorted(item[name] for item in answer.require(200)["items"])


async def test_payments_that_one_person_has_verified(driver: PaymentDriver, desk: RefundDesk) -> None:
    # given
    payments = [(await driver.register_and_upload())[1] for _ in range(4)]
    checked, held, untouched, done = payments
    for payment in (checked, held, done):
        (await driver.try_verify(payment, by=desk.first)).require(202)
    (await driver.try_verify(held, by=desk.second, undo_seconds=10)).require(204)
    (await driver.try_verify(done, by=desk.second)).require(204)
    # then
    assert await ids(driver, "/payments", "payment_id", waits_for_second="true") == [str(checked)]
    others = sorted(map(str, (held, untouched, done)))
    assert await ids(driver, "/payments", "payment_id", waits_for_second="false") == others
    assert await ids(driver, "/payments", "payment_id", waits_for_second="true", status="verified") == []
    wrong = await driver.call("GET", "/payments", by=driver.finance, params={"waits_for_second": "perhaps"})
    assert wrong.wrong_fields == ["waits_for_second"]
    # and without a limit none waits
    await desk.limit(None)
    assert await ids(driver, "/payments", "payment_id", waits_for_second="true") == []


async def test_refunds_that_wait_to_be_approved(driver: PaymentDriver, desk: RefundDesk) -> None:
    await desk.limit("100000.00")
    payment = await verified(driver, desk)
    small, large = await desk.ask(payment, "50000.00"), await desk.ask(payment, "100000.00")
    assert await ids(driver, "/refunds", "refund_id", waits_for_second="true") == [large["refund_id"]]
    assert await ids(driver, "/refunds", "refund_id", waits_for_second="false") == [small["refund_id"]]
    (await desk.do(large, "approve", by=desk.second)).require(204)
    assert await ids(driver, "/refunds", "refund_id", waits_for_second="true") == []


async def verified(driver: PaymentDriver, desk: RefundDesk) -> UUID:
    _, payment = await driver.register_and_upload()
    for by in (desk.first, desk.second):
        await driver.try_verify(payment, by=by)
    return payment


async def kept(driver: PaymentDriver, *texts: str) -> list[dict[str, Any]]:
    bank = Bank(driver)
    for text in texts:
        bank.receives(text)
    for line in await bank.uploaded_lines():
        (await bank.try_keep(line)).require(204)
    return await bank.kept()


async def test_kept_money_that_another_person_has_to_assign_or_send_back(
    driver: PaymentDriver, desk: RefundDesk
) -> None:
    # given
    assigned, due, untouched = await kept(driver, "SATU", "DUA", "TIGA")
    entry = await driver.register()

    async def decide(money: dict[str, Any], action: str, **body: str) -> None:
        answer = await driver.call("POST", f"/surplus/{money['id']}/{action}", by=desk.first, json=body)
        assert answer.status in {202, 204}

    await decide(assigned, "assign", registration_id=str(entry.id), reason="by phone")
    await decide(due, "refund", reason="not ours")
    # then
    waiting = sorted([assigned["id"], due["id"]])
    assert await ids(driver, "/surplus", "id", waits_for_second="true") == waiting
    assert await ids(driver, "/surplus", "id", waits_for_second="false") == [untouched["id"]]
    assert await ids(driver, "/surplus", "id", waits_for_second="true", state="open") == [assigned["id"]]
    answer = await driver.call("GET", f"/surplus/{due['id']}", by=driver.finance)
    assert answer.require(200)["waits_for_second"] is True
    # and less than the amount waits for no one
    await desk.limit("150000.01")
    assert await ids(driver, "/surplus", "id", waits_for_second="true") == []
