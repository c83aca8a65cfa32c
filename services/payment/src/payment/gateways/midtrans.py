"""The Core API of Midtrans. Amounts go out as integers, and come back as texts with two decimals."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
from chassis.answers import fetch, read_json

from payment.gateways.port import (
    BalanceTooLow,
    Bank,
    ChargeDetails,
    ChargeMethod,
    ChargeRequest,
    GatewayRefused,
    GatewaySilent,
    GatewayStatus,
    GatewayUnavailable,
    KeyRefused,
    OrderTaken,
    OrderUnknown,
    RefundRequest,
    ReportedRefund,
    StatusReport,
)

TIMEOUT: Final = httpx.Timeout(10.0, connect=3.0)
PRODUCTION_URL: Final = "https://api.midtrans.com"
SANDBOX_URL: Final = "https://api.sandbox.midtrans.com"

_JAKARTA: Final = ZoneInfo("Asia/Jakarta")
"""All times of the API are Jakarta's, without an offset."""
_OK: Final = frozenset({"200", "201", "202", "407"})
_NOT_REACHED: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

_REFUSALS: Final[Mapping[str, type[Exception]]] = {
    "401": KeyRefused,
    "404": OrderUnknown,
    "406": OrderTaken,
    "414": BalanceTooLow,
    "429": GatewayUnavailable,
    "503": GatewayUnavailable,
}

_STATUSES: Final[Mapping[str, GatewayStatus]] = {
    "pending": GatewayStatus.PENDING,
    "authorize": GatewayStatus.UNDECIDED,
    "settlement": GatewayStatus.PAID,
    "capture": GatewayStatus.PAID,
    "refund": GatewayStatus.PAID,
    "partial_refund": GatewayStatus.PAID,
    "expire": GatewayStatus.OVER,
    "cancel": GatewayStatus.OVER,
    "deny": GatewayStatus.OVER,
    "failure": GatewayStatus.OVER,
    "chargeback": GatewayStatus.CHARGED_BACK,
    "partial_chargeback": GatewayStatus.PAID,
}
# Source: Midtrans, status cycle. No field for its amount is documented: refunds and chargebacks share `refund_amount`.
_PARTLY_BACK: Final = "partial_chargeback"

# Source: Midtrans, refund transaction (2026). A QRIS code of GoPay's that another app paid has the shortest time.
_SHORTEST_WINDOW: Final = timedelta(days=7)
_WALLET_WINDOW: Final = timedelta(days=45)
_SHOPEE_WINDOW: Final = timedelta(days=365)
_SHOPEE: Final = frozenset({"airpay shopee", "shopeepay"})
_LONGEST_REASON: Final = 255


class Midtrans:
    """The gateway Midtrans, as one merchant.

    Args:
        base_url: without a slash at the end.
        server_key: secret; the merchant's name in basic authentication.
        http: the caller closes it.
    """

    def __init__(self, *, base_url: str, server_key: str, http: httpx.AsyncClient) -> None:
        self._base_url = base_url
        self._auth = httpx.BasicAuth(server_key, "")
        self._http = http

    async def charge(self, request: ChargeRequest) -> ChargeDetails:
        """See `Gateway`."""
        body = await self._call("POST", "/v2/charge", json=_charge_body(request), key=request.repeat_key)
        details = _details(body)
        if not details.transaction_id:
            raise GatewaySilent("a request with this key is still under way")
        return details

    async def status(self, order_id: str) -> StatusReport:
        """See `Gateway`."""
        return _report(await self._call("GET", f"/v2/{quote(order_id, safe='')}/status"))

    async def cancel(self, order_id: str) -> None:
        """See `Gateway`."""
        await self._call("POST", f"/v2/{quote(order_id, safe='')}/cancel")

    async def refund(self, request: RefundRequest) -> None:
        """See `Gateway`."""
        body = {"refund_key": request.key, "amount": _whole(request.amount), "reason": request.reason[:_LONGEST_REASON]}
        with suppress(OrderTaken):  # 406: this key was used for a refund of this order
            await self._call("POST", f"/v2/{quote(request.order_id, safe='')}/refund", json=body)

    async def _call(self, method: str, path: str, *, json: Any = None, key: str | None = None) -> Mapping[str, Any]:
        headers = {"Accept": "application/json"} | ({"Idempotency-Key": key} if key else {})
        try:
            answer = await fetch(
                *(self._http, method, f"{self._base_url}{path}"),
                json=json,
                headers=headers,
                auth=self._auth,
                timeout=TIMEOUT,
            )
        except _NOT_REACHED as error:
            raise GatewayUnavailable(type(error).__name__) from None
        except httpx.HTTPError as error:
            raise GatewaySilent(type(error).__name__) from None
        return _accepted(answer)


def _charge_body(request: ChargeRequest) -> dict[str, Any]:
    return {
        "transaction_details": {"order_id": request.order_id, "gross_amount": _whole(request.amount)},
        "custom_expiry": _expiry(request.asked_at, request.expires_at),
        **_method(request),
    }


def _whole(amount: Decimal) -> int:
    if amount != amount.to_integral_value():
        raise GatewayRefused("the amount has decimals")
    return int(amount)


