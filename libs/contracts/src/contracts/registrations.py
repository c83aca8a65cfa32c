"""What the registration service says."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from contracts.envelope import Open, Payload, WireModel


class RegistrationType(StrEnum):
    """How runners come: alone, or as a group that gets all its places or none."""

    INDIVIDUAL = "individual"
    COLLECTIVE_5 = "collective_5"
    COLLECTIVE_10 = "collective_10"

    @property
    def size(self) -> int:
        """Participants in one registration of this type."""
        return {"individual": 1, "collective_5": 5, "collective_10": 10}[self.value]


class JerseySize(StrEnum):
    """Jersey sizes an organiser hands out."""

    XS = "xs"
    S = "s"
    M = "m"
    L = "l"
    XL = "xl"
    XXL = "xxl"
    XXXL = "xxxl"


class EventSummary(WireModel):
    """The race as messages name it.

    `revision` grows with every change of the race or of a category's name, so a listener can tell older facts from
    newer ones. `timezone` is an IANA name; None in events of older releases.
    """

    event_id: UUID
    name: str
    event_date: date
    location: str
    timezone: str | None = None
    revision: int = 0


class AccessCode(WireModel):
    """What opens a registration, or the place in line it may come from, without a token.

    `version` grows when staff replace the code; only the newest version opens anything.
    """

    version: int
    code: str


class RegisteredParticipant(WireModel):
    """Whom to write to. `whatsapp` is E.164 digits without `+`."""

    participant_id: UUID
    full_name: str
    email: str
    whatsapp: str
    is_pic: bool


class ConfirmedParticipant(WireModel):
    """A runner with a place for good. `ticket_code` is what the e-ticket's QR holds: 128 random bits, 32 hex digits."""

    participant_id: UUID
    full_name: str
    bib_number: int
    ticket_code: str
    jersey_size: Open[JerseySize]
    is_pic: bool


class RegistrationPayload(Payload, abstract=True):
    """What every event about a registration carries.

    `revision` grows with every change of the registration, so a listener can tell an older event from a newer one
    whatever the order they arrive in.
    """

    registration_id: UUID
    registration_number: str
    revision: int


class RegistrationCreated(RegistrationPayload):
    """Places are held until `expires_at`; `total_amount` is owed.

    `awaits_payment` is False when the event is published again for a registration that was paid, or ended, in the
    meantime: listeners keep the facts and ask nobody to pay.
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

    `refund_payment_id` names a verified payment that came too late to be honoured: money to give back.
    `payment_sequence` is that of the newest payment event that registration had taken in, 0 for none: who knows of a
    newer proof in time waits for registration's next word, `registration.reopened` or this event again. None in events
    of older releases.
    """

    TYPE: ClassVar[str] = "registration.expired"

    refund_payment_id: UUID | None = None
    payment_sequence: int | None = None


class RegistrationReopened(RegistrationPayload):
    """The places are held, whatever was said before: an expiry is undone, as payment's news were late, or the deadline
    was moved.

    `awaits_payment` is whether another proof is welcome, until `expires_at`; else one waits for staff.
    """

    TYPE: ClassVar[str] = "registration.reopened"

    expires_at: AwareDatetime
    awaits_payment: bool
    payment_sequence: int = 0


class RegistrationCancelled(RegistrationPayload):
    """Staff ended the registration. `refund_payment_id` names a verified payment to give back, if there was one."""

    TYPE: ClassVar[str] = "registration.cancelled"

    reason: str
    refund_payment_id: UUID | None = None


class CorrectedParticipant(RegisteredParticipant):
    """A participant's data after a correction."""

    jersey_size: Open[JerseySize]


class RegistrationCorrected(RegistrationPayload):
    """Data of one participant changed. `changed` names the fields; `confirmed` tells whether the runner has a BIB."""

    TYPE: ClassVar[str] = "registration.corrected"

    participant: CorrectedParticipant
    changed: tuple[str, ...]
    confirmed: bool


class RegistrationSurplus(RegistrationPayload):
    """A verified payment for a registration that another payment has already paid: money to give back or assign."""

    TYPE: ClassVar[str] = "registration.surplus"

    payment_id: UUID
    honoured_payment_id: UUID


class QueueMark(Payload):
    """What registration sends to itself and to payment: who hears it has heard all that was in its queue at `sent_at`.

    Payment answers with `payment.queue_mark`.
    """

    TYPE: ClassVar[str] = "registration.queue_mark"

    sent_at: AwareDatetime
