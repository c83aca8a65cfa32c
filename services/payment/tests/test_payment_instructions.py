"""How to pay: set by admins, read by everybody."""

import base64
from io import BytesIO

from chassis.auth.principals import Role
from payment.images.processing import MAX_FILE_BYTES
from payment.instructions.api import QRIS_ADDRESS
from PIL import Image

from . import payment_pictures as pictures
from .payment_world import Answer, Office

ACCOUNT = {
    "bank_name": "Bank Central Asia",
    "account_number": "123-456-7890",
    "account_holder_name": "Yayasan Lari Bandung",
    "payment_instructions": "Transfer the exact amount.\nUpload the receipt.",
    "payment_deadline_hours": 48,
}


async def put(office: Office, **settings: object) -> Answer:
    return await office.call("PUT", "/settings", headers=office.staff(Role.ADMIN), json=settings)


async def show(office: Office) -> dict[str, object]:
    body: dict[str, object] = (await office.call("GET", "/settings", headers=office.staff(Role.ADMIN))).body
    return body


def base64_of(image: bytes) -> str:
    return base64.b64encode(image).decode()


async def test_before_anything_is_set_there_is_a_day_to_pay_and_nothing_else(office: Office) -> None:
    nothing = dict.fromkeys(
        ("bank_name", "account_number", "account_holder_name", "payment_instructions", "qris_image")
    )
    assert await show(office) == {**nothing, "payment_deadline_hours": 24}
    assert (await office.call("GET", "/instructions", headers={})).body == nothing
    assert (await office.call("GET", "/instructions/qris.png", headers={})).refused_with(404, "no_qris_image")


async def test_what_an_admin_sets_everybody_reads_for_a_minute_from_the_cache(office: Office) -> None:
    # given
    answer = await put(office, **ACCOUNT, qris_image=base64_of(pictures.jpeg_from_a_phone()))
    assert answer.body == {**ACCOUNT, "qris_image": QRIS_ADDRESS}
    assert await show(office) == answer.body
    # when
    read = await office.call("GET", "/instructions", headers={})
    # then
    assert read.body == {key: value for key, value in answer.body.items() if key != "payment_deadline_hours"}
    assert read.headers["cache-control"] == "public, max-age=30"
    again = await office.call("GET", "/instructions", headers={"If-None-Match": read.headers["etag"]})
    assert (again.status, again.content) == (304, b"")


async def test_the_qris_image_is_a_clean_png_with_a_tag_that_changes_with_it(office: Office) -> None:
    # given
    await put(office, qris_image=base64_of(pictures.jpeg_from_a_phone()))
    # when
    first = await office.call("GET", "/instructions/qris.png", headers={})
    # then
    assert first.headers["content-type"] == "image/png"
    assert first.headers["cache-control"] == "public, max-age=30"
    assert Image.open(BytesIO(first.content)).format == "PNG"
    assert b"Phone" not in first.content
    kept = await office.call(
        "GET", "/instructions/qris.png", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'}
    )
    assert (kept.status, kept.content) == (304, b"")
    # and a new image has a new tag
    await put(office, qris_image=base64_of(pictures.png()))
    second = await office.call("GET", "/instructions/qris.png", headers={"If-None-Match": first.headers["etag"]})
    assert (second.status, second.content != first.content) == (200, True)


async def test_the_image_stays_when_left_out_or_given_by_its_address_and_goes_with_null(office: Office) -> None:
    await put(office, qris_image="data:image/png;base64," + base64_of(pictures.png()))
    assert (await put(office, bank_name="BNI")).body["qris_image"] == QRIS_ADDRESS
    assert (await put(office, **await show(office))).body["qris_image"] == QRIS_ADDRESS
    assert (await put(office, qris_image=None)).body["qris_image"] is None
    assert (await office.call("GET", "/instructions/qris.png", headers={})).refused_with(404, "no_qris_image")


async def test_what_is_left_out_is_emptied(office: Office) -> None:
    await put(office, **ACCOUNT)
    body = (await put(office, bank_name="BNI")).body
    assert (body["bank_name"], body["account_number"], body["payment_deadline_hours"]) == ("BNI", None, 24)


async def test_a_change_is_audited_without_the_account(office: Office) -> None:
    await put(office, **ACCOUNT)
    [note] = await office.rows("SELECT * FROM audit_log")
    assert (note["action"], note["details"]) == ("payment_settings.change", {"fields": sorted(ACCOUNT)})


async def test_an_image_that_is_none_is_refused_and_nothing_changes(office: Office) -> None:
    await put(office, **ACCOUNT)
    for image in (pictures.SVG, pictures.GIF, pictures.png()[:-30], pictures.png_that_declares(30_000, 30_000), b""):
        answer = await put(office, bank_name="BNI", qris_image=base64_of(image))
        assert answer.refused_with(415, "unsupported_image")
    too_large = await put(office, qris_image=base64_of(pictures.jpeg_of_size(MAX_FILE_BYTES + 1)))
    assert too_large.refused_with(413, "payload_too_large")
    assert (await show(office))["bank_name"] == ACCOUNT["bank_name"]
    assert office.stored() == []
    largest = await put(office, qris_image=base64_of(pictures.jpeg_of_size(MAX_FILE_BYTES)))
    assert largest.status == 200


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
]


async def test_a_wrong_setting_is_named(office: Office) -> None:
    for settings, field in _WRONG:
        answer = await put(office, **settings)
        assert answer.refused_with(422, "invalid_fields"), settings
        assert answer.fields == [field], settings
    malformed = await office.service.http.put(
        "/api/payment/v1/settings",
        headers={**office.staff(Role.ADMIN), "Content-Type": "application/json"},
        content=b'{"bank_name": ',
    )
    assert (malformed.status_code, malformed.json()["code"]) == (400, "malformed_json")


async def test_a_setting_that_is_empty_means_none(office: Office) -> None:
    answer = await put(
        office, bank_name="", account_number="  ", account_holder_name="\u200b", payment_instructions="\n"
    )
    assert answer.status == 200
    assert {answer.body[name] for name in ("bank_name", "account_number", "account_holder_name")} == {None}
    assert answer.body["payment_instructions"] is None


async def test_the_longest_values_fit(office: Office) -> None:
    answer = await put(
        office,
        bank_name="b" * 100,
        account_number="1" * 50,
        account_holder_name="h" * 255,
        payment_instructions="é" * 5000,
        payment_deadline_hours=720,
    )
    assert answer.status == 200
