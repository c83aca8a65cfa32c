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

_PROOF: Final = "proof"
_STAFF: Final = "staff:"
_LINE: Final = "line:"
_CHARGE: Final = "charge:"
_TRANSFER: Final = "usdt:"


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
        received: what came in, if it is not `amount`.
        source: what it was found by, such as `line:` and an id; None for proofs.
        needs_second: whether it takes two people to verify it.
        checked_by: who said first that the money has arrived, at `checked_at`.
        last_notice_at: when the payment gateway last sent a notice about it; None if none is kept.
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
    channel: str = _PROOF
    superseded_by: UUID | None = None
    received: Decimal | None = None
    source: str | None = None
    needs_second: bool = False
    checked_by: UUID | None = None
    checked_at: datetime | None = None
    last_notice_at: datetime | None = None

    @property
    def arrived(self) -> Decimal:
        """Return what came in."""
        return self.amount if self.received is None else self.received

    @property
    def line_id(self) -> str | None:
        """Return the id of the line of a statement by which it was found; None if it was not."""
        return self._found_by(_LINE)

    @property
    def charge_id(self) -> str | None:
        """Return the id of the charge of the payment gateway by which it was found; None if it was not."""
        return self._found_by(_CHARGE)

    @property
    def transfer_id(self) -> str | None:
        """Return the id of the transfer of USDT by which it was found, all of it or in part; None if it was not."""
        found = self._found_by(_TRANSFER)
        return found.partition(":")[0] if found else None

    def _found_by(self, kind: str) -> str | None:
        return self.source.removeprefix(kind) if self.source and self.source.startswith(kind) else None

    @property
    def waits_for_second(self) -> bool:
        """Return whether one person has checked it, and another one has to."""
        return self.is_waiting and self.needs_second and self.checked_by is not None

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
    def may_be_a_line(self) -> bool:
        """Return whether it waits for a decision, and its money may stand in a statement."""
        return self.is_waiting and self.channel == _PROOF

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
