"""The adapter of Midtrans: what is sent, how answers are read, and where the key goes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from chassis.secrets import SecretBox, new_key
from hypothesis import given
from hypothesis import strategies as st
from payment.charges.rules import ACTIVE, ChargeStatus, new_order_id, next_question, status_after
from payment.gateways.account import Account, GatewayAccess
from payment.gateways.midtrans import Midtrans
from payment.gateways.port import (
    Bank,
    ChargeMethod,
    ChargeRequest,
    GatewayError,
    GatewayRefused,
    GatewaySilent,
    GatewayStatus,
    GatewayUnavailable,
    OrderTaken,
    OrderUnknown,
)

NOW = datetime(2026, 11, 25, 16, 59, 30, tzinfo=UTC)
"""One half minute before midnight in Jakarta."""
MADE = {"status_code": "201", "transaction_id": "t"}
STATUS = {
    "status_code": "200",
    "order_id": "A-1",
    "transaction_id": "t",
    "gross_amount": "150000.00",
    "currency": "IDR",
}


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> tuple[Midtrans, list[httpx.Request]]:
    """Return an adapter whose requests are answered so, and the requests."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer(request)

    http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return Midtrans(base_url="http://midtrans.test", server_key="SB-Mid-server-x", http=http), seen


def wanted(**changes: Any) -> ChargeRequest:
    facts = {
        "order_id": "FR5K-00042-ABCDEF",
        "amount": Decimal("150000.00"),
        "method": ChargeMethod.QRIS,
        "bank": None,
        "asked_at": NOW,
        "expires_at": NOW + timedelta(hours=2, seconds=59),
        "repeat_key": "k",
        **changes,
    }
    return ChargeRequest(**facts)


def body_of(request: httpx.Request) -> Any:
    return httpx.Response(200, content=request.content).json()


async def test_a_part_that_a_bank_took_back_leaves_the_charge_paid() -> None:
    listed = [
        {"refund_key": "asked", "refund_amount": "20000.00"},
        {"refund_chargeback_uuid": "there", "refund_amount": "30000.00"},
    ]
    body = {**STATUS, "transaction_status": "partial_chargeback", "refund_amount": "50000.00", "refunds": listed}
    gateway, _ = answering(lambda _: httpx.Response(200, json=body))
    report = await gateway.status("A-1")
    assert (report.status, report.partly_charged_back, report.refunded) == (GatewayStatus.PAID, True, Decimal(50_000))
    assert [(each.key, each.was_asked_for) for each in report.refunds] == [("asked", True), ("there", False)]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"])
async def test_times_go_out_as_jakarta_whatever_the_zone_of_the_race(zone: str) -> None:
    there = NOW.astimezone(ZoneInfo(zone))
    gateway, seen = answering(lambda _: httpx.Response(200, json=MADE))
    await gateway.charge(wanted(asked_at=there, expires_at=there + timedelta(hours=2, seconds=59)))
    expiry = body_of(seen[0])["custom_expiry"]
    assert expiry == {"order_time": "2026-11-25 23:59:30 +0700", "expiry_duration": 120, "unit": "minute"}


async def test_amounts_go_out_as_integers_and_a_key_makes_a_repetition_safe() -> None:
    gateway, seen = answering(lambda _: httpx.Response(200, json=MADE))
    await gateway.charge(wanted())
    assert body_of(seen[0])["transaction_details"] == {"order_id": "FR5K-00042-ABCDEF", "gross_amount": 150000}
    assert seen[0].headers["Idempotency-Key"] == "k"
    with pytest.raises(GatewayRefused):
        await gateway.charge(wanted(amount=Decimal("150000.50")))
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("method", "bank"), [(ChargeMethod.VA, None), (ChargeMethod.QRIS, Bank.BCA)], ids=["va", "qris"]
)
async def test_a_way_to_pay_that_does_not_exist_is_not_sent(method: ChargeMethod, bank: Bank | None) -> None:
    gateway, seen = answering(lambda _: httpx.Response(200, json={}))
    with pytest.raises(GatewayRefused):
        await gateway.charge(wanted(method=method, bank=bank))
    assert seen == []


