"""Events of the registration service about waiting lists."""

from decimal import Decimal
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime

from contracts.envelope import Open, Payload
from contracts.registrations import AccessCode, EventSummary, RegisteredParticipant, RegistrationType


class WaitlistJoined(Payload):
    """An entry is at the end of a category's waiting list.

    `registration_id` is the id of the entry, and of the registration that it may become. `position` is its place in the
    line, from 1, when the event was published. `contact` is the person in charge. `revision` grows when the contact is
    corrected while the entry waits; the event is then published again, and an offer continues from that revision.
    """

    TYPE: ClassVar[str] = "waitlist.joined"

    registration_id: UUID
    event: EventSummary
    category_id: UUID
    category_name: str
    registration_type: Open[RegistrationType]
    total_participants: int
    position: int
    joined_at: AwareDatetime
    contact: RegisteredParticipant
    access: AccessCode | None = None
    revision: int = 0


class WaitlistOffered(Payload):
    """Places are held for a waiting list entry until `offer_expires_at`.

    `registration_id` is the id of the entry, and of the registration once the offer is accepted. `total_amount` is the
    amount of that registration; in offers of older releases, the price at the time of the event. `contact` is the
    person in charge. `revision` grows when the contact is corrected while the offer is open, and the registration's
    revision continues from it.
    """

    TYPE: ClassVar[str] = "waitlist.offered"

    registration_id: UUID
    event: EventSummary
    category_id: UUID
    category_name: str
    registration_type: Open[RegistrationType]
    total_participants: int
    total_amount: Decimal
    currency: str
    offer_expires_at: AwareDatetime
    contact: RegisteredParticipant
    access: AccessCode | None = None
    revision: int = 0


class WaitlistEnd(StrEnum):
    """The reason why an open offer ended without a registration."""

    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    REMOVED = "removed"
    CLOSED = "closed"
    REGISTERED_ELSEWHERE = "registered_elsewhere"


class WaitlistEnded(Payload):
    """An open offer ended without a registration: it lapsed, or the runner, staff or the closing date ended it."""

    TYPE: ClassVar[str] = "waitlist.ended"

    registration_id: UUID
    revision: int
    reason: Open[WaitlistEnd]
