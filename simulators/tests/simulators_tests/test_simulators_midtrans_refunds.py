"""Money that goes back: refunds, reversals, chargebacks, and the books that a ledger is compared with."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from simulators.midtrans.clock import JAKARTA
from simulators.midtrans.testing import MidtransCalls
from simulators.testing import eventually, paying

NOON = datetime.now(JAKARTA).replace(hour=12, minute=0, second=0)
DAY = 86400
SHOPEE: dict[str, Any] = {"qris": {"acquirer": "airpay shopee"}}


async def settled(midtrans: MidtransCalls, order_id: str, amount: int = 150_000, **fields: Any) -> None:
    """An order that was paid."""
    payer = {name: fields.pop(name) for name in ("issuer", "transaction_type") if name in fields}
    await midtrans.charged(order_id, amount, **fields)
    await midtrans.pay(order_id, **payer)


def codes(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["status_code"]


async def go_to_noon(midtrans: MidtransCalls, *, days: float = 0) -> None:
    """It is `days` after noon of the day on which these tests began, in Jakarta."""
    await midtrans.move_clock((NOON + timedelta(days=days) - datetime.now(JAKARTA)).total_seconds())


@pytest.mark.parametrize("path", ["refund", "refund/online/direct"])
async def test_a_refund_of_everything_is_accepted_first_and_confirmed_later(path: str) -> None:
    async with paying(midtrans_refund_confirmed_after_seconds=3600) as midtrans:
        await settled(midtrans, "A-1")
        form = {"refund_key": "r-1", "amount": 150_000, "reason": "Sick"}
        answer = await midtrans.call("POST", f"/v2/A-1/{path}", json=form)

        body = answer.json()
        assert codes(answer) == (200, "200")
        assert (body["transaction_status"], body["refund_amount"], body["refund_key"]) == ("refund", "150000.00", "r-1")
        (entry,) = (await midtrans.status("A-1"))["refunds"]
        assert (entry["refund_amount"], entry["reason"], entry["refund_key"]) == ("150000.00", "Sick", "r-1")
        assert "bank_confirmed_at" not in entry
        assert (await midtrans.books())["refunds_unconfirmed"] == "150000.00"

        await midtrans.move_clock(3601)
        order = midtrans.account.order("A-1")
        await eventually(lambda: order.refunds[0].confirmed_at is not None)
        (entry,) = (await midtrans.status("A-1"))["refunds"]
        assert entry["bank_confirmed_at"] > entry["created_at"]
        assert (await midtrans.books())["refunds_unconfirmed"] == "0.00"


async def test_parts_are_refunded_until_nothing_is_left(midtrans: MidtransCalls) -> None:
    await settled(midtrans, "A-1")

    first = await midtrans.refund("A-1", refund_key="r-1", amount=50_000)
    assert (first.json()["transaction_status"], first.json()["refund_amount"]) == ("partial_refund", "50000.00")
    assert codes(await midtrans.refund("A-1", refund_key="r-2", amount=100_001)) == (414, "414")
    last = await midtrans.refund("A-1", refund_key="r-3")
    assert (last.json()["transaction_status"], last.json()["refund_amount"]) == ("refund", "100000.00")

    seen = await midtrans.status("A-1")
    assert (seen["refund_amount"], [each["refund_key"] for each in seen["refunds"]]) == ("150000.00", ["r-1", "r-3"])
    assert codes(await midtrans.refund("A-1", refund_key="r-4", amount=1)) == (412, "412")


async def test_a_refund_key_protects_from_a_second_refund_for_seven_days(midtrans: MidtransCalls) -> None:
    await settled(midtrans, "A-1")
    await midtrans.refund("A-1", refund_key="r-1", amount=50_000)

    await midtrans.move_clock(7 * DAY - 60)
    assert codes(await midtrans.refund("A-1", refund_key="r-1", amount=50_000)) == (406, "406")
    await midtrans.move_clock(7 * DAY + 60)
    assert codes(await midtrans.refund("A-1", refund_key="r-1", amount=50_000)) == (200, "200")
    assert (await midtrans.books())["refunded"] == "100000.00"


async def test_a_repeated_refund_of_everything_is_named_a_duplicate(midtrans: MidtransCalls) -> None:
    await settled(midtrans, "A-1")
    assert codes(await midtrans.refund("A-1", refund_key="r-1")) == (200, "200")
    assert codes(await midtrans.refund("A-1", refund_key="r-1")) == (406, "406")


@pytest.mark.parametrize(
    "form", [{"amount": 0}, {"amount": -1}, {"amount": 1.5}, {"amount": "5"}, {"refund_key": "r 1"}, {"refund_key": ""}]
)
async def test_a_refund_that_is_not_valid_is_refused(midtrans: MidtransCalls, form: dict[str, Any]) -> None:
    await settled(midtrans, "A-1")
    assert codes(await midtrans.refund("A-1", **form)) == (400, "400")
    assert (await midtrans.books())["refunded"] == "0.00"


async def test_only_money_that_is_here_can_be_refunded(midtrans: MidtransCalls) -> None:
    assert codes(await midtrans.refund("A-1")) == (404, "404")
    await midtrans.charged("A-1")
    assert codes(await midtrans.refund("A-1")) == (412, "412")
    await midtrans.call("POST", "/v2/A-1/cancel")
    assert codes(await midtrans.refund("A-1")) == (412, "412")


@pytest.mark.parametrize(
    "fields",
    [
        *({"payment_type": "bank_transfer", "bank_transfer": {"bank": bank}} for bank in ("bca", "permata")),
        {"payment_type": "echannel"},
    ],
)
async def test_virtual_accounts_have_no_refunds(midtrans: MidtransCalls, fields: dict[str, Any]) -> None:
    await settled(midtrans, "A-1", **fields)
    refused = await midtrans.refund("A-1")
    assert codes(refused) == (412, "412")
    assert refused.json()["validation_messages"] == ["virtual accounts cannot be refunded"]


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        ({"transaction_type": "off-us"}, 7),
        ({"transaction_type": "on-us"}, 45),
        ({"payment_type": "gopay"}, 45),
        ({"payment_type": "gopay", "transaction_type": "off-us"}, 45),
        (SHOPEE, 365),
    ],
)
async def test_refunds_have_a_last_day(midtrans: MidtransCalls, fields: dict[str, Any], days: int) -> None:
    await go_to_noon(midtrans)
    for order_id in ("A-1", "A-2"):
        await settled(midtrans, order_id, **fields)

    await go_to_noon(midtrans, days=days - 0.1)
    assert codes(await midtrans.refund("A-1")) == (200, "200")
    await go_to_noon(midtrans, days=days + 0.1)
    refused = await midtrans.refund("A-2")
    assert codes(refused) == (412, "412")
    assert refused.json()["validation_messages"] == ["the time for refunds is over"]


async def test_shopee_gives_back_everything_by_day_only(midtrans: MidtransCalls) -> None:
    await go_to_noon(midtrans)
    await settled(midtrans, "A-1", **SHOPEE)
    assert codes(await midtrans.refund("A-1", amount=50_000)) == (414, "414")

    await go_to_noon(midtrans, days=0.5)
    refused = await midtrans.refund("A-1")
    assert codes(refused) == (412, "412")
    assert "23:55" in refused.json()["validation_messages"][0]
    await go_to_noon(midtrans, days=1)
    assert codes(await midtrans.refund("A-1")) == (200, "200")


async def test_refunds_end_with_the_merchants_balance(midtrans: MidtransCalls) -> None:
    await settled(midtrans, "A-1")
    await midtrans.control("PUT", "refund-balance", refund_balance=100_000)

    assert codes(await midtrans.refund("A-1", amount=60_000)) == (200, "200")
    refused = await midtrans.refund("A-1", amount=60_000)
    assert codes(refused) == (414, "414")
    assert (await midtrans.books())["refunded"] == "60000.00"
    await midtrans.control("PUT", "refund-balance", refund_balance=None)
    assert codes(await midtrans.refund("A-1", amount=60_000)) == (200, "200")


async def test_a_payment_to_the_static_code_has_an_order_id_of_its_own(midtrans: MidtransCalls) -> None:
    first, second = [await midtrans.control("POST", "pay-static", amount=150_000) for _ in range(2)]

    assert first["order_id"] != second["order_id"]
    assert (first["transaction_status"], first["payment_type"], first["gross_amount"]) == (
        "settlement",
        "qris",
        "150000.00",
    )
    assert (first["transaction_type"], "expiry_time" in first) == ("off-us", False)
    assert (await midtrans.status(first["order_id"]))["transaction_id"] == first["transaction_id"]
    assert codes(await midtrans.refund(first["order_id"])) == (404, "404")
    assert codes(await midtrans.refund(first["transaction_id"])) == (200, "200")


async def test_a_settled_payment_can_be_reversed(midtrans: MidtransCalls) -> None:
    await settled(midtrans, "A-1", payment_type="echannel")

    reversed_ = await midtrans.control("POST", "reverse", order_id="A-1")

    assert (reversed_["transaction_status"], reversed_["status_code"]) == ("deny", "202")
    for order_id, status in (("A-1", 409), ("A-2", 404)):
        with pytest.raises(httpx.HTTPStatusError) as refused:
            await midtrans.control("POST", "reverse", order_id=order_id)
        assert refused.value.response.status_code == status
        assert refused.value.response.headers["content-type"] == "application/problem+json"


async def test_a_chargeback_takes_what_was_not_refunded(midtrans: MidtransCalls) -> None:
    await settled(midtrans, "A-1")
    await midtrans.refund("A-1", amount=50_000)

    taken = await midtrans.control("POST", "chargeback", order_id="A-1")

    assert taken["transaction_status"] == "chargeback"
    books = await midtrans.books()
    assert (books["charged_back"], books["balance"]) == ("100000.00", "0.00")
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await midtrans.control("POST", "chargeback", order_id="A-1")
    assert codes(await midtrans.refund("A-1")) == (412, "412")


async def test_the_books_add_up_over_all_orders(midtrans: MidtransCalls) -> None:
    await settled(midtrans, "kept", 100_000)
    await settled(midtrans, "part", 200_000)
    await settled(midtrans, "gone", 400_000, payment_type="echannel")
    await settled(midtrans, "back", 800_000)
    await midtrans.charged("open", 1_600_000)
    await midtrans.refund("part", amount=50_000)
    await midtrans.control("POST", "reverse", order_id="gone")
    await midtrans.control("POST", "chargeback", order_id="back")
    static = await midtrans.control("POST", "pay-static", amount=1_000)

    books = await midtrans.books()

    by_order = books.pop("by_order")
    assert books == {
        "settled": "1501000.00",
        "refunded": "50000.00",
        "refunds_unconfirmed": "50000.00",
        "reversed": "400000.00",
        "charged_back": "800000.00",
        "balance": "251000.00",
    }
    assert list(by_order) == ["kept", "part", "gone", "back", static["order_id"]]
    assert by_order["part"] == {
        "transaction_status": "partial_refund",
        "settled": "200000.00",
        "refunded": "50000.00",
        "reversed": "0.00",
        "charged_back": "0.00",
    }
    assert (by_order["gone"]["reversed"], by_order["back"]["charged_back"]) == ("400000.00", "800000.00")


async def test_orders_can_be_forgotten(midtrans: MidtransCalls) -> None:
    await settled(midtrans, "A-1")
    assert [order["order_id"] for order in await midtrans.orders()] == ["A-1"]

    assert (await midtrans.http.delete("/simulators/midtrans/orders")).status_code == 204

    assert await midtrans.orders() == []
    assert (await midtrans.books())["settled"] == "0.00"
    assert (await midtrans.charge("A-1")).status_code == 200
