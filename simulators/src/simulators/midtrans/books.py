"""Sums of money over all orders."""

from collections.abc import Iterable

from pydantic import BaseModel

from simulators.midtrans.bodies import rupiah
from simulators.midtrans.orders import Order, Status


class OrderSums(BaseModel):
    """Money of one order. What was settled stays in `settled` when it is taken or given back."""

    transaction_status: str
    settled: str
    refunded: str
    reversed: str
    charged_back: str


class Books(BaseModel):
    """Money of all orders; the merchant has what was settled without the other three.

    `refunds_unconfirmed` is the part of `refunded` that the bank has not confirmed yet.
    """

    settled: str
    refunded: str
    refunds_unconfirmed: str
    reversed: str
    charged_back: str
    balance: str
    by_order: dict[str, OrderSums]


def books(orders: Iterable[Order]) -> Books:
    """Return the sums of all orders that were ever settled, amounts with two decimals."""
    paid = [order for order in orders if order.settled_at is not None]
    settled = sum(order.amount for order in paid)
    refunded = sum(order.refunded for order in paid)
    taken_back = sum(_reversed(order) for order in paid)
    charged_back = sum(order.charged_back for order in paid)
    return Books(
        settled=rupiah(settled),
        refunded=rupiah(refunded),
        refunds_unconfirmed=rupiah(sum(_unconfirmed(order) for order in paid)),
        reversed=rupiah(taken_back),
        charged_back=rupiah(charged_back),
        balance=rupiah(settled - refunded - taken_back - charged_back),
        by_order={order.order_id: _sums(order) for order in paid},
    )


def _sums(order: Order) -> OrderSums:
    return OrderSums(
        transaction_status=order.status,
        settled=rupiah(order.amount),
        refunded=rupiah(order.refunded),
        reversed=rupiah(_reversed(order)),
        charged_back=rupiah(order.charged_back),
    )


def _reversed(order: Order) -> int:
    return order.amount if order.status is Status.DENY else 0


def _unconfirmed(order: Order) -> int:
    return sum(refund.amount for refund in order.refunds if refund.confirmed_at is None)
