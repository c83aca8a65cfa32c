"""Payment settings: changed by admins, and public as payment instructions."""

import base64
from decimal import Decimal
from io import BytesIO

from chassis.auth.principals import Role
from payment.instructions.api import QRIS_ADDRESS
from payment.instructions.queries import second_check_from, statement_auto_accept
from payment.instructions.reasons import DEFAULT_REASONS
from payment.limits import MAX_FILE_BYTES
from PIL import Image

from . import payment_pictures as pictures
from .payment_driver import PaymentDriver

ACCOUNT = {
    "bank_name": "Bank Central Asia",
    "account_number": "123-456-7890",
    "account_holder_name": "Yayasan Lari Bandung",
    "payment_instructions": "Transfer the exact amount.\nUpload the receipt.",
    "payment_deadline_hours": 48,
}

_PRIVATE = {"payment_deadline_hours"}
_NO_CODE = {"qris": None, "qris_problem": None, "qris_with_amount": False, "qris_limit": "10000000.00"}
_MONEY = {"transfer_code": "subtract", "second_check_from": None, "statement_auto_accept": False}
_NO_MERCHANT = {"qris_merchant": None, "qris_with_amount": False, "qris_limit": "10000000.00"}


async def show(driver: PaymentDriver) -> dict[str, object]:
    answer = await driver.call("GET", "/settings", by=driver.staff(Role.ADMIN))
    body: dict[str, object] = answer.require(200)
    return body


def base64_of(image: bytes) -> str:
    return base64.b64encode(image).decode()


async def test_without_settings_the_deadline_is_a_day_and_all_else_is_empty(driver: PaymentDriver) -> None:
    nothing = dict.fromkeys(
        ("bank_name", "account_number", "account_holder_name", "payment_instructions", "qris_image")
    )
    reasons = [reason.model_dump() for reason in DEFAULT_REASONS]
    others = {"payment_deadline_hours": 24, "rejection_reasons": reasons}
    assert await show(driver) == {**nothing, **_NO_CODE, **_MONEY, **others}
    assert (await driver.call("GET", "/instructions")).body == {**nothing, **_NO_MERCHANT}
    assert (await driver.call("GET", "/instructions/qris.png")).is_problem(404, "no_qris_image")


async def test_settings_of_an_admin_become_public_instructions_that_may_be_cached(driver: PaymentDriver) -> None:
    # given
    changed = await driver.change_settings(**ACCOUNT, qris_image=base64_of(pictures.jpeg_from_a_phone()))
    others = {name: changed[name] for name in ("rejection_reasons", "qris_problem")}
    assert changed == {**ACCOUNT, **_NO_CODE, **_MONEY, "qris_image": QRIS_ADDRESS, **others}
    assert await show(driver) == changed
    # when
    read = await driver.call("GET", "/instructions")
    # then
    public = {key: value for key, value in changed.items() if key in {*ACCOUNT, "qris_image"} - _PRIVATE}
    assert read.body == {**public, **_NO_MERCHANT}
    assert read.headers["cache-control"] == "public, max-age=30"
    again = await driver.call("GET", "/instructions", headers={"If-None-Match": read.headers["etag"]})
    assert (again.status, again.content) == (304, b"")


async def test_the_qris_image_is_a_clean_png_with_a_tag_that_changes_with_it(driver: PaymentDriver) -> None:
    # given
    await driver.change_settings(qris_image=base64_of(pictures.jpeg_from_a_phone()))
    # when
    first = await driver.call("GET", "/instructions/qris.png")
    # then
    assert first.headers["content-type"] == "image/png"
    assert first.headers["cache-control"] == "public, max-age=30"
    assert Image.open(BytesIO(first.content)).format == "PNG"
    assert b"Phone" not in first.content
    kept = await driver.call(
        "GET", "/instructions/qris.png", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'}
    )
    assert (kept.status, kept.content) == (304, b"")
    # and a new image has a new tag
    await driver.change_settings(qris_image=base64_of(pictures.png()))
    second = await driver.call("GET", "/instructions/qris.png", headers={"If-None-Match": first.headers["etag"]})
    assert (second.status, second.content != first.content) == (200, True)


