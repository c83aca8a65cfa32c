"""Midtrans' API as its callers meet it: charges, status, cancellation, expiry."""

import io
import re
from binascii import crc_hqx
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
import zxingcpp
from PIL import Image
from simulators.midtrans.clock import JAKARTA
from simulators.midtrans.testing import MidtransCalls
from simulators.testing import Stage, listening, paying, playing


def wib(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=JAKARTA)


def fields_of(text: str) -> dict[str, str]:
    """The tags of a QRIS text."""
    found, rest = {}, text
    while rest:
        length = int(rest[2:4])
        found[rest[:2]], rest = rest[4 : 4 + length], rest[4 + length :]
    return found


def has_right_crc(text: str) -> bool:
    return text[-4:] == f"{crc_hqx(text[:-4].encode(), 0xFFFF):04X}"


async def test_a_qris_charge_is_answered_as_midtrans_does(midtrans: MidtransCalls) -> None:
    answer = await midtrans.charge("FR5K-00042-7KQ2", 150_000)

    body = answer.json()
    assert (answer.status_code, body["status_code"], body["transaction_status"]) == (200, "201", "pending")
    assert (body["order_id"], body["gross_amount"], body["currency"]) == ("FR5K-00042-7KQ2", "150000.00", "IDR")
    assert (body["payment_type"], body["acquirer"], body["fraud_status"]) == ("qris", "gopay", "accept")
    assert body["merchant_id"] == "G000000001"
    assert wib(body["expiry_time"]) - wib(body["transaction_time"]) == timedelta(minutes=15)
    assert datetime.now(JAKARTA) - wib(body["transaction_time"]) < timedelta(minutes=1)
    assert [action["name"] for action in body["actions"]] == ["generate-qr-code", "generate-qr-code-v2"]
    assert "settlement_time" not in body
    assert body["simulator"] == {"is_simulated": True}, "unknown fields may appear"


async def test_the_qr_picture_contains_a_valid_qris_with_the_amount(midtrans: MidtransCalls) -> None:
    body = await midtrans.charged("A-1", 150_123, qris={"acquirer": "airpay shopee"})

    assert body["acquirer"] == "airpay shopee"
    assert has_right_crc(body["qr_string"])
    fields = fields_of(body["qr_string"])
    assert {tag: fields[tag] for tag in ("00", "01", "53", "54", "58")} == {
        "00": "01",
        "01": "12",
        "53": "360",
        "54": "150123",
        "58": "ID",
    }
    for action in body["actions"]:
        picture = await midtrans.http.request(action["method"], action["url"])
        assert picture.headers["content-type"] == "image/png"
        assert [found.text for found in zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.content)))] == [
            body["qr_string"]
        ]


@pytest.mark.parametrize(
    ("bank", "given", "length"),
    [("bca", "123456", 6), ("bni", None, 16), ("bri", "1" * 18, 18), ("cimb", "123456789012", 12)],
)
async def test_a_virtual_account_is_the_one_wanted_or_a_new_one(
    midtrans: MidtransCalls, bank: str, given: str | None, length: int
) -> None:
    transfer = {"bank": bank} | ({} if given is None else {"va_number": given})
    body = await midtrans.charged("A-1", payment_type="bank_transfer", bank_transfer=transfer)

    (account,) = body["va_numbers"]
    assert (account["bank"], len(account["va_number"])) == (bank, length)
    assert given in {None, account["va_number"]}
    assert wib(body["expiry_time"]) - wib(body["transaction_time"]) == timedelta(hours=24)
    assert not body.keys() & {"actions", "qr_string", "permata_va_number"}


async def test_permata_mandiri_and_gopay_have_fields_of_their_own(midtrans: MidtransCalls) -> None:
    permata = await midtrans.charged("A-1", payment_type="bank_transfer", bank_transfer={"bank": "permata"})
    assert re.fullmatch(r"[0-9]{16}", permata["permata_va_number"])
    assert "va_numbers" not in permata

    mandiri = await midtrans.charged("A-2", payment_type="echannel", echannel={"bill_info1": "For", "bill_info2": "A"})
    assert (mandiri["biller_code"], len(mandiri["bill_key"])) == ("70012", 12)

    gopay = await midtrans.charged("A-3", payment_type="gopay")
    assert "qr_string" not in gopay
    actions = {action["name"]: action for action in gopay["actions"]}
    assert set(actions) == {"generate-qr-code", "deeplink-redirect", "get-status", "cancel"}
    assert (await midtrans.http.get(actions["deeplink-redirect"]["url"])).status_code == 200
    assert (await midtrans.http.get(actions["generate-qr-code"]["url"])).content.startswith(b"\x89PNG")
    login = httpx.BasicAuth(midtrans.account.server_key, "")
    cancelled = await midtrans.http.request(actions["cancel"]["method"], actions["cancel"]["url"], auth=login)
    assert cancelled.json()["transaction_status"] == "cancel"
    seen = await midtrans.http.get(actions["get-status"]["url"], auth=login)
    assert seen.json()["transaction_status"] == "cancel"