def _expiry(asked_at: datetime, expires_at: datetime) -> dict[str, Any]:
    return {
        "order_time": asked_at.astimezone(_JAKARTA).strftime("%Y-%m-%d %H:%M:%S +0700"),
        "expiry_duration": int((expires_at - asked_at) / timedelta(minutes=1)),
        "unit": "minute",
    }


def _method(request: ChargeRequest) -> dict[str, Any]:
    match request.method, request.bank:
        case ChargeMethod.QRIS, None:
            return {"payment_type": "qris", "qris": {"acquirer": "gopay"}}
        case ChargeMethod.VA, Bank.MANDIRI:
            info = {"bill_info1": "Registration", "bill_info2": request.order_id[:30]}
            return {"payment_type": "echannel", "echannel": info}
        case ChargeMethod.VA, Bank() as bank:
            return {"payment_type": "bank_transfer", "bank_transfer": {"bank": bank.value}}
    raise GatewayRefused("a virtual account needs a bank, and QRIS has none")


def _accepted(answer: httpx.Response) -> Mapping[str, Any]:
    """Return the body of an answer. An error is an HTTP status, or a `status_code` in the body of a 200.

    Raises:
        OrderUnknown, OrderTaken, GatewayRefused, GatewayUnavailable, GatewaySilent.
    """
    try:
        body = read_json(answer)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise GatewaySilent(f"unreadable answer {answer.status_code}")
    code = str(body.get("status_code") or answer.status_code)
    if code in _OK:
        return body
    raise _refusal(code)


def _refusal(code: str) -> Exception:
    known = _REFUSALS.get(code)
    if known is not None:
        return known(code)
    return GatewayRefused(code) if code.startswith("4") else GatewaySilent(code)


def _details(body: Mapping[str, Any]) -> ChargeDetails:
    numbers = body.get("va_numbers")
    first = numbers[0] if isinstance(numbers, list) and numbers and isinstance(numbers[0], dict) else {}
    return ChargeDetails(
        transaction_id=_text(body.get("transaction_id")) or "",
        qr_string=_text(body.get("qr_string")),
        va_number=_text(first.get("va_number") or body.get("permata_va_number")),
        biller_code=_text(body.get("biller_code")),
        bill_key=_text(body.get("bill_key")),
    )


def _report(body: Mapping[str, Any]) -> StatusReport:
    word = str(body.get("transaction_status") or "")
    try:
        amount = Decimal(str(body["gross_amount"]))
        refunded = Decimal(str(body.get("refund_amount") or 0))
        refunds = list(_refunds(body))
    except (KeyError, InvalidOperation):
        raise GatewaySilent("a status without an amount") from None
    if refunded and not refunds:
        refunds = [ReportedRefund(key=None, amount=refunded, confirmed_at=None)]
    return StatusReport(
        order_id=str(body.get("order_id") or ""),
        status=_status(word, body),
        word=word[:50],
        amount=amount,
        currency=str(body.get("currency") or "IDR"),
        refunded=refunded,
        merchant_id=_text(body.get("merchant_id")),
        settled_at=_moment(body.get("settlement_time")),
        details=_details(body),
        method=ChargeMethod.QRIS if body.get("payment_type") in {"qris", "gopay"} else ChargeMethod.VA,
        refunds=refunds,
        partly_charged_back=word == _PARTLY_BACK,
        refund_window=_refund_window(body),
    )


def _refunds(body: Mapping[str, Any]) -> Iterator[ReportedRefund]:
    """Yield the refunds that a status lists. `bank_confirmed_at` is there once the money went back."""
    listed = body.get("refunds")
    known = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    for number, each in enumerate(known, start=1):
        asked_with = _text(each.get("refund_key"))
        key = asked_with or _text(each.get("refund_chargeback_uuid")) or f"refund-{number}"
        yield ReportedRefund(
            key=key[:100],
            amount=Decimal(str(each["refund_amount"])),
            confirmed_at=_moment(each.get("bank_confirmed_at")),
            was_asked_for=asked_with is not None,
        )


def _refund_window(body: Mapping[str, Any]) -> timedelta | None:
    """Return for how long a payment can be given back. Virtual accounts cannot; the shortest if it is not known."""
    kind = body.get("payment_type")
    if kind == "shopeepay" or (kind == "qris" and body.get("acquirer") in _SHOPEE):
        return _SHOPEE_WINDOW
    if kind == "gopay" or (kind == "qris" and body.get("transaction_type") == "on-us"):
        return _WALLET_WINDOW
    return _SHORTEST_WINDOW if kind == "qris" else None


def _status(word: str, body: Mapping[str, Any]) -> GatewayStatus:
    found = _STATUSES.get(word, GatewayStatus.UNDECIDED)
    if found is GatewayStatus.PAID and body.get("fraud_status") not in (None, "accept"):
        return GatewayStatus.UNDECIDED
    return found


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.strptime(str(value), "%Y-%m-%d %H:%M:%S").replace(tzinfo=_JAKARTA)
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    return str(value)[:500] if isinstance(value, str | int) and not isinstance(value, bool) else None
