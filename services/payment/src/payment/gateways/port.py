"""What payment asks of a payment gateway."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class ChargeMethod(StrEnum):
    """How a charge is paid."""

    QRIS = "midtrans_qris"
    VA = "midtrans_va"


class Bank(StrEnum):
    """Banks with virtual accounts. Mandiri's is a bill: a company code and a bill key instead of one number."""

    BCA = "bca"
    BNI = "bni"
    BRI = "bri"
    CIMB = "cimb"
    MANDIRI = "mandiri"
    PERMATA = "permata"


SHORTEST = timedelta(minutes=15)
"""Shorter charges do not expire reliably. Source: Midtrans, custom expiry."""

REVERSIBLE = frozenset({Bank.PERMATA, Bank.MANDIRI})
"""Banks whose settlements may be reversed within minutes. Source: Midtrans, status cycle."""


class GatewayStatus(StrEnum):
    """What a gateway says about a charge. `over` is a charge that expired, was cancelled, denied, or failed."""

    PENDING = "pending"
    PAID = "paid"
    OVER = "over"
    CHARGED_BACK = "charged_back"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class ChargeRequest:
    """A charge to create.

    Attributes:
        order_id: one that the gateway has never seen.
        amount: in whole rupiah.
        bank: for virtual accounts.
        asked_at: now; the gateway counts the time until `expires_at` from here, in whole minutes.
        repeat_key: two requests with the same key create one charge, if they come within five minutes.
    """

    order_id: str
    amount: Decimal
    method: ChargeMethod
    bank: Bank | None
    asked_at: datetime
    expires_at: datetime
    repeat_key: str


@dataclass(frozen=True, kw_only=True)
class ChargeDetails:
    """What a runner pays with. The fields that the method does not use are None."""

    transaction_id: str
    qr_string: str | None = None
    va_number: str | None = None
    biller_code: str | None = None
    bill_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReportedRefund:
    """A refund that the gateway made, or will make.

    Attributes:
        key: that it was asked for with, or the gateway's own; None if the gateway says only what was refunded in all.
        confirmed_at: when the bank or wallet confirmed it; None while it has not.
        is_sum: it is what a sum grew by, and its key was made from that.
        was_asked_for: its key is one that it was asked for with, not the gateway's own.
    """

    key: str | None
    amount: Decimal
    confirmed_at: datetime | None
    is_sum: bool = False
    was_asked_for: bool = False


@dataclass(frozen=True, kw_only=True)
class RefundRequest:
    """A refund to ask for.

    Attributes:
        key: two requests with the same key make one refund; letters, digits, dashes and underscores.
        amount: in whole rupiah.
    """

    order_id: str
    key: str
    amount: Decimal
    reason: str


@dataclass(frozen=True, kw_only=True)
class StatusReport:
    """What the gateway knows of a charge.

    Attributes:
        word: the gateway's own status, for people.
        amount: of the charge, in units of `currency`.
        refunded: sum of all refunds so far; `refunds` are these one by one, as far as the gateway says.
        partly_charged_back: whether a bank took a part of the money back; it may be in `refunded`, and among `refunds`.
        refund_window: for how long after the settlement the gateway gives the money back; None if it never does.
        merchant_id: the account that got the money; None if the gateway does not say.
        settled_at: when the money arrived; None while it has not.
        details: what a runner pays with, as far as a status contains it.
    """

    order_id: str
    status: GatewayStatus
    word: str
    amount: Decimal
    currency: str
    refunded: Decimal
    merchant_id: str | None
    settled_at: datetime | None
    details: ChargeDetails
    method: ChargeMethod = field(default=ChargeMethod.VA)
    refunds: Sequence[ReportedRefund] = ()
    partly_charged_back: bool = False
    refund_window: timedelta | None = None


class GatewayError(Exception):
    """A gateway did not do what it was asked. The text is for logs: no personal data, no secrets."""


class GatewayRefused(GatewayError):
    """The gateway refuses; the same request will not succeed."""


class BalanceTooLow(GatewayRefused):
    """The gateway refuses a refund: the merchant's money there is less, or what is left of the charge is."""


class GatewayUnavailable(GatewayError):
    """The gateway did not get or not take the request. Nothing happened there."""


class KeyRefused(GatewayUnavailable):
    """The gateway refuses the merchant's key. That may last only a while, and says nothing about the order."""


class GatewaySilent(GatewayError):
    """No usable answer: it may have happened."""


class OrderUnknown(GatewayError):
    """The gateway has no such order."""


class OrderTaken(GatewayError):
    """The gateway has a charge with this order id."""


class Gateway(Protocol):
    """A payment gateway. No call is made inside a transaction."""

    async def charge(self, request: ChargeRequest) -> ChargeDetails:
        """Create a charge.

        Raises:
            GatewayRefused, GatewayUnavailable, GatewaySilent, OrderTaken.
        """

    async def status(self, order_id: str) -> StatusReport:
        """Return what the gateway knows of a charge.

        Raises:
            OrderUnknown, GatewayRefused, GatewayUnavailable, GatewaySilent.
        """

    async def cancel(self, order_id: str) -> None:
        """Cancel a charge that is not paid.

        Raises:
            OrderUnknown, GatewayRefused: it is over or paid. GatewayUnavailable, GatewaySilent.
        """

    async def refund(self, request: RefundRequest) -> None:
        """Ask for a refund, which the gateway confirms later. One with this key that was accepted before is accepted.

        Raises:
            OrderUnknown, GatewayRefused, GatewayUnavailable, GatewaySilent.
            BalanceTooLow.
        """
