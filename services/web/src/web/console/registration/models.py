"""What the APIs answer about one registration."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from web.upstream import registrations
from web.upstream.client import Answer
from web.upstream.invoices import RefundState


class Participant(registrations.Participant):
    """A participant as staff see it."""

    identity_number: str | None = None


class Registration(registrations.Registration):
    """A registration as staff see it."""

    participants: tuple[Participant, ...]

    @property
    def in_charge(self) -> Participant:
        """Return the person in charge."""
        return next((each for each in self.participants if each.is_pic), self.participants[0])

    def participant(self, participant_id: UUID) -> Participant | None:
        """Return a participant; None if it is in another registration."""
        return next((each for each in self.participants if each.participant_id == participant_id), None)


class Event(Answer):
    """Something that happened, as registration knows it."""

    at: datetime
    kind: str
    actor: str
    details: Mapping[str, Any]


class Events(Answer):
    """What happened, newest first."""

    items: tuple[Event, ...]
    next_cursor: str | None = None


class Note(Answer):
    """A note of staff."""

    written_by: UUID
    text: str
    created_at: datetime


class Notes(Answer):
    """Notes, newest first."""

    items: tuple[Note, ...]
    next_cursor: str | None = None


class Payment(Answer):
    """A payment. `submitted_by` is `runner` or `staff:<id>`.

    `received` is what came in, if it is not `amount`; `taken_back` is what a bank or the gateway took back of it.
    """

    payment_id: UUID
    status: str
    amount: Decimal
    payment_method: str
    payment_date: datetime
    notes: str | None
    submitted_by: str
    uploaded_at: datetime
    verified_at: datetime | None
    rejected_at: datetime | None
    rejection_reason: str | None
    channel: str = "proof"
    received: Decimal | None = None
    taken_back: Decimal = Decimal(0)

    @property
    def is_by_proof(self) -> bool:
        """Return whether it has a picture."""
        return self.channel == "proof"

    @property
    def arrived(self) -> Decimal:
        """Return what came in."""
        return self.amount if self.received is None else self.received


class Refund(Answer):
    """Money of this registration that goes back, or has gone back."""

    refund_id: UUID
    amount: Decimal
    state: RefundState
    way: str = "hand"
    due_at: datetime
    done_at: datetime | None = None


class Invoice(Answer):
    """An invoice with its payments, oldest first. `payable_amount` is what is to be transferred, once it was asked."""

    amount: Decimal
    status: str
    expires_at: datetime
    payments: tuple[Payment, ...]
    payable_amount: Decimal | None = None
    refunds: tuple[Refund, ...] = ()

    @property
    def is_open(self) -> bool:
        """Return whether a proof may be handed in."""
        return self.status == "open"

    @property
    def left(self) -> Decimal:
        """Return what came in and neither goes back, nor has gone back, nor was taken back."""
        found = [each for each in self.payments if each.verified_at is not None]
        stayed = sum((each.arrived - each.taken_back for each in found), Decimal(0))
        return stayed - sum((each.amount for each in self.refunds), Decimal(0))


class Kept(Answer):
    """Money of this registration that its invoice did not take."""

    id: UUID
    kind: str
    state: str
    channel: str
    amount: Decimal
    received_at: datetime
    refunded_at: datetime | None = None
    refunded_by: UUID | None = None
    refund_reference: str | None = None


class AllKept(Answer):
    """All of it."""

    items: tuple[Kept, ...]


class Charge(Answer):
    """A try to pay through the payment gateway. `bank` is that of a virtual account."""

    charge_id: UUID
    order_id: str
    method: str
    bank: str | None
    amount: Decimal
    status: str
    created_at: datetime


class Charges(Answer):
    """Charges, newest first."""

    items: tuple[Charge, ...]


class SameImage(Answer):
    """A payment of another registration with the same picture."""

    registration_id: UUID
    registration_number: str


class Review(Answer):
    """What only those see who review payments."""

    payment_id: UUID
    verified_by: UUID | None
    rejected_by: UUID | None
    duplicate_of: SameImage | None


class Message(Answer):
    """A message to a runner."""

    id: UUID
    resend_of: UUID | None
    channel: str
    event_type: str
    recipient: str
    status: str
    failed_reason: str | None
    sent_at: datetime | None
    created_at: datetime

    @property
    def is_waiting(self) -> bool:
        """Return whether it is still on its way."""
        return self.status in ("pending", "sending")


class Messages(Answer):
    """Messages, newest first."""

    items: tuple[Message, ...]
    next_cursor: str | None = None


class HandedOut(Answer):
    """A pack that was handed out, perhaps undone later; `collected_by` is who came if it was not the runner."""

    checked_in_at: datetime
    station_name: str
    location_name: str
    notes: str | None
    collected_by: str | None = None
    undone_at: datetime | None
    undone_by: str | None
    undo_reason: str | None


class Pack(Answer):
    """The pack of a participant, and when it was handed out."""

    participant_id: UUID
    checkins: tuple[HandedOut, ...]

    @property
    def standing(self) -> HandedOut | None:
        """Return the check-in that counts; None if the pack is still there."""
        return next((each for each in reversed(self.checkins) if each.undone_at is None), None)


class Packs(Answer):
    """The packs of a registration; none before it is confirmed."""

    items: tuple[Pack, ...]
