"""Events of the registration service."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from contracts.envelope import Open, Payload, WireModel


class RegistrationType(StrEnum):
    """The kind of a registration: one runner, or a group that gets all its places or none."""

    INDIVIDUAL = "individual"
    COLLECTIVE_5 = "collective_5"
    COLLECTIVE_10 = "collective_10"

    @property
    def size(self) -> int:
        """Return the number of participants in one registration of this type."""
        return {"individual": 1, "collective_5": 5, "collective_10": 10}[self.value]


class JerseySize(StrEnum):
    """Jersey sizes."""

    XS = "xs"
    S = "s"
    M = "m"
    L = "l"
    XL = "xl"
    XXL = "xxl"
    XXXL = "xxxl"


class EventSummary(WireModel):
    """The facts of a race that messages need.

    `revision` grows with every change of the race or of a category's name, so that a subscriber can tell older facts
    from newer ones. `timezone` is an IANA name; None in events of older releases.
    """

    event_id: UUID
    name: str
    event_date: date
    location: str
    timezone: str | None = None
    revision: int = 0


class AccessCode(WireModel):
    """The secret that opens a registration, or the waiting list entry it may come from, without a token.

    `version` grows when staff replace the code; only the newest version is valid.
    """

    version: int
    code: str


class RegisteredParticipant(WireModel):
    """A participant's contacts. `whatsapp` is E.164 digits without `+`."""

    participant_id: UUID
    full_name: str
    email: str
    whatsapp: str
    is_pic: bool


class ConfirmedParticipant(WireModel):
    """A participant of a confirmed registration. `ticket_code` is the content of the e-ticket's QR code.

    It has 128 random bits, as 32 hex digits.
    """

    participant_id: UUID
    full_name: str
    bib_number: int
    ticket_code: str
    jersey_size: Open[JerseySize]
    is_pic: bool


class RegistrationPayload(Payload, abstract=True):
    """Common fields of events about a registration.

    `revision` grows with every change of the registration, so that a subscriber can tell an older event from a newer
    one, whatever the order in which they arrive.
    """

    registration_id: UUID
    registration_number: str
    revision: int


class RegistrationCreated(RegistrationPayload):
    """A registration was created: places are held until `expires_at`, and `total_amount` is due.

    `total_amount` is `list_amount` less the `discount` of the promo code; `price_phase` is the name of the phase that
    the list amount comes from. All are None if neither a phase nor a code applied, and in events of older releases.

    `awaits_payment` is False if the event is republished for a registration that was paid or has ended in the meantime:
    subscribers store the facts and ask no runner to pay.
    """

    TYPE: ClassVar[str] = "registration.created"

    event: EventSummary
    category_id: UUID
    category_name: str
    registration_type: Open[RegistrationType]
    total_participants: int
    total_amount: Decimal
    currency: str
    expires_at: AwareDatetime
    participants: tuple[RegisteredParticipant, ...]
    access: AccessCode | None = None
    awaits_payment: bool = True
    list_amount: Decimal | None = None
    discount: Decimal | None = None
    promo_code: str | None = None
    price_phase: str | None = None


class RegistrationConfirmed(RegistrationPayload):
    """The payment was verified and every participant has a BIB."""

    TYPE: ClassVar[str] = "registration.confirmed"

    event: EventSummary
    category_id: UUID
    category_name: str
    payment_id: UUID
    participants: tuple[ConfirmedParticipant, ...]


class RegistrationExpired(RegistrationPayload):
    """The deadline passed and the places were released.

    `refund_payment_id` is a verified payment that came too late to be honoured and has to be refunded.
    `payment_sequence` is the sequence of the newest payment event that registration had handled, 0 for none: a
    subscriber that knows of a newer proof in time waits for registration's next event, `registration.reopened` or this
    one again. None in events of older releases.
    """

    TYPE: ClassVar[str] = "registration.expired"

    refund_payment_id: UUID | None = None
    payment_sequence: int | None = None


class RegistrationReopened(RegistrationPayload):
    """The places are held: an expiry was undone, as payment's event arrived late, or the deadline was moved.

    `awaits_payment` is whether another proof is accepted, until `expires_at`; otherwise a proof is waiting for staff.
    """

    TYPE: ClassVar[str] = "registration.reopened"

    expires_at: AwareDatetime
    awaits_payment: bool
    payment_sequence: int = 0


class RegistrationCancelled(RegistrationPayload):
    """Staff cancelled the registration. `refund_payment_id` is a verified payment to refund; None if there is none."""

    TYPE: ClassVar[str] = "registration.cancelled"

    reason: str
    refund_payment_id: UUID | None = None


class CorrectedParticipant(RegisteredParticipant):
    """A participant's data after a correction."""

    jersey_size: Open[JerseySize]


class RegistrationCorrected(RegistrationPayload):
    """Data of one participant changed. `changed` names the fields; `confirmed` is whether the runner has a BIB."""

    TYPE: ClassVar[str] = "registration.corrected"

    participant: CorrectedParticipant
    changed: tuple[str, ...]
    confirmed: bool


class RegistrationSurplus(RegistrationPayload):
    """A verified payment for a registration that another payment has already paid, to be refunded or reassigned."""

    TYPE: ClassVar[str] = "registration.surplus"

    payment_id: UUID
    honoured_payment_id: UUID


class QueueMark(Payload):
    """A mark that registration sends to itself and to payment, to measure how far queues were processed.

    A service that handles it has received everything that was in its queue at `sent_at`. Payment answers with
    `payment.queue_mark`.
    """

    TYPE: ClassVar[str] = "registration.queue_mark"

    sent_at: AwareDatetime