async def test_the_image_stays_when_left_out_or_given_by_its_address_and_null_removes_it(driver: PaymentDriver) -> None:
    await driver.change_settings(qris_image="data:image/png;base64," + base64_of(pictures.png()))
    assert (await driver.change_settings(bank_name="BNI"))["qris_image"] == QRIS_ADDRESS
    assert (await driver.change_settings(**await show(driver)))["qris_image"] == QRIS_ADDRESS
    assert (await driver.change_settings(qris_image=None))["qris_image"] is None
    assert (await driver.call("GET", "/instructions/qris.png")).is_problem(404, "no_qris_image")


async def test_a_setting_that_is_left_out_is_emptied(driver: PaymentDriver) -> None:
    await driver.change_settings(**ACCOUNT)
    body = await driver.change_settings(bank_name="BNI")
    assert (body["bank_name"], body["account_number"], body["payment_deadline_hours"]) == ("BNI", None, 24)


async def test_a_change_is_audited_without_the_account(driver: PaymentDriver) -> None:
    await driver.change_settings(**ACCOUNT)
    [note] = await driver.audit_log()
    assert note["action"] == "payment_settings.change"
    assert note["details"]["fields"] == sorted(ACCOUNT)
    assert note["details"]["after"] == {name: ACCOUNT[name] for name in ("bank_name", "payment_deadline_hours")}
    assert str(ACCOUNT["account_number"]) not in str(note["details"])


async def test_an_invalid_image_is_refused_and_nothing_changes(driver: PaymentDriver) -> None:
    await driver.change_settings(**ACCOUNT)
    for image in (pictures.SVG, pictures.GIF, pictures.png()[:-30], pictures.png_that_declares(30_000, 30_000), b""):
        answer = await driver.try_change_settings(bank_name="BNI", qris_image=base64_of(image))
        assert answer.is_problem(415, "unsupported_image")
    too_large = await driver.try_change_settings(qris_image=base64_of(pictures.jpeg_of_size(MAX_FILE_BYTES + 1)))
    assert too_large.is_problem(413, "payload_too_large")
    assert (await show(driver))["bank_name"] == ACCOUNT["bank_name"]
    assert driver.stored_images() == []
    await driver.change_settings(qris_image=base64_of(pictures.jpeg_of_size(MAX_FILE_BYTES)))


_WRONG: list[tuple[dict[str, object], str]] = [
    ({"bank_name": "b" * 101}, "bank_name"),
    ({"bank_name": "a\0b"}, "bank_name"),
    ({"bank_name": 1}, "bank_name"),
    ({"account_number": "1" * 51}, "account_number"),
    ({"account_number": "1\n2"}, "account_number"),
    ({"account_holder_name": "h" * 256}, "account_holder_name"),
    ({"account_holder_name": []}, "account_holder_name"),
    ({"payment_instructions": "p" * 5001}, "payment_instructions"),
    ({"payment_instructions": "a\0b"}, "payment_instructions"),
    ({"payment_deadline_hours": 0}, "payment_deadline_hours"),
    ({"payment_deadline_hours": 721}, "payment_deadline_hours"),
    ({"payment_deadline_hours": "soon"}, "payment_deadline_hours"),
    ({"payment_deadline_hours": None}, "payment_deadline_hours"),
    ({"qris_image": "not base64!"}, "qris_image"),
    ({"qris_image": "é"}, "qris_image"),
    ({"qris_image": "AAA"}, "qris_image"),
    ({"qris_image": 7}, "qris_image"),
    ({"currency": "USD"}, "currency"),
    ({"transfer_code": "double"}, "transfer_code"),
    ({"transfer_code": None}, "transfer_code"),
    ({"second_check_from": "-1"}, "second_check_from"),
    ({"second_check_from": 5_000_000}, "second_check_from"),
    ({"second_check_from": "10000000000"}, "second_check_from"),
    ({"statement_auto_accept": None}, "statement_auto_accept"),
    ({"statement_auto_accept": "yes"}, "statement_auto_accept"),
]


async def test_a_wrong_setting_is_named(driver: PaymentDriver) -> None:
    for settings, field in _WRONG:
        answer = await driver.try_change_settings(**settings)
        assert answer.is_problem(422, "invalid_fields"), settings
        assert answer.wrong_fields == [field], settings
    malformed = await driver.call(
        "PUT",
        "/settings",
        by=driver.staff(Role.ADMIN),
        headers={"Content-Type": "application/json"},
        content=b'{"bank_name": ',
    )
    assert malformed.is_problem(400, "malformed_json")


