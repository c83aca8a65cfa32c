"""Notifications of Midtrans: what arrives, how often, in which order, and what is remembered of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha512
from typing import Any

import httpx
import pytest
from simulators.midtrans.notices import RETRY_WAITS
from simulators.midtrans.testing import MidtransCalls
from simulators.testing import eventually, listening, paying

URL = "http://shop/midtrans"
MINUTE = 60


class Shop:
    """The receiver of notifications; answers as asked, then with 200. An answer of None is a broken connection."""

    def __init__(self, *answers: int | None) -> None:
        self.answers = list(answers)
        self.notices: list[dict[str, Any]] = []
        self.urls: list[str] = []
        self.is_answering = asyncio.Event()
        self.is_answering.set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.notices.append(json.loads(request.content))
        self.urls.append(str(request.url))
        await self.is_answering.wait()
        answer = self.answers.pop(0) if self.answers else 200
        if answer is None:
            raise httpx.ConnectError("refused")
        location = {"Location": "/elsewhere"} if 300 <= answer < 400 else {}
        return httpx.Response(answer, headers=location)

    @property
    def statuses(self) -> list[str]:
        return [notice["transaction_status"] for notice in self.notices]

    async def counted(self, count: int) -> None:
        """So many notices arrived."""
        await eventually(lambda: len(self.notices) >= count)

    async def heard(self, *statuses: str) -> None:
        """These arrived, in this order, and no others."""
        await self.counted(len(statuses))
        assert self.statuses == list(statuses)


@asynccontextmanager
async def notifying(shop: Shop, **settings: Any) -> AsyncIterator[MidtransCalls]:
    settings = {"midtrans_notification_url": URL, **settings}
    async with paying(notifying=httpx.MockTransport(shop), **settings) as midtrans:
        yield midtrans


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def midtrans(shop: Shop) -> AsyncIterator[MidtransCalls]:
    async with notifying(shop) as midtrans:
        yield midtrans


def signature(notice: dict[str, Any], key: str = "SB-Mid-server-simulator") -> str:
    text = notice["order_id"] + notice["status_code"] + notice["gross_amount"] + key
    return sha512(text.encode()).hexdigest()


async def test_every_change_is_notified_signed_and_in_the_shape_of_the_status(
    shop: Shop, midtrans: MidtransCalls
) -> None:
    await midtrans.charged("A-1")
    await shop.heard("pending")
    await midtrans.pay("A-1")
    await shop.heard("pending", "settlement")

    pending, settlement = shop.notices
    assert (pending["status_code"], settlement["status_code"]) == ("201", "200")
    assert [notice["signature_key"] for notice in shop.notices] == [signature(notice) for notice in shop.notices]
    seen = await midtrans.status("A-1")
    assert settlement == {**seen, "status_message": settlement["status_message"]}
    assert shop.urls == [URL, URL]


async def test_the_ends_of_orders_have_codes_of_their_own(shop: Shop, midtrans: MidtransCalls) -> None:
    for order_id in ("A-1", "A-2", "A-3", "A-4"):
        await midtrans.charged(order_id)
    await midtrans.call("POST", "/v2/A-1/cancel")
    for order_id, undo in (("A-2", "reverse"), ("A-3", "chargeback")):
        await midtrans.pay(order_id)
        await midtrans.control("POST", undo, order_id=order_id)
    await midtrans.move_clock(16 * MINUTE)
    await shop.counted(10)

    codes = {notice["transaction_status"]: notice["status_code"] for notice in shop.notices}
    assert codes == {
        "pending": "201",
        "settlement": "200",
        "cancel": "200",
        "deny": "202",
        "chargeback": "200",
        "expire": "202",
    }
    assert (await midtrans.status("A-4"))["status_code"] == "407"


async def test_a_refund_is_notified_twice_and_the_second_says_when_the_bank_confirmed(shop: Shop) -> None:
    async with notifying(shop, midtrans_refund_confirmed_after_seconds=60) as midtrans:
        await midtrans.charged("A-1")
        await midtrans.pay("A-1")
        await shop.heard("pending", "settlement")
        await midtrans.refund("A-1", refund_key="r-1", amount=50_000)
        await shop.heard("pending", "settlement", "partial_refund")
        await midtrans.move_clock(61)
        await shop.heard("pending", "settlement", "partial_refund", "partial_refund")

    first, second = [notice["refunds"][0] for notice in shop.notices[2:]]
    assert "bank_confirmed_at" not in first
    assert second == {**first, "bank_confirmed_at": second["bank_confirmed_at"]}
    assert [notice["refund_amount"] for notice in shop.notices[2:]] == ["50000.00"] * 2


async def test_a_payment_to_the_static_code_is_notified(shop: Shop, midtrans: MidtransCalls) -> None:
    paid = await midtrans.control("POST", "pay-static", amount=150_123)
    await shop.heard("settlement")
    assert shop.notices[0]["order_id"] == paid["order_id"]


async def test_a_charge_can_name_its_receivers(shop: Shop, midtrans: MidtransCalls) -> None:
    override = {"X-Override-Notification": "http://a/1, http://a/2, http://a/3"}
    await midtrans.charge("A-1", headers=override)
    await eventually(lambda: sorted(shop.urls) == ["http://a/1", "http://a/2"])
    await midtrans.charge("A-2", headers={"X-Append-Notification": "http://b/1"})
    await eventually(lambda: sorted(shop.urls[2:]) == ["http://b/1", URL])
    for wrong in ("ftp://a/1", "http://[broken", "nowhere"):
        assert (await midtrans.charge("A-3", headers={"X-Override-Notification": wrong})).status_code == 400


@pytest.mark.parametrize(
    ("answer", "attempts", "state"),
    [
        (200, 1, "delivered"),
        (204, 1, "delivered"),
        (500, 2, "given_up"),
        (503, 5, "given_up"),
        (400, 3, "given_up"),
        (404, 3, "given_up"),
        (403, 6, "given_up"),
        (302, 6, "given_up"),
        (None, 6, "given_up"),
    ],
)
async def test_the_answer_decides_how_often_it_is_tried_again(answer: int | None, attempts: int, state: str) -> None:
    shop = Shop(*[answer] * 9)
    async with notifying(shop, midtrans_time_factor=1_000_000) as midtrans:
        await midtrans.charged("A-1")
        await eventually(lambda: midtrans.account.notices.log[0].state == state)
        (sent,) = await midtrans.notifications()

    assert len(shop.notices) == attempts
    assert (sent["order_id"], sent["transaction_status"], sent["url"]) == ("A-1", "pending", URL)
    assert sent["body"] == shop.notices[0]
    assert [attempt["status"] for attempt in sent["attempts"]] == [answer] * attempts
    assert sent["attempts"][0]["error"] == ("ConnectError" if answer is None else None)


@pytest.mark.parametrize(
    ("answers", "made", "state"),
    [
        ([503, None, 200], 3, "delivered"),
        # A 500 allows one retry in all, and two were made before it.
        ([503, None, 500, 200], 3, "given_up"),
    ],
)
async def test_the_last_answer_counts(answers: list[int | None], made: int, state: str) -> None:
    async with notifying(Shop(*answers), midtrans_time_factor=1_000_000) as midtrans:
        await midtrans.charged("A-1")
        await eventually(lambda: midtrans.account.notices.log[0].state != "waiting")
        (sent,) = await midtrans.notifications()

    assert ([attempt["status"] for attempt in sent["attempts"]], sent["state"]) == (answers[:made], state)


async def test_retries_wait_as_long_as_midtrans_does_by_the_clock() -> None:
    shop = Shop(*[403] * 6)
    async with notifying(shop) as midtrans:
        await midtrans.charged("A-1", custom_expiry={"expiry_duration": 100, "unit": "day"})
        await shop.heard("pending")
        moved = 0.0
        for number, wait in enumerate(RETRY_WAITS, start=1):
            moved += wait
            await midtrans.move_clock(moved - 5)
            await asyncio.sleep(0.05)
            assert len(shop.notices) == number
            await midtrans.move_clock(moved + 1)
            await shop.counted(number + 1)
        await eventually(lambda: midtrans.account.notices.log[0].state == "given_up")
    assert [wait / MINUTE for wait in RETRY_WAITS] == [2, 10, 30, 90, 210]


@pytest.mark.parametrize(("redirect", "posts"), [(307, 2), (308, 2), (301, 1), (303, 1)])
async def test_only_redirects_that_keep_the_method_are_followed(redirect: int, posts: int) -> None:
    shop = Shop(redirect)
    async with notifying(shop) as midtrans:
        await midtrans.charged("A-1")
        await eventually(lambda: midtrans.account.notices.log[0].attempts)
        (sent,) = await midtrans.notifications()

    assert (len(shop.urls), shop.urls[-1].endswith("/elsewhere")) == (posts, posts == 2)
    assert sent["attempts"][0]["status"] == (200 if posts == 2 else redirect)
    assert all(notice == shop.notices[0] for notice in shop.notices)


async def test_redirects_end_after_five() -> None:
    shop = Shop(*[307] * 20)
    async with notifying(shop) as midtrans:
        await midtrans.charged("A-1")
        await eventually(lambda: midtrans.account.notices.log[0].attempts)
    assert len(shop.notices) == 6


async def test_with_notifications_off_only_the_status_tells(shop: Shop, midtrans: MidtransCalls) -> None:
    await midtrans.notification_mode("off")
    await midtrans.charged("A-1")
    await midtrans.pay("A-1")
    await midtrans.notification_mode("ok")
    await midtrans.charged("A-2")

    await shop.heard("pending")
    assert shop.notices[0]["order_id"] == "A-2"
    assert (await midtrans.status("A-1"))["transaction_status"] == "settlement"


async def test_a_notice_can_come_twice(shop: Shop, midtrans: MidtransCalls) -> None:
    await midtrans.notification_mode("twice")
    await midtrans.charged("A-1")
    await shop.heard("pending", "pending")
    assert shop.notices[0] == shop.notices[1]


async def test_a_signature_can_be_wrong(shop: Shop, midtrans: MidtransCalls) -> None:
    await midtrans.notification_mode("wrong_signature")
    await midtrans.charged("A-1")
    await shop.heard("pending")
    assert len(shop.notices[0]["signature_key"]) == 128
    assert shop.notices[0]["signature_key"] != signature(shop.notices[0])


async def test_an_amount_can_be_off_under_a_right_signature(shop: Shop, midtrans: MidtransCalls) -> None:
    await midtrans.notification_mode("amount_off")
    await midtrans.charged("A-1", 150_000)
    await shop.heard("pending")
    assert shop.notices[0]["gross_amount"] == "150001.00"
    assert shop.notices[0]["signature_key"] == signature(shop.notices[0])
    assert (await midtrans.status("A-1"))["gross_amount"] == "150000.00"


async def test_pending_can_come_once_the_settlement_is_answered(shop: Shop, midtrans: MidtransCalls) -> None:
    await midtrans.notification_mode("out_of_order")
    await midtrans.charged("A-1")
    shop.is_answering.clear()
    await midtrans.pay("A-1")
    await shop.heard("settlement")
    await asyncio.sleep(0.05)
    await shop.heard("settlement")

    shop.is_answering.set()
    await shop.heard("settlement", "pending")


async def test_what_is_held_for_the_wrong_order_is_posted_when_the_mode_ends(
    shop: Shop, midtrans: MidtransCalls
) -> None:
    await midtrans.notification_mode("out_of_order")
    await midtrans.charged("A-1")
    assert await midtrans.notifications() == []
    await midtrans.notification_mode("ok")
    await shop.heard("pending")


async def test_a_notice_can_come_before_the_answer_to_the_charge(shop: Shop, midtrans: MidtransCalls) -> None:
    await midtrans.notification_mode("before_response")
    body = await midtrans.charged("A-1")
    assert [notice["transaction_id"] for notice in shop.notices] == [body["transaction_id"]]


async def test_a_settlement_can_be_notified_after_the_expiry_time(shop: Shop, midtrans: MidtransCalls) -> None:
    await midtrans.charged("A-1")
    await shop.heard("pending")
    await midtrans.notification_mode("late")
    await midtrans.pay("A-1")

    await midtrans.move_clock(15 * MINUTE - 5)
    await asyncio.sleep(0.05)
    await shop.heard("pending")
    await midtrans.move_clock(15 * MINUTE + 5)
    await shop.heard("pending", "settlement")
    assert (await midtrans.status("A-1"))["transaction_status"] == "settlement"


async def test_without_a_url_nothing_is_sent(shop: Shop) -> None:
    async with notifying(shop, midtrans_notification_url=None) as midtrans:
        await midtrans.charged("A-1")
        await midtrans.pay("A-1")
        assert await midtrans.notifications() == []
    assert shop.notices == []


async def test_only_the_newest_notifications_are_remembered(shop: Shop) -> None:
    async with notifying(shop, keep_messages=3) as midtrans:
        for number in range(5):
            await midtrans.charged(f"A-{number}")
        sent = await midtrans.notifications()
    assert [each["order_id"] for each in sent] == ["A-2", "A-3", "A-4"]


async def test_notifications_go_over_the_network_without_a_transport(shop: Shop) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = httpx.Request("POST", f"http://shop{scope['path']}", content=(await receive())["body"])
        await shop(request)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    async with listening(app) as url, paying(midtrans_notification_url=f"{url}/midtrans") as midtrans:
        await midtrans.charged("A-1")
        await shop.heard("pending")
    assert shop.urls == [URL]
