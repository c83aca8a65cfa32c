"""Midtrans on a bad day: modes of the API, idempotency keys, expiry and the clock."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from simulators.midtrans.clock import JAKARTA
from simulators.midtrans.testing import MidtransCalls
from simulators.testing import eventually, listening, paying, playing

MINUTE = 60


async def test_when_it_is_down_nothing_is_done_and_the_answer_is_no_json(midtrans: MidtransCalls) -> None:
    await midtrans.charged("A-1")
    await midtrans.mode("down")

    for method, path in (("GET", "/v2/A-1/status"), ("POST", "/v2/A-1/cancel"), ("POST", "/v2/charge")):
        answer = await midtrans.call(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    await midtrans.mode("ok")
    assert (await midtrans.status("A-1"))["transaction_status"] == "pending"


async def test_the_rate_limit_stops_charges_only(midtrans: MidtransCalls) -> None:
    await midtrans.charged("A-1")
    await midtrans.mode("429")

    refused = await midtrans.charge("A-2")
    assert (refused.status_code, refused.json()["status_code"]) == (429, "429")
    assert (await midtrans.status("A-1"))["status_code"] == "201"
    await midtrans.mode("ok")
    assert (await midtrans.charge("A-2")).status_code == 200


async def test_errors_may_be_in_the_body_of_a_success(midtrans: MidtransCalls) -> None:
    await midtrans.charged("A-1")
    await midtrans.mode("errors_in_body")

    answers = [
        await midtrans.charge("A-2", 0),
        await midtrans.call("GET", "/v2/A-1/status", auth=None),
        await midtrans.call("GET", "/v2/A-2/status"),
        await midtrans.charge("A-1"),
        await midtrans.refund("A-1"),
    ]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert [answer.json()["status_code"] for answer in answers] == ["400", "401", "404", "406", "412"]


async def test_a_slow_answer_comes_in_the_end() -> None:
    async with paying(midtrans_slow_seconds=0.2) as midtrans:
        await midtrans.mode("slow")
        for call in (midtrans.charge("A-1"), midtrans.call("GET", "/v2/A-1/status")):
            began = time.monotonic()
            assert (await call).json()["status_code"] == "201"
            assert time.monotonic() - began >= 0.2


async def test_what_is_done_before_a_time_out_stays_done_and_its_key_returns_the_answer() -> None:
    async with playing() as stage, listening(stage.simulators.app) as url:
        midtrans = stage.midtrans
        await midtrans.mode("timeout_after_doing")
        async with httpx.AsyncClient(timeout=0.3, auth=(midtrans.account.server_key, "")) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.post(
                    f"{url}/simulators/midtrans/api/v2/charge",
                    json={"payment_type": "qris", "transaction_details": {"order_id": "A-1", "gross_amount": 1000}},
                    headers={"Idempotency-Key": "key-1"},
                )
        seen = await midtrans.status("A-1")
        assert seen["transaction_status"] == "pending"

        await midtrans.mode("ok")
        again = await midtrans.charge("A-1", 1000, headers={"Idempotency-Key": "key-1"})
        assert again.json()["transaction_id"] == seen["transaction_id"]
        assert (await midtrans.charge("A-1", 1000)).status_code == 406


async def test_stopping_answers_a_caller_that_is_kept_waiting() -> None:
    async with playing() as stage:
        await stage.midtrans.mode("timeout_after_doing")
        call = asyncio.create_task(stage.midtrans.charge("A-1"))
        await eventually(lambda: list(stage.simulators.midtrans.orders()))
        assert not call.done()

        await stage.simulators.stop()

        assert (await asyncio.wait_for(call, 5)).json()["status_code"] == "201"


async def test_stopping_ends_all_background_work() -> None:
    before = asyncio.all_tasks()
    async with paying(midtrans_refund_confirmed_after_seconds=3600) as midtrans:
        await midtrans.charged("A-1")
        await midtrans.pay("A-1")
        await midtrans.refund("A-1")
        assert len(asyncio.all_tasks() - before) == 2

    assert asyncio.all_tasks() == before


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "mode", {"mode": "odd"}, "mode"),
        ("PUT", "notification-mode", {"mode": "slow"}, "mode"),
        ("PUT", "mode", {"mode": "ok", "for": "ever"}, "for"),
        ("PUT", "clock", {"offset_seconds": 1e12}, "offset_seconds"),
        ("PUT", "clock", {"offset_seconds": 0, "expiry_late_seconds": 91}, "expiry_late_seconds"),
        ("PUT", "refund-balance", {"refund_balance": -1}, "refund_balance"),
        ("POST", "pay", {}, "order_id"),
        ("POST", "pay", {"order_id": "A-1", "transaction_type": "odd"}, "transaction_type"),
        ("POST", "pay-static", {"amount": 0}, "amount"),
    ],
)
async def test_a_wrong_control_request_is_refused_by_field(
    midtrans: MidtransCalls, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await midtrans.http.request(method, f"/simulators/midtrans/{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_key_returns_the_first_answer_for_five_minutes_on_every_endpoint(midtrans: MidtransCalls) -> None:
    key = {"Idempotency-Key": "k" * 46}
    first = await midtrans.charge("A-1", headers=key)

    assert (await midtrans.charge("A-2", 999, headers=key)).json() == first.json()
    assert (await midtrans.call("POST", "/v2/A-1/cancel", headers=key)).json() == first.json()
    assert [order["transaction_status"] for order in await midtrans.orders()] == ["pending"]

    await midtrans.move_clock(5 * MINUTE - 5)
    assert (await midtrans.charge("A-1", headers=key)).json() == first.json()
    await midtrans.move_clock(5 * MINUTE + 5)
    assert (await midtrans.charge("A-1", headers=key)).status_code == 406


async def test_a_key_does_not_keep_a_refusal(midtrans: MidtransCalls) -> None:
    key = {"Idempotency-Key": "key-1"}
    assert (await midtrans.charge("A-1", 0, headers=key)).status_code == 400
    assert (await midtrans.charge("A-1", headers=key)).status_code == 200


async def test_a_key_that_is_too_long_is_ignored(midtrans: MidtransCalls) -> None:
    key = {"Idempotency-Key": "k" * 47}
    assert (await midtrans.charge("A-1", headers=key)).status_code == 200
    assert (await midtrans.charge("A-1", headers=key)).status_code == 406


async def test_permata_ignores_keys(midtrans: MidtransCalls) -> None:
    key = {"Idempotency-Key": "key-1"}
    permata: dict[str, Any] = {"payment_type": "bank_transfer", "bank_transfer": {"bank": "permata"}}
    assert (await midtrans.charge("A-1", headers=key, **permata)).status_code == 200
    assert (await midtrans.charge("A-1", headers=key, **permata)).status_code == 406


async def test_a_key_whose_first_request_is_running_is_answered_202() -> None:
    async with paying(midtrans_slow_seconds=0.3) as midtrans:
        await midtrans.mode("slow")
        key = {"Idempotency-Key": "key-1"}
        answers = await asyncio.gather(*(midtrans.charge("A-1", headers=key) for _ in range(2)))

        first, second = sorted(answers, key=lambda answer: answer.status_code)
        assert (first.status_code, first.json()["status_code"]) == (200, "201")
        assert (second.status_code, second.json()["status_code"]) == (202, "202")
        assert (await midtrans.charge("A-1", headers=key)).json() == first.json()


@pytest.mark.parametrize(
    ("fields", "minutes"),
    [
        ({}, 15),
        ({"custom_expiry": {"expiry_duration": 20}}, 20),
        ({"custom_expiry": {"expiry_duration": 90, "unit": "second"}}, 1.5),
        ({"custom_expiry": {"expiry_duration": 2, "unit": "hour"}}, 120),
        ({"custom_expiry": {"expiry_duration": 3, "unit": "day"}}, 3 * 24 * 60),
    ],
)
async def test_an_order_expires_when_its_time_is_over(
    midtrans: MidtransCalls, fields: dict[str, Any], minutes: float
) -> None:
    body = await midtrans.charged("A-1", **fields)
    times = [datetime.fromisoformat(body[name]) for name in ("transaction_time", "expiry_time")]
    assert times[1] - times[0] == timedelta(minutes=minutes)

    await midtrans.move_clock(minutes * MINUTE - 5)
    assert (await midtrans.status("A-1"))["transaction_status"] == "pending"
    await midtrans.move_clock(minutes * MINUTE + 5)
    expired = await midtrans.call("GET", "/v2/A-1/status")
    assert (expired.status_code, expired.json()["status_code"]) == (200, "407")
    assert expired.json()["transaction_status"] == "expire"
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        await midtrans.pay("A-1")


async def test_expiry_counts_from_order_time_if_there_is_one(midtrans: MidtransCalls) -> None:
    began = datetime.now(JAKARTA) - timedelta(minutes=10)
    expiry = {"order_time": began.strftime("%Y-%m-%d %H:%M:%S +0700"), "expiry_duration": 25, "unit": "minute"}

    body = await midtrans.charged("A-1", custom_expiry=expiry)

    assert body["expiry_time"] == (began + timedelta(minutes=25)).strftime("%Y-%m-%d %H:%M:%S")


async def test_times_are_those_of_jakarta_also_around_midnight(midtrans: MidtransCalls) -> None:
    now = datetime.now(JAKARTA)
    await midtrans.move_clock((now.replace(hour=23, minute=59, second=30) - now).total_seconds())

    body = await midtrans.charged("A-1")

    assert body["transaction_time"].startswith(f"{now:%Y-%m-%d} 23:59:3")
    assert body["expiry_time"].startswith(f"{now + timedelta(days=1):%Y-%m-%d} 00:14:")


async def test_expiry_can_be_up_to_ninety_seconds_late(midtrans: MidtransCalls) -> None:
    for order_id in ("A-1", "A-2"):
        await midtrans.charged(order_id)

    await midtrans.move_clock(15 * MINUTE + 80, expiry_late=90)
    await midtrans.pay("A-1")
    await midtrans.move_clock(15 * MINUTE + 95, expiry_late=90)

    seen = [(await midtrans.status(order_id))["transaction_status"] for order_id in ("A-1", "A-2")]
    assert seen == ["settlement", "expire"]


async def test_orders_expire_by_themselves_and_on_demand() -> None:
    async with paying(midtrans_sweep_seconds=0.01) as midtrans:
        for order_id in ("A-1", "A-2"):
            await midtrans.charged(order_id)
        assert (await midtrans.control("POST", "expire", order_id="A-1"))["transaction_status"] == "expire"

        midtrans.account.expiry_lateness = timedelta(minutes=-15)
        await eventually(lambda: midtrans.account.order("A-2").status == "expire")