async def test_a_number_that_a_pending_order_has_is_replaced(midtrans: MidtransCalls) -> None:
    transfer: dict[str, Any] = {
        "payment_type": "bank_transfer",
        "bank_transfer": {"bank": "bca", "va_number": "123456"},
    }
    await midtrans.charged("A-1", **transfer)
    second = await midtrans.charged("A-2", **transfer)
    assert second["va_numbers"][0]["va_number"] != "123456"

    await midtrans.pay("A-1")
    third = await midtrans.charged("A-3", **transfer)
    assert third["va_numbers"][0]["va_number"] == "123456"


@pytest.mark.parametrize(
    "authorization",
    [None, "Basic", "Basic !!", "Bearer SB-Mid-server-simulator", "Basic c29tZTpvbmU=", "Basic /////w=="],
)
async def test_only_the_server_key_with_an_empty_password_opens(
    midtrans: MidtransCalls, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in (("POST", "/v2/charge"), ("GET", "/v2/A-1/status"), ("POST", "/snap/v1/transactions")):
        answer = await midtrans.call(method, path, auth=None, headers=headers)
        assert (answer.status_code, answer.json()["status_code"]) == (401, "401")
    assert (await midtrans.call("GET", "/v2/A-1/status", auth=("SB-Mid-server-simulator", "x"))).status_code == 401
    assert (await midtrans.call("GET", "/v2/A-1/status")).status_code == 404


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"transaction_details": {"order_id": "A-1", "gross_amount": 150000.5}}, "gross_amount"),
        ({"transaction_details": {"order_id": "A-1", "gross_amount": 150000.0}}, "gross_amount"),
        ({"transaction_details": {"order_id": "A-1", "gross_amount": "150000"}}, "gross_amount"),
        ({"transaction_details": {"order_id": "A-1", "gross_amount": True}}, "gross_amount"),
        ({"transaction_details": {"order_id": "A-1", "gross_amount": 0}}, "gross_amount"),
        ({"transaction_details": {"order_id": "A-1"}}, "gross_amount"),
        ({"transaction_details": {"order_id": "A 1", "gross_amount": 1}}, "order_id"),
        ({"transaction_details": {"order_id": "A/1", "gross_amount": 1}}, "order_id"),
        ({"transaction_details": {"order_id": "A" * 51, "gross_amount": 1}}, "order_id"),
        ({"transaction_details": {"order_id": "", "gross_amount": 1}}, "order_id"),
        ({"transaction_details": {"order_id": "A-1\n", "gross_amount": 1}}, "order_id"),
        ({"transaction_details": None}, "transaction_details"),
        ({"payment_type": "coins"}, "payment_type"),
        ({"payment_type": None}, "payment_type"),
        ({"payment_type": "bank_transfer"}, "bank_transfer"),
        ({"payment_type": "bank_transfer", "bank_transfer": {"bank": "danamon"}}, "bank"),
        ({"payment_type": "bank_transfer", "bank_transfer": {"bank": "bni", "va_number": "123"}}, "va_number"),
        ({"payment_type": "bank_transfer", "bank_transfer": {"bank": "bca", "va_number": "12345x"}}, "va_number"),
        ({"qris": {"acquirer": "other"}}, "acquirer"),
        ({"item_details": [{"id": "1", "name": "5K", "price": 150_000, "quantity": 2}]}, "item_details"),
        ({"item_details": []}, "item_details"),
        ({"custom_expiry": {"expiry_duration": 19, "unit": "second"}}, "expiry_duration"),
        ({"custom_expiry": {"expiry_duration": 181, "unit": "day"}}, "expiry_duration"),
        ({"custom_expiry": {"expiry_duration": 20, "unit": "week"}}, "unit"),
        ({"custom_expiry": {"expiry_duration": 20, "order_time": "2026-11-25T20:45:00"}}, "order_time"),
        ({"custom_expiry": {"expiry_duration": 20, "order_time": "2020-11-25 20:45:00 +0700"}}, "custom_expiry"),
        ({"custom_expiry": {"expiry_duration": 20, "order_time": "9999-12-31 23:59:59 -1200"}}, "custom_expiry"),
    ],
)
async def test_a_charge_that_is_not_valid_is_refused_by_field(
    midtrans: MidtransCalls, change: dict[str, Any], named: str
) -> None:
    body = {"payment_type": "qris", "transaction_details": {"order_id": "A-1", "gross_amount": 150_000}} | change

    answer = await midtrans.call("POST", "/v2/charge", json=body)

    assert (answer.status_code, answer.json()["status_code"]) == (400, "400")
    assert named in " ".join(answer.json()["validation_messages"])
    assert await midtrans.orders() == []


