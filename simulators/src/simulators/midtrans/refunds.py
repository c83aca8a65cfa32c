"""Which refunds are accepted."""

from datetime import datetime, time, timedelta
from uuid import uuid4

from simulators.midtrans.clock import JAKARTA
from simulators.midtrans.errors import DuplicateRefund, NotModifiable, RefundRefused, UnknownTransaction
from simulators.midtrans.forms import RefundForm
from simulators.midtrans.orders import Order, Refund

KEYS_REMEMBERED = timedelta(days=7)
_NIGHT_BEGINS, _NIGHT_ENDS = time(23, 55), time(6)


def accept_refund(order: Order, form: RefundForm, *, number: int, now: datetime) -> Refund:
    """Return the refund that `form` asks for; the order is not changed.

    Args:
        number: of the refund among all of this merchant.

    Raises:
        DuplicateRefund: the order has a refund with this key, made in the last 7 days.
        NotModifiable: the order is not paid, its channel has no refunds, or it is too late or too early for one.
        RefundRefused: more than what is left, or a part where the channel gives back all or nothing.
    """
    _require_new_key(order, form.refund_key, now)
    _require_possible(order, now)
    amount = form.amount or order.remaining
    if amount > order.remaining:
        raise RefundRefused("amount is more than what was not refunded yet")
    if amount < order.amount and order.channel.is_shopee:
        raise RefundRefused("this channel has no partial refunds")
    key = form.refund_key or f"reference-{number}"
    return Refund(number, str(uuid4()), key, amount, form.reason, now)


def require_addressed_rightly(order: Order, either_id: str) -> None:
    """Check by which id a refund names its order: a payment to a static QRIS has only its transaction id.

    Raises:
        UnknownTransaction: by the order id, for a static QRIS.
    """
    if order.is_static and either_id != order.transaction_id:
        raise UnknownTransaction


def _require_new_key(order: Order, key: str | None, now: datetime) -> None:
    if any(refund.key == key and now - refund.created_at < KEYS_REMEMBERED for refund in order.refunds):
        raise DuplicateRefund


def _require_possible(order: Order, now: datetime) -> None:
    if not order.is_paid or order.settled_at is None or order.payer is None:
        raise NotModifiable(f"transaction_status is {order.status}")
    if not order.channel.is_refundable:
        raise NotModifiable("virtual accounts cannot be refunded")
    if now > order.settled_at + order.channel.refund_window(on_us=order.payer.on_us):
        raise NotModifiable("the time for refunds is over")
    if order.channel.is_shopee and _is_night(now):
        raise NotModifiable("this channel has no refunds from 23:55 to 06:00 in Jakarta")


def _is_night(now: datetime) -> bool:
    hour = now.astimezone(JAKARTA).time()
    return hour >= _NIGHT_BEGINS or hour < _NIGHT_ENDS
