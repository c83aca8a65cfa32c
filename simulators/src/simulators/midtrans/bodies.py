"""JSON bodies of answers and notifications."""

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from simulators.midtrans.channels import Bank, PaymentType
from simulators.midtrans.clock import jakarta
from simulators.midtrans.errors import Refused
from simulators.midtrans.orders import Order, Refund, Status

Body = dict[str, Any]

_CODES: Mapping[Status, str] = {Status.PENDING: "201", Status.DENY: "202", Status.EXPIRE: "202"}
_CREATED: Mapping[PaymentType, str] = {
    PaymentType.QRIS: "QRIS transaction is created",
    PaymentType.BANK_TRANSFER: "Success, Bank Transfer transaction is created",
    PaymentType.ECHANNEL: "OK, Mandiri Bill transaction is successful",
    PaymentType.GOPAY: "GoPay transaction is created",
}


def rupiah(amount: int) -> str:
    """Return an amount as Midtrans writes it, with two decimals."""
    return f"{amount}.00"


def charge_body(order: Order, merchant_id: str) -> Body:
    """Return the answer to a charge; it alone has `actions` and, for QRIS, `qr_string`."""
    body = {**_facts(order, merchant_id), "status_code": "201", "status_message": _created(order)}
    if order.actions:
        body["actions"] = [dict(action) for action in order.actions]
    if order.qr_string is not None and order.channel.payment_type is PaymentType.QRIS:
        body["qr_string"] = order.qr_string
    return body


def status_body(order: Order, merchant_id: str) -> Body:
    """Return the answer to a status request, without a signature."""
    code = "407" if order.status is Status.EXPIRE else _code(order)
    return {
        **_facts(order, merchant_id),
        "status_code": code,
        "status_message": "Success, transaction is found",
        **_money_back(order),
    }


def notice_body(order: Order, merchant_id: str) -> Body:
    """Return a notification, without a signature."""
    return {
        **_facts(order, merchant_id),
        "status_code": _code(order),
        "status_message": "midtrans payment notification",
        **_money_back(order),
    }


def ended_body(order: Order, merchant_id: str) -> Body:
    """Return the answer to a cancellation, or to an expiry, which has status code 407."""
    code, word = ("407", "expired") if order.status is Status.EXPIRE else ("200", "canceled")
    return {
        **_facts(order, merchant_id),
        "status_code": code,
        "status_message": f"Success, transaction is {word}",
    }


def refund_body(order: Order, refund: Refund, merchant_id: str) -> Body:
    """Return the answer to an accepted refund; `refund_amount` is that of this refund alone."""
    return {
        **_facts(order, merchant_id),
        "status_code": "200",
        "status_message": "Success, refund request is approved",
        "refund_chargeback_id": refund.number,
        "refund_chargeback_uuid": refund.uuid,
        "refund_amount": rupiah(refund.amount),
        "refund_key": refund.key,
    }


def error_body(refused: Refused) -> Body:
    body: Body = {"status_code": str(refused.code), "status_message": str(refused), "id": str(uuid4())}
    if refused.details:
        body["validation_messages"] = list(refused.details)
    return body


def _code(order: Order) -> str:
    return _CODES.get(order.status, "200")


def _created(order: Order) -> str:
    if order.channel.bank is Bank.PERMATA:
        return "Success, PERMATA VA transaction is successful"
    return _CREATED[order.channel.payment_type]


def _facts(order: Order, merchant_id: str) -> Body:
    body: Body = {
        "transaction_time": jakarta(order.created_at),
        "transaction_status": order.status,
        "transaction_id": order.transaction_id,
        "payment_type": order.channel.payment_type,
        "order_id": order.order_id,
        "merchant_id": merchant_id,
        "gross_amount": rupiah(order.amount),
        "fraud_status": "accept",
        "currency": "IDR",
        **order.fields,
        # New fields may appear in Midtrans' bodies at any time.
        "simulator": {"is_simulated": True},
    }
    if order.expires_at is not None:
        body["expiry_time"] = jakarta(order.expires_at)
    return body | _payment(order)


def _payment(order: Order) -> Body:
    if order.settled_at is None or order.payer is None:
        return {}
    body: Body = {"settlement_time": jakarta(order.settled_at)}
    if order.channel.payment_type is PaymentType.QRIS:
        body["issuer"] = order.payer.issuer
        body["transaction_type"] = "on-us" if order.payer.on_us else "off-us"
        body["merchant_cross_reference_id"] = str(uuid5(NAMESPACE_URL, order.transaction_id))
    if order.channel.payment_type is PaymentType.BANK_TRANSFER:
        body["payment_amounts"] = [{"paid_at": jakarta(order.settled_at), "amount": rupiah(order.amount)}]
    return body


def _money_back(order: Order) -> Body:
    if not order.refunds:
        return {}
    return {"refund_amount": rupiah(order.refunded), "refunds": [_refund(refund) for refund in order.refunds]}


def _refund(refund: Refund) -> Body:
    body: Body = {
        "refund_chargeback_id": refund.number,
        "refund_chargeback_uuid": refund.uuid,
        "refund_amount": rupiah(refund.amount),
        "created_at": jakarta(refund.created_at),
        "reason": refund.reason,
        "refund_key": refund.key,
    }
    if refund.confirmed_at is not None:
        body["bank_confirmed_at"] = jakarta(refund.confirmed_at)
    return body
