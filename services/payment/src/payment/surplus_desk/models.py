"""Kept money as staff see it, and their decisions."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.web.models import Amount, Body, Line, Text, View, Words
from pydantic import Field

from payment.incoming.rules import MoneyKind, MoneyState
from payment.ledger.rules import Channel
from payment.refund_desk.models import by_gateway, error_words
from payment.refund_desk.rules import WhyNot
from payment.refunds.rules import GatewayError, Way
from payment.usdt.pay.returning import UsdtRefund

Reason = Annotated[Text, Field(max_length=1000)]


class MoneyView(View):
    """Money that paid no invoice. `registration_id` is whose it said to be, `payment_id` what it was assigned as.

    `checked_by` is the first of two people who assign a large amount, to `proposed_registration_id`; null if there is
    none, or one is enough. `waits_for_second`: another person has to assign it, or to send it back, than the one who
    decided that. `way` is how it goes back; the gateway gives it back until `gateway_until`, and `why_not_gateway` says
    why it does not. `gateway_error` is why it refused. `gone_back` are parts that were given back at the gateway,
    `left` is what is still kept. `usdt_refund` is how it goes back in USDT, if it came in them and paid nothing.
    `source` is what it was found by, such as `line:` and an id.
    """

    id: UUID
    kind: MoneyKind
    state: MoneyState
    channel: str
    payment_method: str
    amount: Amount
    gone_back: Amount
    left: Amount
    currency: str
    received_at: datetime
    age_seconds: int
    registration_id: UUID | None
    registration_number: str | None
    reference: str | None
    payment_id: UUID | None
    checked_at: datetime | None
    checked_by: UUID | None
    proposed_registration_id: UUID | None
    proposed_registration_number: str | None
    waits_for_second: bool
    decided_at: datetime | None
    decided_by: UUID | None
    reason: str | None
    way: Way
    sent_at: datetime | None
    sent_by: UUID | None
    accepted_at: datetime | None
    gateway_until: datetime | None
    why_not_gateway: WhyNot | None
    gateway_error: GatewayError | None
    gateway_error_words: Words | None
    refunded_at: datetime | None
    refunded_by: UUID | None
    refund_reference: str | None
    usdt_refund: UsdtRefund | None
    source: str

    @classmethod
    def of(cls, row: Any, *, now: datetime, has_gateway: bool, usdt: UsdtRefund | None) -> Self:
        """Build the view of kept money, as of `now`."""
        made = {
            "age_seconds": max(0, int((now - row["received_at"]).total_seconds())),
            "left": Decimal(0) if row["settled"] else row["amount"] - row["gone_back"],
            "gateway_error_words": error_words(row["gateway_error"]),
            "usdt_refund": usdt,
            **by_gateway(row, now=now, has_gateway=has_gateway),
            "why_not_gateway": why_not_gateway(row, now=now, has_gateway=has_gateway),
        }
        return cls.model_validate({**row, **made})


def why_not_gateway(row: Any, *, now: datetime, has_gateway: bool) -> WhyNot | None:
    """Return why the gateway cannot give kept money back, or None if it can."""
    if row["channel"] == Channel.MIDTRANS and row["charge_method"] is None:
        return WhyNot.OTHER_ORDER
    reason: WhyNot | None = by_gateway(row, now=now, has_gateway=has_gateway)["why_not_gateway"]
    return reason


class Assignment(Body):
    """The registration that the money is for, and how that is known."""

    registration_id: UUID = Field(strict=False)
    reason: Reason


class Decision(Body):
    """Why the money goes back."""

    reason: Reason


class RefundReference(Body):
    """The bank's or wallet's reference of the transfer."""

    reference: Line


class Assigned(View):
    """The payment that the money became."""

    payment_id: UUID