async def test_an_empty_setting_is_stored_as_none(driver: PaymentDriver) -> None:
    changed = await driver.change_settings(
        bank_name="", account_number="  ", account_holder_name="\u200b", payment_instructions="\n"
    )
    assert {changed[name] for name in ("bank_name", "account_number", "account_holder_name")} == {None}
    assert changed["payment_instructions"] is None


async def test_the_longest_values_fit(driver: PaymentDriver) -> None:
    await driver.change_settings(
        bank_name="b" * 100,
        account_number="1" * 50,
        account_holder_name="h" * 255,
        payment_instructions="é" * 5000,
        payment_deadline_hours=720,
    )


async def test_reasons_of_rejections_have_keys_and_can_be_replaced(driver: PaymentDriver) -> None:
    # given
    async def shown() -> list[dict[str, object]]:
        items: list[dict[str, object]] = (await driver.call("GET", "/review/reasons", by=driver.finance)).require(200)[
            "items"
        ]
        return items

    assert [item["key"] for item in await shown()] == list(range(1, len(DEFAULT_REASONS) + 1))
    own = [{"en": "Wrong account.", "id": "Rekening salah."}, {"en": "Too late.", "id": "Terlambat."}]
    # when
    changed = await driver.change_settings(rejection_reasons=own)
    # then
    assert changed["rejection_reasons"] == own
    assert await shown() == [{"key": key, **reason} for key, reason in enumerate(own, start=1)]
    # and a client that does not know them keeps them, null brings the first ones back
    await driver.change_settings(bank_name="BNI")
    assert len(await shown()) == 2
    await driver.change_settings(rejection_reasons=None)
    assert len(await shown()) == len(DEFAULT_REASONS)


async def test_wrong_reasons_are_named(driver: PaymentDriver) -> None:
    wrong: list[object] = [
        [{"en": "x", "id": "y"}] * 10,
        [{"en": "x"}],
        [{"en": "", "id": "y"}],
        [{"en": "x" * 201, "id": "y"}],
        [{"en": "two\nlines", "id": "y", "key": 1}],
    ]
    for reasons in wrong:
        answer = await driver.try_change_settings(rejection_reasons=reasons)
        assert answer.is_problem(422, "invalid_fields"), reasons
        assert all(field.startswith("rejection_reasons") for field in answer.wrong_fields)


async def settings_about_money(driver: PaymentDriver) -> dict[str, object]:
    shown = await show(driver)
    return {name: shown[name] for name in _MONEY}


async def test_settings_about_money_stay_when_left_out_and_null_switches_the_second_check_off(
    driver: PaymentDriver,
) -> None:
    # given
    wanted = {"transfer_code": "add", "second_check_from": "5000000.00", "statement_auto_accept": True}
    changed = await driver.change_settings(**ACCOUNT, **wanted)
    assert {name: changed[name] for name in wanted} == wanted
    # when
    await driver.change_settings(bank_name="BNI")
    # then
    assert await settings_about_money(driver) == wanted
    await driver.change_settings(second_check_from=None)
    assert await settings_about_money(driver) == {**wanted, "second_check_from": None}
    # and what an admin reads can be sent back
    await driver.change_settings(**await show(driver))
    assert await settings_about_money(driver) == {**wanted, "second_check_from": None}


async def test_a_change_of_the_second_check_is_audited_with_its_amounts(driver: PaymentDriver) -> None:
    await driver.change_settings(second_check_from="5000000")
    await driver.change_settings(second_check_from="7500000.00", transfer_code="off")
    _, note = await driver.audit_log("payment_settings.change")
    assert note["details"]["before"] == {"second_check_from": "5000000.00", "transfer_code": "subtract"}
    assert note["details"]["after"] == {"second_check_from": "7500000.00", "transfer_code": "off"}


async def test_other_folders_read_the_settings_about_money(driver: PaymentDriver) -> None:
    async with driver.database.read() as session:
        assert (await second_check_from(session), await statement_auto_accept(session)) == (None, False)
    await driver.change_settings(second_check_from="5000000", statement_auto_accept=True)
    async with driver.database.read() as session:
        assert (await second_check_from(session), await statement_auto_accept(session)) == (Decimal(5_000_000), True)
