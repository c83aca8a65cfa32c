"""The QRIS code with the amount of an invoice inside, as its runner gets it."""

import io
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import qriskit
import zxingcpp
from chassis.auth.principals import Role
from PIL import Image
from testkit.driver import Answer, Headers

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .payment_qris import changed, switch_on

_FORMATS = ("/qris", "/qris.png", "/qris.svg")


async def get(driver: PaymentDriver, entry: Entry, path: str = "/qris", by: Headers | None = None) -> Answer:
    return await driver.call("GET", f"/invoices/{entry.id}{path}", by=by or driver.runner(entry.id))


async def test_the_text_pays_exactly_the_invoice_to_the_confirmed_merchant(driver: PaymentDriver) -> None:
    # given
    await switch_on(driver, changed(t55="01"))
    entry = await driver.register(amount=Decimal("150123.00"))
    # when
    answer = await get(driver, entry)
    # then an independent implementation reads it
    assert answer.status == 200
    code = qriskit.parse(answer.content.decode(), strict=True)
    assert (code.amount, code.currency, code.tip) == (Decimal(150123), "360", None)
    assert (code.is_dynamic, code.merchant_name, code.nmid) == (True, "LARI CONTOH", "ID1020000000001")
    assert code.get("62.01") == entry.number
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_the_pictures_show_the_same_text_in_a_size_for_phones(driver: PaymentDriver) -> None:
    await switch_on(driver, changed(t59="CAFÉ LARI"))
    entry = await driver.register()
    text = (await get(driver, entry)).content.decode()
    # when
    png, svg = await get(driver, entry, "/qris.png"), await get(driver, entry, "/qris.svg")
    # then
    image = Image.open(io.BytesIO(png.content))
    assert (image.format, image.width) == ("PNG", image.height)
    assert 500 <= image.width <= 1000
    assert len(png.content) < 10_000
    [found] = zxingcpp.read_barcodes(image.convert("L"))
    assert bytes(found.bytes).decode() == text
    assert svg.content.startswith(b"<?xml")
    assert b"viewBox=" in svg.content
    assert [png.headers["content-type"], svg.headers["content-type"]] == ["image/png", "image/svg+xml"]


async def test_it_is_stored_by_no_cache(driver: PaymentDriver) -> None:
    await switch_on(driver)
    entry = await driver.register()
    answers = [await get(driver, entry, path) for path in _FORMATS]
    assert {answer.headers["cache-control"] for answer in answers} == {"private, no-store"}


async def test_without_the_switch_there_is_none(driver: PaymentDriver) -> None:
    entry = await driver.register()
    for path in _FORMATS:
        assert (await get(driver, entry, path)).is_problem(404, "no_amount_code")
    await switch_on(driver)
    assert (await get(driver, entry)).status == 200
    await driver.change_settings(qris_with_amount=False)
    assert (await get(driver, entry)).is_problem(404, "no_amount_code")


async def test_above_the_limit_qris_is_not_offered(driver: PaymentDriver) -> None:
    await switch_on(driver)
    most, more = await driver.register(amount=Decimal(10_000_000)), await driver.register(amount=Decimal("10000000.01"))
    assert (await get(driver, most)).status == 200
    refused = await get(driver, more)
    assert refused.is_problem(409, "qris_limit")
    assert refused.body["limit"] == "10000000.00"
    # and when the limit is lower
    await driver.change_settings(qris_limit="9999999.99")
    assert (await get(driver, most)).body["limit"] == "9999999.99"


async def test_what_cannot_be_paid_has_no_code(driver: PaymentDriver) -> None:
    # given
    await switch_on(driver)
    waiting, _ = await driver.register_and_upload()
    paid, _ = await driver.register_and_pay()
    cancelled, late = await driver.register(), await driver.register(hours=1)
    await driver.deliver(cancelled.cancelled())
    # when
    driver.clock.advance(timedelta(hours=2))
    # then
    codes = {"proof_pending": waiting, "already_paid": paid, "invoice_cancelled": cancelled, "invoice_expired": late}
    for code, entry in codes.items():
        for path in _FORMATS:
            assert (await get(driver, entry, path)).is_problem(409, code)


async def test_an_invoice_that_is_not_there_yet_is_not_found(driver: PaymentDriver) -> None:
    await switch_on(driver)
    answer = await driver.call("GET", f"/invoices/{uuid4()}/qris", by=driver.finance)
    assert answer.is_problem(404, "invoice_not_found")


@pytest.mark.parametrize("role", [Role.FINANCE, Role.ADMIN, Role.OWNER])
async def test_finance_may_show_it_to_a_runner(driver: PaymentDriver, role: Role) -> None:
    await switch_on(driver)
    entry = await driver.register()
    staff, own = await get(driver, entry, by=driver.staff(role)), await get(driver, entry)
    assert staff.content == own.content


async def test_another_runner_gets_none(driver: PaymentDriver) -> None:
    await switch_on(driver)
    mine, theirs = await driver.register(), await driver.register()
    assert (await get(driver, theirs, by=driver.runner(mine.id))).is_problem(403, "not_yours")


async def test_an_invoice_in_another_currency_has_none(driver: PaymentDriver) -> None:
    await switch_on(driver)
    entry = await driver.register()
    await driver.execute("UPDATE invoices SET currency = 'USD'")
    assert (await get(driver, entry)).is_problem(404, "no_amount_code")
