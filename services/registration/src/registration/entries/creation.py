"""Common parts of creating a registration, by admission or by accepting an offer of the waiting list."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from contracts import AccessCode, RegisteredParticipant, RegistrationCreated, RegistrationType

from registration.catalog.rules import CategorySnapshot
from registration.entries.errors import RegistrationClosed, RegistrationNotOpen
from registration.entries.people import Person
from registration.entries.person_columns import PersonColumns
from registration.entries.rules import Status
from registration.prices.errors import PromoCodeRequired, TypeNotOffered
from registration.prices.rules import Price, listed
from registration.tokens import RunnerTokens


def open_price(category: CategorySnapshot, kind: RegistrationType, now: datetime, *, has_code: bool = False) -> Price:
    """Return the price of a registration that is created now, before the discount of a promo code.

    Args:
        has_code: whether there is a promo code, which may give access.

    Raises:
        RegistrationNotOpen, RegistrationClosed, TypeNotOffered, PromoCodeRequired.
    """
    if category.not_open_yet(now):
        raise RegistrationNotOpen
    if category.closed(now):
        raise RegistrationClosed
    quote = category.quote(kind, now)
    if quote is None:
        raise TypeNotOffered
    if category.needs_code(quote.phase) and not has_code:
        raise PromoCodeRequired
    return listed(quote)


def registered(person: Person | PersonColumns) -> RegisteredParticipant:
    """Return a person in the form that events contain."""
    return RegisteredParticipant(
        participant_id=person.id,
        full_name=person.full_name,
        email=person.email,
        whatsapp=person.whatsapp,
        is_pic=person.is_pic,
    )


def registration_created(
    category: CategorySnapshot,
    people: Iterable[Person | PersonColumns],
    *,
    registration_id: UUID,
    number: str,
    kind: RegistrationType,
    price: Price,
    expires_at: datetime,
    access: AccessCode | None,
    revision: int = 1,
    awaits_payment: bool = True,
) -> RegistrationCreated:
    """Return the event that a registration was created."""
    return RegistrationCreated(
        registration_id=registration_id,
        registration_number=number,
        revision=revision,
        event=category.event,
        category_id=category.category_id,
        category_name=category.category_name,
        registration_type=kind,
        total_participants=kind.size,
        total_amount=price.amount,
        list_amount=None if price.is_plain else price.list_amount,
        discount=None if price.is_plain else price.discount,
        promo_code=price.promo_code,
        price_phase=price.phase,
        currency=category.currency,
        expires_at=expires_at,
        participants=tuple(registered(person) for person in people),
        access=access,
        awaits_payment=awaits_payment,
    )


class ParticipantBody(TypedDict):
    """A participant in a response."""

    participant_id: str
    full_name: str
    is_pic: bool


class RegistrationBody(TypedDict):
    """The response to a registration, as stored: without token and link."""

    registration_id: str
    registration_number: str
    event_id: str
    category_id: str
    registration_type: str
    status: str
    total_participants: int
    total_amount: str
    list_amount: str
    discount: str
    promo_code: str | None
    price_phase: str | None
    currency: str
    created_at: str
    expires_at: str
    participants: list[ParticipantBody]


class WaysIn(TypedDict):
    """Token and link of a registration or of the waiting list entry it comes from. Added to a response, not stored."""

    runner_token: str
    status_url: str


def registration_body(created: RegistrationCreated, created_at: datetime) -> RegistrationBody:
    """Return the response to a registration."""
    return {
        "registration_id": str(created.registration_id),
        "registration_number": created.registration_number,
        "event_id": str(created.event.event_id),
        "category_id": str(created.category_id),
        "registration_type": str(created.registration_type),
        "status": Status.PENDING_PAYMENT.value,
        "total_participants": created.total_participants,
        "total_amount": f"{created.total_amount:.2f}",
        "list_amount": f"{created.total_amount if created.list_amount is None else created.list_amount:.2f}",
        "discount": f"{created.discount or Decimal():.2f}",
        "promo_code": created.promo_code,
        "price_phase": created.price_phase,
        "currency": created.currency,
        "created_at": created_at.isoformat(),
        "expires_at": created.expires_at.isoformat(),
        "participants": participant_bodies(created.participants),
    }


def participant_bodies(people: Iterable[RegisteredParticipant]) -> list[ParticipantBody]:
    """Return the participants of a response."""
    return [
        {"participant_id": str(person.participant_id), "full_name": person.full_name, "is_pic": person.is_pic}
        for person in people
    ]


async def ways_in(tokens: RunnerTokens, entry_id: str, created_at: str, *, status_url: str) -> WaysIn:
    """Return the token, which is the same each time a response is repeated, and the link."""
    return {"runner_token": await tokens.repeatable(entry_id, created_at), "status_url": status_url}
