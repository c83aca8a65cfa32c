"""Making orders of charges and of payments to a static QRIS."""

import itertools
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from simulators.midtrans.channels import Bank, Channel, PaymentType
from simulators.midtrans.forms import ChargeForm
from simulators.midtrans.orders import Order, Orders
from simulators.midtrans.qris import qris_text

_BILLER_CODE = "70012"
# Beginning and length of the virtual account numbers that are chosen here.
_VA_NUMBERS: Mapping[Bank, tuple[str, int]] = {
    Bank.BCA: ("91019", 16),
    Bank.BNI: ("988", 16),
    Bank.BRI: ("12345", 18),
    Bank.PERMATA: ("8562", 16),
    Bank.CIMB: ("1928", 16),
}


class Cashier:
    """Makes orders; virtual account numbers are unique among pending orders."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        # Starts from the clock, so that numbers stay unique across restarts for callers that store them.
        self._numbers = itertools.count(time.time_ns() // 10_000_000)

    def charge(self, form: ChargeForm, *, base_url: str, urls: tuple[str, ...], now: datetime) -> Order:
        """Return a new order, not stored yet.

        Args:
            base_url: of this API, for the addresses in `actions`.
            urls: receivers of notifications.

        Raises:
            InvalidRequest: the expiry time is in the past or too far ahead.
        """
        transaction_id, amount = str(uuid4()), form.transaction_details.gross_amount
        return Order(
            order_id=form.transaction_details.order_id,
            transaction_id=transaction_id,
            amount=amount,
            channel=form.channel,
            created_at=now,
            expires_at=form.expires_at(now),
            fields=self._fields(form),
            actions=_actions(form.payment_type, base_url, transaction_id),
            qr_string=qris_text(amount, _bill_number(transaction_id)) if form.channel.has_qr_code else None,
            urls=urls,
        )

    def static_payment(self, amount: int, *, urls: tuple[str, ...], now: datetime) -> Order:
        """Return an order for a payment of `amount` rupiah to the static QRIS, not stored yet."""
        return Order(
            order_id=f"SQ{next(self._numbers):012}",
            transaction_id=str(uuid4()),
            amount=amount,
            channel=Channel(PaymentType.QRIS, acquirer="gopay"),
            created_at=now,
            expires_at=None,
            fields={"acquirer": "gopay"},
            urls=urls,
            is_static=True,
        )

    def _fields(self, form: ChargeForm) -> dict[str, Any]:
        channel = form.channel
        if channel.payment_type is PaymentType.ECHANNEL:
            return {"biller_code": _BILLER_CODE, "bill_key": f"{next(self._numbers):012}"}
        if channel.bank is not None:
            return _va_fields(channel.bank, self._va_number(channel.bank, form.wanted_va_number))
        return {} if channel.acquirer is None else {"acquirer": channel.acquirer}

    def _va_number(self, bank: Bank, wanted: str | None) -> str:
        """Return the number that the merchant wants unless a pending order has it; else one of our own."""
        if wanted is not None and not self._orders.uses_va_number(wanted):
            return wanted
        beginning, length = _VA_NUMBERS[bank]
        return f"{beginning}{next(self._numbers):0{length - len(beginning)}}"


def _va_fields(bank: Bank, number: str) -> dict[str, Any]:
    if bank is Bank.PERMATA:
        return {"permata_va_number": number}
    return {"va_numbers": [{"bank": bank, "va_number": number}], "payment_amounts": []}


def _bill_number(transaction_id: str) -> str:
    return transaction_id.replace("-", "")


def _actions(kind: PaymentType, base_url: str, transaction_id: str) -> tuple[Mapping[str, str], ...]:
    order, code = f"{base_url}/v2/{transaction_id}", f"{base_url}/v2/{kind}/{transaction_id}/qr-code"
    if kind is PaymentType.QRIS:
        return (_action("generate-qr-code", code), _action("generate-qr-code-v2", f"{code}-v2"))
    if kind is PaymentType.GOPAY:
        return (
            _action("generate-qr-code", code),
            _action("deeplink-redirect", f"{base_url}/v2/{kind}/{transaction_id}/deeplink"),
            _action("get-status", f"{order}/status"),
            _action("cancel", f"{order}/cancel", method="POST"),
        )
    return ()


def _action(name: str, url: str, *, method: str = "GET") -> dict[str, str]:
    return {"name": name, "method": method, "url": url}
