"""Orders, their states and refunds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from simulators.midtrans.channels import Channel
from simulators.midtrans.errors import NotModifiable, OrderIdUsed, UnknownTransaction


class Status(StrEnum):
    """`transaction_status` of an order."""

    PENDING = "pending"
    SETTLEMENT = "settlement"
    EXPIRE = "expire"
    CANCEL = "cancel"
    DENY = "deny"
    PARTIAL_REFUND = "partial_refund"
    REFUND = "refund"
    CHARGEBACK = "chargeback"


_PAID = frozenset({Status.SETTLEMENT, Status.PARTIAL_REFUND})
# From which states an order comes into a state.
_ALLOWED: Mapping[Status, frozenset[Status]] = {
    Status.SETTLEMENT: frozenset({Status.PENDING}),
    Status.EXPIRE: frozenset({Status.PENDING}),
    Status.CANCEL: frozenset({Status.PENDING}),
    Status.DENY: frozenset({Status.SETTLEMENT}),
    Status.PARTIAL_REFUND: _PAID,
    Status.REFUND: _PAID,
    Status.CHARGEBACK: _PAID,
}


@dataclass(frozen=True, slots=True)
class Payer:
    """Where the money came from; `on_us` is whether the issuer is the acquirer itself. Shown for QRIS only."""

    issuer: str
    on_us: bool


@dataclass(slots=True)
class Refund:
    """Money given back, in rupiah. It is done once `confirmed_at` is set."""

    number: int
    uuid: str
    key: str
    amount: int
    reason: str
    created_at: datetime
    confirmed_at: datetime | None = None


@dataclass(slots=True)
class Order:
    """A charge, or a payment to a static QRIS, in rupiah.

    `fields` are those of bodies that depend on the channel, `actions` those of the answer to a charge; `urls` receive
    the notifications. `expires_at` is None for a static QRIS.
    """

    order_id: str
    transaction_id: str
    amount: int
    channel: Channel
    created_at: datetime
    expires_at: datetime | None
    fields: Mapping[str, Any]
    actions: tuple[Mapping[str, str], ...] = ()
    qr_string: str | None = None
    urls: tuple[str, ...] = ()
    is_static: bool = False
    status: Status = Status.PENDING
    settled_at: datetime | None = None
    payer: Payer | None = None
    refunds: list[Refund] = field(default_factory=list)
    charged_back: int = 0

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds)

    @property
    def remaining(self) -> int:
        """Return what was not refunded."""
        return self.amount - self.refunded

    @property
    def is_paid(self) -> bool:
        """Return whether money is here that may be given back."""
        return self.status in _PAID

    def move(self, to: Status) -> None:
        """Change the status.

        Raises:
            NotModifiable: the status does not allow it.
        """
        if self.status not in _ALLOWED[to]:
            raise NotModifiable(f"transaction_status is {self.status}")
        self.status = to

    def settle(self, payer: Payer, at: datetime) -> None:
        """Record the payment.

        Raises:
            NotModifiable: the order is not pending.
        """
        self.move(Status.SETTLEMENT)
        self.payer, self.settled_at = payer, at

    def charge_back(self) -> None:
        """Take back all that was not refunded, for the payer.

        Raises:
            NotModifiable: the order is not paid.
        """
        self.move(Status.CHARGEBACK)
        self.charged_back = self.remaining

    def give_back(self, refund: Refund) -> None:
        """Add a refund that was accepted.

        Raises:
            NotModifiable: the order is not paid.
        """
        self.move(Status.REFUND if refund.amount == self.remaining else Status.PARTIAL_REFUND)
        self.refunds.append(refund)


class Orders:
    """All orders by order id and by transaction id. Iterates oldest first."""

    def __init__(self) -> None:
        self._by_order_id: dict[str, Order] = {}
        self._by_transaction_id: dict[str, Order] = {}

    def add(self, order: Order) -> None:
        """Add an order.

        Raises:
            OrderIdUsed: there is one with this order id.
        """
        self.require_unused(order.order_id)
        self._by_order_id[order.order_id] = order
        self._by_transaction_id[order.transaction_id] = order

    def require_unused(self, order_id: str) -> None:
        """Check that an order id is free.

        Raises:
            OrderIdUsed: it is not.
        """
        if order_id in self._by_order_id:
            raise OrderIdUsed

    def get(self, either_id: str) -> Order:
        """Return an order by one of its ids.

        Raises:
            UnknownTransaction: there is none.
        """
        order = self._by_transaction_id.get(either_id) or self._by_order_id.get(either_id)
        if order is None:
            raise UnknownTransaction
        return order

    def uses_va_number(self, number: str) -> bool:
        """Return whether a pending order has this virtual account number."""
        return any(number in _va_numbers(order) for order in self if order.status is Status.PENDING)

    def clear(self) -> None:
        self._by_order_id.clear()
        self._by_transaction_id.clear()

    def __iter__(self) -> Iterator[Order]:
        return iter(tuple(self._by_order_id.values()))

    def __reversed__(self) -> Iterator[Order]:
        return reversed(tuple(self._by_order_id.values()))


def _va_numbers(order: Order) -> set[str]:
    numbers = {va["va_number"] for va in order.fields.get("va_numbers", ())}
    return numbers | {order.fields.get("permata_va_number", "")}
