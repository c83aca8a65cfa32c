"""What the APIs answer to staff about payments, and the registrations that they are for."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from web.console.apis import StaffApi
from web.upstream.client import Answer

UPLOADED: Final = "uploaded"
VERIFIED: Final = "verified"
REJECTED: Final = "rejected"
STATUSES: Final = (UPLOADED, VERIFIED, REJECTED)
METHODS: Final = ("qris", "bank_transfer")

_STAFF: Final = "staff:"


class Held(Answer):
    """A decision that takes effect at `until`, unless it is undone."""

    outcome: str
    reason: str | None
    by: UUID
    at: datetime
    until: datetime


class Other(Answer):
    """A payment of another registration."""

    payment_id: UUID
    registration_number: str
    status: str | None = None
    uploaded_at: datetime | None = None


class Payment(Answer):
    """A payment and its proof.

    Attributes:
        payment_date: when the runner says that they paid.
        notes: the runner's, which may hold the reference of the transfer.
        submitted_by: `runner`, or `staff:` and an id.
        channel: how it was found; only one by `proof` has a picture.
        superseded_by: the payment that paid the registration while this proof waited.
    """

    payment_id: UUID
    registration_id: UUID
    registration_number: str
    payer_name: str
    registration_ended: str | None
    status: str
    amount: Decimal
    payment_method: str
    payment_date: datetime
    notes: str | None
    submitted_by: str
    uploaded_at: datetime
    age_seconds: int
    duplicate_of: Other | None
    verified_at: datetime | None
    verified_by: UUID | None
    rejected_at: datetime | None
    rejected_by: UUID | None
    rejection_reason: str | None
    registration_type: str | None
    leased_by: UUID | None
    leased_until: datetime | None
    held: Held | None
    channel: str = "proof"
    superseded_by: UUID | None = None

    @property
    def outcome(self) -> str:
        """Return the decision that stands, also if it can still be undone; `uploaded` without one."""
        return self.held.outcome if self.held else self.status

    @property
    def decided_by(self) -> UUID | None:
        """Return who made that decision."""
        return self.held.by if self.held else self.verified_by or self.rejected_by

    @property
    def decided_at(self) -> datetime | None:
        """Return when it was made."""
        return self.held.at if self.held else self.verified_at or self.rejected_at

    @property
    def is_waiting(self) -> bool:
        """Return whether it waits for a decision."""
        return self.outcome == UPLOADED

    @property
    def recorded_by(self) -> str | None:
        """Return the id of the member of staff who recorded the proof; None if the runner sent it."""
        return self.submitted_by.removeprefix(_STAFF) if self.submitted_by.startswith(_STAFF) else None

    def undo_seconds(self, now: datetime) -> int:
        """Return for how many seconds its decision can still be undone; 0 if it cannot."""
        return max(0, round((self.held.until - now).total_seconds())) if self.held else 0

    def is_leased_to_another(self, than: UUID, now: datetime) -> bool:
        """Return whether someone else reviews it now."""
        is_leased = self.leased_until is not None and self.leased_until > now
        return self.is_waiting and is_leased and self.leased_by != than


class Payments(Answer):
    """A page of payments."""

    items: tuple[Payment, ...]
    next_cursor: str | None = None


class InvoicePayment(Answer):
    """A payment in the list of an invoice."""

    payment_id: UUID
    status: str
    uploaded_at: datetime


class Invoice(Answer):
    """What a registration has to pay, and until when."""

    amount: Decimal
    status: str
    expires_at: datetime
    payments: tuple[InvoicePayment, ...] = ()


class Refund(Answer):
    """Money that has to be paid back, or was; then when, by whom and under which `reference` is known."""

    payment_id: UUID
    registration_id: UUID
    registration_number: str
    payer_name: str
    amount: Decimal
    payment_method: str
    reason: str
    due_at: datetime
    done_at: datetime | None
    done_by: UUID | None
    reference: str | None
    age_seconds: int
    registration_ended: str | None
    payment_date: datetime
    verified_at: datetime | None
    proof: str | None

    @property
    def is_done(self) -> bool:
        """Return whether the money was paid back."""
        return self.done_at is not None


class Refunds(Answer):
    """A page of refunds."""

    items: tuple[Refund, ...]
    next_cursor: str | None = None


class _Event(Answer):
    name: str
    timezone: str


class Registration(Answer):
    """The registration that a payment is for."""

    registration_type: str
    status: str
    total_participants: int
    category_name: str
    event: _Event


class Reason(Answer):
    """Why a proof is refused, in both languages, and the key that chooses it."""

    key: int
    en: str
    id: str

    @property
    def sent(self) -> str:
        """Return the text that is sent: the runner's language is not known."""
        return f"{self.id}\n{self.en}"


class _Reasons(Answer):
    items: tuple[Reason, ...]


async def reasons_of(payment: StaffApi) -> Sequence[Reason]:
    """Return the reasons for refusing a proof.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    return (await payment.get(_Reasons, "/review/reasons")).items
