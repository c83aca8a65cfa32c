"""What registration's API answers about one registration."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from web.upstream.client import Answer


class Status(StrEnum):
    """Statuses of a registration."""

    PENDING_PAYMENT = "pending_payment"
    PAYMENT_UPLOADED = "payment_uploaded"
    PAYMENT_VERIFIED = "payment_verified"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


ENDED: Final = (Status.EXPIRED, Status.CANCELLED)
"""Statuses in which a registration has no place and cannot be changed any more."""


class Participant(Answer):
    """A participant. `bib_number` is None until the payment is verified."""

    participant_id: UUID
    full_name: str
    email: str
    whatsapp: str
    gender: str
    date_of_birth: date
    jersey_size: str
    emergency_contact_name: str
    emergency_contact_phone: str
    is_pic: bool
    bib_number: int | None


class Event(Answer):
    """The event of a registration, also when it is not active any more."""

    name: str
    slug: str
    event_date: date
    location: str
    timezone: str
    is_active: bool
    changes_until: datetime | None
    pickup_info: str | None
    contact_whatsapp: str | None
    brand_color: str | None


class Registration(Answer):
    """A registration, for its runner.

    Attributes:
        total_amount: `list_amount` less the `discount` of the promo code.
        price_phase: the name of the phase of prices that applied; None for the usual price.
    """

    registration_id: UUID
    registration_number: str
    event_id: UUID
    category_id: UUID
    registration_type: str
    status: Status
    total_participants: int
    total_amount: Decimal
    list_amount: Decimal | None = None
    discount: Decimal = Decimal(0)
    promo_code: str | None = None
    price_phase: str | None = None
    created_at: datetime
    expires_at: datetime
    payment_verified_at: datetime | None
    expired_at: datetime | None
    cancelled_at: datetime | None
    terms_accepted_at: datetime | None = None
    event: Event
    category_name: str
    participants: tuple[Participant, ...]
