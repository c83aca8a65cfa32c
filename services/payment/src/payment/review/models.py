"""Payments and decisions as staff see and make them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from chassis.web.models import Amount, Body, Text, View
from pydantic import Field

from payment.invoices.rules import RegistrationEnd
from payment.proofs.rules import Method, PaymentStatus

UndoSeconds = Annotated[int, Field(ge=0, le=30)]
"""Seconds for which a decision is held and can be undone; 0 lets it take effect at once."""


class HeldDecision(View):
    """A decision that takes effect at `until` unless it is undone. `reason` is that of a rejection."""

    outcome: Literal["verified", "rejected"]
    reason: str | None
    by: UUID
    at: datetime
    until: datetime


class SameImage(View):
    """A payment of another registration whose proof is the same file."""

    payment_id: UUID
    registration_id: UUID
    registration_number: str


class PaymentView(View):
    """A payment and its proof, as staff review it.

    `registration_ended` warns that the registration expired or was cancelled meanwhile. `submitted_by` is `runner`, or
    `staff:` and the id of the member of staff who recorded the proof. `leased_by` reviews it until `leased_until`.
    `held` is a decision that can still be undone. `channel` is how it was found: only one by `proof` has a picture.
    `superseded_by` is the payment that paid the registration while this proof waited. `received` is what came in if it
    is not `amount`, the invoice's. `source` is what it was found by, such as `charge:<id>` or `line:<id>`; null for a
    proof. `needs_second`: it waits and two people verify it; `checked_by` is the first of them. `last_notice_at`: when
    the gateway last sent a notification about its charge, of the last 90 days.
    """

    payment_id: UUID
    registration_id: UUID
    registration_number: str
    payer_name: str
    registration_ended: RegistrationEnd | None
    status: PaymentStatus
    amount: Amount
    received: Amount | None
    currency: str
    payment_method: Method
    payment_date: datetime
    notes: str | None
    submitted_by: str
    channel: str
    source: str | None
    last_notice_at: datetime | None
    superseded_by: UUID | None
    uploaded_at: datetime
    age_seconds: int
    duplicate_of: SameImage | None
    verified_at: datetime | None
    verified_by: UUID | None
    checked_at: datetime | None
    checked_by: UUID | None
    needs_second: bool
    rejected_at: datetime | None
    rejected_by: UUID | None
    rejection_reason: str | None
    event_id: UUID | None
    category_id: UUID | None
    registration_type: str | None
    leased_by: UUID | None
    leased_until: datetime | None
    held: HeldDecision | None

    @classmethod
    def of(cls, row: Any, *, now: datetime) -> Self:
        """Build the view from the row of a payment, its invoice and its duplicate."""
        age = max(0, int((now - row["uploaded_at"]).total_seconds()))
        made = {"payment_id": row["id"], "age_seconds": age, "duplicate_of": _duplicate(row), "held": _held(row)}
        return cls.model_validate({**row, **made})


def _held(row: Any) -> HeldDecision | None:
    if row["held_until"] is None or row["status"] != PaymentStatus.UPLOADED:
        return None
    names = HeldDecision.model_fields
    return HeldDecision.model_validate({name: row[f"held_{name}"] for name in names})


def _duplicate(row: Any) -> SameImage | None:
    if row["duplicate_id"] is None:
        return None
    return SameImage(
        payment_id=row["duplicate_id"],
        registration_id=row["duplicate_registration_id"],
        registration_number=row["duplicate_number"],
    )


class Verification(Body):
    """How long a verification can be undone."""

    undo_seconds: UndoSeconds = 0


class Rejection(Body):
    """The reason of a rejection, which the runner sees, and how long it can be undone."""

    reason: Annotated[Text, Field(max_length=1000)]
    undo_seconds: UndoSeconds = 0