@pytest.mark.parametrize("in_body", [True, False])
@pytest.mark.parametrize(
    ("code", "error"),
    [
        (404, OrderUnknown),
        (406, OrderTaken),
        (400, GatewayRefused),
        (401, GatewayUnavailable),
        (402, GatewayRefused),
        (412, GatewayRefused),
        (429, GatewayUnavailable),
        (503, GatewayUnavailable),
        (500, GatewaySilent),
        (202, None),
        (407, None),
    ],
)
async def test_both_ways_of_erring_are_read_alike(
    code: int, error: type[GatewayError] | None, *, in_body: bool
) -> None:
    body = {**STATUS, "status_code": str(code), "transaction_status": "expire"}
    gateway, _ = answering(lambda _: httpx.Response(200 if in_body else code, json=body))
    if error is None:
        assert (await gateway.status("A-1")).status is GatewayStatus.OVER
    else:
        with pytest.raises(error):
            await gateway.status("A-1")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={**STATUS, "gross_amount": "much"}),
        httpx.Response(200, json={"status_code": "200"}),
        httpx.Response(502, text="bad gateway"),
    ],
)
async def test_an_answer_that_says_nothing_is_unknown(answer: httpx.Response) -> None:
    gateway, _ = answering(lambda _: answer)
    with pytest.raises(GatewaySilent):
        await gateway.status("A-1")


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (httpx.ConnectError("no"), GatewayUnavailable),
        (httpx.ConnectTimeout("no"), GatewayUnavailable),
        (httpx.ReadTimeout("no"), GatewaySilent),
        (httpx.RemoteProtocolError("no"), GatewaySilent),
    ],
)
async def test_a_lost_connection_says_whether_it_may_have_happened(
    failure: httpx.HTTPError, error: type[GatewayError]
) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise failure

    gateway, _ = answering(fail)
    with pytest.raises(error):
        await gateway.cancel("A-1")


@pytest.mark.parametrize(
    ("word", "fraud", "status"),
    [
        ("settlement", None, GatewayStatus.PAID),
        ("settlement", "accept", GatewayStatus.PAID),
        ("capture", "challenge", GatewayStatus.UNDECIDED),
        ("settlement", "deny", GatewayStatus.UNDECIDED),
        ("pending", "accept", GatewayStatus.PENDING),
        ("deny", None, GatewayStatus.OVER),
        ("partial_chargeback", None, GatewayStatus.PAID),
        ("something new", None, GatewayStatus.UNDECIDED),
    ],
)
async def test_each_word_of_the_gateway_has_a_meaning(word: str, fraud: str | None, status: GatewayStatus) -> None:
    body = {**STATUS, "transaction_status": word, "fraud_status": fraud, "settlement_time": "2026-11-26 00:01:02"}
    gateway, _ = answering(lambda _: httpx.Response(200, json=body))
    report = await gateway.status("A-1")
    assert (report.status, report.amount) == (status, Decimal("150000.00"))
    assert report.settled_at == datetime(2026, 11, 25, 17, 1, 2, tzinfo=UTC)


async def test_an_order_id_cannot_leave_its_part_of_the_address() -> None:
    gateway, seen = answering(lambda _: httpx.Response(404, json={"status_code": "404"}))
    with pytest.raises(OrderUnknown):
        await gateway.status("a/../../v1/x?y=1")
    assert seen[0].url.raw_path == b"/v2/a%2F..%2F..%2Fv1%2Fx%3Fy%3D1/status"


@pytest.mark.parametrize(
    ("key", "base_url", "host"),
    [
        ("SB-Mid-server-1", "http://simulator.test", "simulator.test"),
        ("SB-Mid-server-1", "", "api.sandbox.midtrans.com"),
        ("Mid-server-1", "", "api.midtrans.com"),
        ("Mid-server-1", "http://simulator.test", "api.midtrans.com"),
    ],
)
async def test_the_key_of_a_production_account_goes_only_to_midtrans(key: str, base_url: str, host: str) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(404, json={"status_code": "404"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as http:
        access = GatewayAccess(SecretBox([new_key()]), http, base_url)
        with pytest.raises(OrderUnknown):
            await access.gateway(Account(key, None, ())).status("A-1")
    assert seen[0].url.host == host
    assert key not in repr(Account(key, None, ()))


@given(st.text(max_size=60))
def test_every_order_id_is_one_that_midtrans_takes(number: str) -> None:
    order_id = new_order_id(number)
    assert len(order_id) <= 50
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_~.") for letter in order_id)
    assert new_order_id(number) != order_id


@pytest.mark.parametrize("current", list(ChargeStatus))
@pytest.mark.parametrize("report", list(GatewayStatus))
def test_every_status_against_every_report(current: ChargeStatus, report: GatewayStatus) -> None:
    after = status_after(current, report, "expire", settled_for=timedelta(hours=1), bank="bca")
    taken = {ChargeStatus.REVERSED, ChargeStatus.CHARGED_BACK}
    assert after not in ACTIVE or current in ACTIVE
    assert current not in taken or after is current
    assert (after is ChargeStatus.PAID) == (
        (report is GatewayStatus.PAID and current not in taken)
        or (current is ChargeStatus.PAID and report not in {GatewayStatus.OVER, GatewayStatus.CHARGED_BACK})
    )


@given(st.sampled_from(list(ChargeStatus)), st.timedeltas(timedelta(), timedelta(days=60)))
def test_the_next_question_lies_ahead_and_comes_to_an_end(status: ChargeStatus, age: timedelta) -> None:
    now = NOW + age
    asked = next_question(status, created_at=NOW, expires_at=NOW + timedelta(hours=24), now=now)
    assert asked is None or now < asked <= now + timedelta(days=1)
    assert asked is None or status is ChargeStatus.SETTLING or age < timedelta(days=31)
