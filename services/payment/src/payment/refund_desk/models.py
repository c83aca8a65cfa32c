"""Refunds as staff see them and ask for them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Self
from uuid import UUID

from chassis.web.models import Amount, Body, Line, Text, View, Words
from chassis.wording import Wording
from pydantic import Field

from payment.charges.rules import ChargeStatus
from payment.gateways.port import ChargeMethod
from payment.invoices.rules import RegistrationEnd
from payment.ledger.rules import Channel
from payment.proofs.rules import Method
from payment.refund_desk.rules import PaidBy, WhyNot, why_not
from payment.refunds.rules import GatewayError, Origin, RefundState, Way
from payment.usdt.pay.returning import UsdtRefund

_WORDS: Final[Mapping[GatewayError, Wording]] = {
    GatewayError.NO_BALANCE: Wording(
        en="The gateway refused: the money there is not enough, or it has given a part back already. Transfer it by"
        " hand, or send it again once there is enough.",
        id="Gerbang pembayaran menolak: saldo di sana tidak cukup, atau sebagian sudah dikembalikan. Transfer secara"
        " manual, atau kirim lagi setelah saldonya cukup.",
    ),
    GatewayError.WINDOW_OVER: Wording(
        en="The time in which the gateway gives this payment back is over. Transfer it by hand.",
        id="Batas waktu pengembalian lewat gerbang pembayaran sudah lewat. Transfer secara manual.",
    ),
    GatewayError.NOT_BY_GATEWAY: Wording(
        en="The gateway does not know this payment. Transfer it by hand.",
        id="Gerbang pembayaran tidak mengenal pembayaran ini. Transfer secara manual.",
    ),
    GatewayError.REFUSED: Wording(
        en="The gateway refused this refund. Look at the order there, or transfer it by hand.",
        id="Gerbang pembayaran menolak pengembalian ini. Periksa pesanannya di sana, atau transfer secara manual.",
    ),
}


class RefundView(View):
    """A refund of a verified payment, for `age_seconds` since it is due until it was done.

    `amount` is the refund's, `payment_amount` what came in. `proof` is the address of the picture of the payment, null
    if it was found without one; `verified_by` decided that the money had arrived. `origin`: an `event`, `surplus`,
    `staff`, or the `gateway`, where it was made. `asked_by` asked for it, null if no person did; `approved_by` is the
    second person. `way` is how it goes back; the gateway gives it back until `gateway_until`, and `why_not_gateway`
    says why it does not. `gateway_error` is why it refused. `evidence` is the address of a picture of the transfer.
    `usdt_refund` is how it goes back in USDT, if it came in them.
    """

    refund_id: UUID
    payment_id: UUID
    registration_id: UUID
    registration_number: str
    payer_name: str
    state: RefundState
    origin: Origin
    way: Way
    amount: Amount
    payment_amount: Amount
    currency: str
    payment_method: Method
    reason: str
    due_at: datetime
    asked_by: UUID | None
    approved_at: datetime | None
    approved_by: UUID | None
    sent_at: datetime | None
    sent_by: UUID | None
    gateway_until: datetime | None
    why_not_gateway: WhyNot | None
    gateway_error: GatewayError | None
    gateway_error_words: Words | None
    done_at: datetime | None
    done_by: UUID | None
    reference: str | None
    evidence: str | None
    cancelled_at: datetime | None
    cancelled_by: UUID | None
    cancel_reason: str | None
    age_seconds: int
    event_id: UUID | None
    registration_ended: RegistrationEnd | None
    payment_date: datetime
    verified_at: datetime | None
    verified_by: UUID | None
    proof: str | None
    usdt_refund: UsdtRefund | None

    @classmethod
    def of(cls, row: Any, *, now: datetime, has_gateway: bool, usdt: UsdtRefund | None) -> Self:
        """Build the view of a refund, as of `now`."""
        age = (row["done_at"] or row["cancelled_at"] or now) - row["due_at"]
        made = {
            "age_seconds": max(0, int(age.total_seconds())),
            "payment_amount": row["received"] or row["payment_amount"],
            "proof": _proof(row),
            "evidence": f"/api/payment/v1/refunds/{row['refund_id']}/evidence" if row["evidence_path"] else None,
            "gateway_error_words": error_words(row["gateway_error"]),
            "usdt_refund": usdt,
            **by_gateway(row, now=now, has_gateway=has_gateway),
        }
        return cls.model_validate({**row, **made})


def _proof(row: Any) -> str | None:
    return f"/api/payment/v1/payments/{row['payment_id']}/proof" if row["channel"] == Channel.PROOF else None


def error_words(error: str | None) -> Words | None:
    """Return why the gateway refused, for people; None if it did not."""
    return None if error is None else Words.model_validate(_WORDS[GatewayError(error)])


def by_gateway(row: Any, *, now: datetime, has_gateway: bool) -> dict[str, Any]:
    """Return until when the gateway gives the money of a row back, and why it does not."""
    charge = paid_by(row["charge_method"], row["charge_status"], row["refundable_until"])
    reason = why_not(charge, has_gateway=has_gateway, now=now)
    possible = reason in {None, WhyNot.WINDOW_OVER}
    return {"why_not_gateway": reason, "gateway_until": row["refundable_until"] if possible else None}


def paid_by(method: str | None, status: str | None, refundable_until: datetime | None) -> PaidBy | None:
    """Return the charge of a payment from its columns; None if there is none."""
    if method is None or status is None:
        return None
    return PaidBy(ChargeMethod(method), ChargeStatus(status), refundable_until)


class NewRefund(Body):
    """What of a payment goes back, and why.

    `refund_id` is an id that the caller may choose: sent again with the same one, it is the same refund.
    """

    payment_id: UUID = Field(strict=False)
    amount: Annotated[Amount, Field(gt=Decimal(0))]
    reason: Annotated[Text, Field(max_length=1000)]
    refund_id: Annotated[UUID | None, Field(strict=False)] = None


class RefundDone(Body):
    """The bank's or wallet's reference of the transfer."""

    reference: Line


class Cancellation(Body):
    """Why the money does not go back."""

    reason: Annotated[Text, Field(max_length=1000)]