@pytest.mark.parametrize("raw", [b"{", b"[]", b"null", b'"', b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_refused(midtrans: MidtransCalls, raw: bytes) -> None:
    answer = await midtrans.call("POST", "/v2/charge", content=raw, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["status_code"]) == (413, "413")


async def test_a_body_that_is_not_declared_as_json_is_refused(midtrans: MidtransCalls) -> None:
    answer = await midtrans.call("POST", "/v2/charge", content=b"{}", headers={"Content-Type": "text/plain"})
    assert "Content-Type" in answer.json()["validation_messages"][0]


async def test_items_may_have_discounts_if_the_sum_is_right(midtrans: MidtransCalls) -> None:
    items = [
        {"id": "5K", "name": "Fun run 5K", "price": 100_000, "quantity": 2},
        {"id": "EARLY", "name": "Early bird", "price": -50_000, "quantity": 1},
    ]
    assert (await midtrans.charged("A-1", item_details=items))["gross_amount"] == "150000.00"


async def test_a_channel_that_is_not_activated_is_refused(midtrans: MidtransCalls) -> None:
    answer = await midtrans.charge("A-1", payment_type="credit_card")
    assert (answer.status_code, answer.json()["status_code"]) == (402, "402")


async def test_an_order_id_can_be_used_once_but_a_refused_charge_does_not_use_it(midtrans: MidtransCalls) -> None:
    assert (await midtrans.charge("A-1", payment_type="coins")).status_code == 400
    longest = "aZ0-_~." + "A" * 43
    for order_id in ("A-1", longest):
        assert (await midtrans.charge(order_id)).status_code == 200
        again = await midtrans.charge(order_id, 1)
        assert (again.status_code, again.json()["status_code"]) == (406, "406")
    await midtrans.call("POST", "/v2/A-1/cancel")
    assert (await midtrans.charge("A-1")).status_code == 406


async def test_the_status_is_found_by_either_id(midtrans: MidtransCalls) -> None:
    charged = await midtrans.charged("A-1")

    by_order = await midtrans.status("A-1")
    assert by_order == await midtrans.status(charged["transaction_id"])
    assert (by_order["status_code"], by_order["transaction_status"]) == ("201", "pending")
    assert not by_order.keys() & {"actions", "qr_string"}
    assert (await midtrans.status("A-2"))["status_code"] == "404"
    assert (await midtrans.call("GET", "/v2/A-2/status")).status_code == 404


async def test_a_paid_order_says_when_and_by_whom(midtrans: MidtransCalls) -> None:
    await midtrans.charged("A-1")
    await midtrans.charged("A-2", payment_type="bank_transfer", bank_transfer={"bank": "bca"})

    await midtrans.pay("A-1", issuer="dana", transaction_type="off-us")
    await midtrans.pay("A-2")

    qris, transfer = await midtrans.status("A-1"), await midtrans.status("A-2")
    assert (qris["transaction_status"], qris["status_code"], qris["fraud_status"]) == ("settlement", "200", "accept")
    assert (qris["issuer"], qris["acquirer"], qris["transaction_type"]) == ("dana", "gopay", "off-us")
    assert qris["merchant_cross_reference_id"]
    assert datetime.now(JAKARTA) - wib(qris["settlement_time"]) < timedelta(minutes=1)
    assert transfer["payment_amounts"] == [{"paid_at": transfer["settlement_time"], "amount": "150000.00"}]
    assert "issuer" not in transfer


async def test_only_a_pending_order_can_be_cancelled_expired_or_paid(midtrans: MidtransCalls) -> None:
    cancelled, expired, paid = [await midtrans.charged(order_id) for order_id in ("A-1", "A-2", "A-3")]
    answer = await midtrans.call("POST", "/v2/A-1/cancel")
    assert (answer.status_code, answer.json()["status_code"]) == (200, "200")
    answer = await midtrans.call("POST", f"/v2/{expired['transaction_id']}/expire")
    assert (answer.status_code, answer.json()["status_code"]) == (200, "407")
    await midtrans.pay(paid["transaction_id"])

    for order in (cancelled, expired, paid):
        for call in ("cancel", "expire"):
            refused = await midtrans.call("POST", f"/v2/{order['order_id']}/{call}")
            assert (refused.status_code, refused.json()["status_code"]) == (412, "412")
        with pytest.raises(httpx.HTTPStatusError, match="409"):
            await midtrans.pay(order["order_id"])
    seen = [(await midtrans.status(order_id))["transaction_status"] for order_id in ("A-1", "A-2", "A-3")]
    assert seen == ["cancel", "expire", "settlement"]
    assert (await midtrans.status("A-2"))["status_code"] == "407"
    assert (await midtrans.call("POST", "/v2/A-4/cancel")).status_code == 404


async def test_a_snap_transaction_has_a_token_and_no_status_yet(midtrans: MidtransCalls) -> None:
    details = {"transaction_details": {"order_id": "A-1", "gross_amount": 150_000}}
    answer = await midtrans.call("POST", "/snap/v1/transactions", json=details)

    assert answer.status_code == 201
    assert answer.json()["redirect_url"].endswith(f"/snap/v4/redirection/{answer.json()['token']}")
    assert (await midtrans.http.get(answer.json()["redirect_url"])).status_code == 200
    assert (await midtrans.status("A-1"))["status_code"] == "404"
    await midtrans.charged("A-2")
    used = {"transaction_details": {"order_id": "A-2", "gross_amount": 150_000}}
    assert (await midtrans.call("POST", "/snap/v1/transactions", json=used)).status_code == 406


@pytest.mark.parametrize("path", ["/v2/A-1", "/v3/charge", "/v2/qris/A-1/qr-code", "/v2/gopay/A-1/deeplink"])
async def test_what_is_not_there_is_answered_in_midtrans_way(midtrans: MidtransCalls, path: str) -> None:
    answer = await midtrans.call("GET", path)
    assert (answer.status_code, answer.json()["status_code"]) == (404, "404")


async def test_key_and_merchant_are_settings() -> None:
    async with paying(midtrans_server_key="SB-Mid-server-other", midtrans_merchant_id="M1") as midtrans:
        assert (await midtrans.charged("A-1"))["merchant_id"] == "M1"
        wrong = await midtrans.call("GET", "/v2/A-1/status", auth=("SB-Mid-server-simulator", ""))
        assert wrong.status_code == 401


async def test_over_a_socket_the_addresses_in_actions_work() -> None:
    async with playing() as stage, listening(stage.simulators.app) as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.post(
            "/simulators/midtrans/api/v2/charge",
            auth=(stage.midtrans.account.server_key, ""),
            json={"payment_type": "qris", "transaction_details": {"order_id": "A-1", "gross_amount": 1000}},
        )
        picture = await client.get(answer.json()["actions"][0]["url"])
    assert picture.content.startswith(b"\x89PNG")


async def test_the_page_lists_orders_and_its_button_pays(stage: Stage) -> None:
    body = await stage.midtrans.charged("A-1", payment_type="bank_transfer", bank_transfer={"bank": "permata"})
    await stage.midtrans.charged("A-2", payment_type="echannel")

    page = (await stage.http.get("/simulators")).text
    assert page.index("A-2") < page.index("A-1")
    assert body["permata_va_number"] in page
    (place,) = re.findall(rf'action="([^"]*{body["transaction_id"]}/pay)"', page)
    answer = await stage.http.post(place)

    assert (answer.status_code, answer.headers["location"]) == (303, "/simulators#midtrans")
    assert (await stage.midtrans.status("A-1"))["transaction_status"] == "settlement"
    assert place not in (await stage.http.get("/simulators")).text
