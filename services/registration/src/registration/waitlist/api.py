"""Routes of waiting lists. An entry and its token have the id of the registration that the entry may become."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from chassis.auth.access import Admin, AnyStaff, ItsRunner, ItsRunnerOrStaff, public
from chassis.errors import TooBusy, TooSlow
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read, Work, from_state
from chassis.web.limits import TooManyRequests
from chassis.web.models import Amount, Body, Cursor, Limit, Page, Text, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from contracts import WaitlistEnd
from fastapi import Query, Request, Response
from pydantic import Field

from registration.admission.api import FORM_OPENAPI, admitted, take_form, wrong_codes_count
from registration.admission.errors import AlreadyRegistered
from registration.admission.forms import RegisteredParticipantView, RegisteredView
from registration.catalog.errors import UnknownCategory
from registration.catalog.facts import EventFacts
from registration.challenge.api import CHALLENGE_ERRORS
from registration.dependencies import ItsRunnerOrAdmin
from registration.entries.errors import RegistrationClosed, RegistrationNotOpen
from registration.idempotency.errors import IdempotencyKeyReused
from registration.prices.errors import PromoCodeRequired, PromoNotValid, TypeNotOffered
from registration.waitlist import commands, queries
from registration.waitlist.errors import (
    AlreadyWaiting,
    NoOffer,
    NotWaiting,
    OfferExpired,
    PlacesAvailable,
    UnknownWaitlistEntry,
)
from registration.waitlist.queries import Filter
from registration.waitlist.rules import OfferTerms, WaitlistStatus
from registration.waitlist.service import WaitlistService

router = Router(prefix="/waitlist", tags=["waitlist"])


LARGEST_TURN = 2**62
_cursors = CursorOf(tuple[Annotated[int, Field(ge=-LARGEST_TURN, le=LARGEST_TURN)]])

Service = Annotated[WaitlistService, from_state("waitlist_service")]
Terms = Annotated[OfferTerms, from_state("offer_terms")]
"""Terms of an offer: how long it is open, and the codes for its link."""


class WaitingParticipantView(View):
    """A person of an entry."""

    participant_id: UUID = Field(validation_alias="id")
    full_name: str
    is_pic: bool


class _PlaceInLine(View):
    waitlist_id: UUID
    event_id: UUID
    category_id: UUID
    registration_type: str
    total_participants: int
    status: WaitlistStatus
    created_at: datetime


class JoinedView(_PlaceInLine):
    """The response to joining. The token is valid for this entry and for the registration it may become."""

    position: int
    participants: list[RegisteredParticipantView]
    runner_token: str
    status_url: str


class WaitlistView(_PlaceInLine):
    """An entry, for its runner and staff. `position` is its rank among the waiting entries of the category, from 1.

    The price is fixed in the offer: `total_amount` is `list_amount` less the discount of the promo code; both are null
    until then.
    """

    position: int | None
    total_amount: Amount | None
    list_amount: Amount | None
    price_phase: str | None
    promo_code: str | None
    offered_at: datetime | None
    offer_expires_at: datetime | None
    reason: str | None
    event: EventFacts
    category_name: str
    participants: list[WaitingParticipantView]


class WaitlistSummary(_PlaceInLine):
    """An entry in a list for staff."""

    offered_at: datetime | None
    offer_expires_at: datetime | None
    pic_name: str
    pic_email: str
    pic_whatsapp: str


class Removal(Body):
    """Staff's reason for removing an entry."""

    reason: Annotated[Text, Field(max_length=500)]


@router.post(
    "",
    status_code=201,
    dependencies=[public],
    response_model=JoinedView,
    responses=errors(
        UnknownCategory,
        PlacesAvailable,
        AlreadyRegistered,
        AlreadyWaiting,
        RegistrationNotOpen,
        RegistrationClosed,
        TypeNotOffered,
        PromoNotValid,
        PromoCodeRequired,
        IdempotencyKeyReused,
        TooBusy,
        TooManyRequests,
        TooSlow,
        *CHALLENGE_ERRORS,
    ),
    openapi_extra=FORM_OPENAPI,
)
async def join(request: Request, service: Service) -> Response:
    """Join the waiting list of a full category, with the same form as for registering.

    The price is fixed when places are offered; a promo code counts if it is still valid then and has uses left.
    """
    form, key = await take_form(request)
    with wrong_codes_count(request, form):
        return admitted(await service.join(form, key))


@router.get("")
async def list_entries(
    _: AnyStaff,
    session: Read,
    category_id: Annotated[UUID | None, Query()] = None,
    status: Annotated[WaitlistStatus | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[WaitlistSummary]:
    """Return entries, in the order of the waiting list."""
    wanted = Filter(category_id, status)
    rows = await queries.page(session, wanted, limit=limit, after=_turn(cursor))
    items = [
        WaitlistSummary.model_validate(
            {
                **queries.columns_of(entry),
                "pic_name": person.full_name,
                "pic_email": person.email,
                "pic_whatsapp": person.whatsapp,
            }
        )
        for entry, person in rows[:limit]
    ]
    more = len(rows) > limit
    return Page(items=items, next_cursor=_cursors.encode(rows[limit - 1][0].turn) if more else None)


def _turn(cursor: str | None) -> int | None:
    position = _cursors.decode(cursor)
    return position[0] if position else None


@router.get("/{registration_id}", responses=errors(UnknownWaitlistEntry))
async def show_entry(registration_id: UUID, _: ItsRunnerOrStaff, session: Read) -> WaitlistView:
    """Return an entry."""
    return WaitlistView.model_validate(await queries.detail(session, registration_id))


@router.delete("/{registration_id}", status_code=204, responses=errors(UnknownWaitlistEntry, NotWaiting))
async def withdraw(registration_id: UUID, who: ItsRunnerOrAdmin, work: Work, terms: Terms) -> None:
    """Leave the waiting list, with or without an offer."""
    await commands.leave(work, registration_id, terms=terms, by=who.actor, action="waitlist.withdraw")


@router.post(
    "/{registration_id}/accept",
    status_code=201,
    responses=errors(
        UnknownWaitlistEntry, NoOffer, OfferExpired, AlreadyRegistered, RegistrationClosed, TypeNotOffered
    ),
)
async def accept(registration_id: UUID, _: ItsRunner, service: Service) -> RegisteredView:
    """Accept the offer: create a registration at the price of the offer."""
    return RegisteredView.model_validate(await service.accept(registration_id))


@router.post("/{registration_id}/offer", responses=errors(UnknownWaitlistEntry, NotWaiting, RegistrationClosed))
async def prioritise(registration_id: UUID, staff: Admin, work: Work, terms: Terms) -> WaitlistView:
    """Prioritise an entry: free places, or the next ones, are offered to it before all others."""
    await commands.prioritise(work, registration_id, terms=terms, by=staff.actor)
    return WaitlistView.model_validate(await queries.detail(work.session, registration_id))


@router.post("/{registration_id}/remove", status_code=204, responses=errors(UnknownWaitlistEntry, NotWaiting))
async def remove(registration_id: UUID, body: Removal, staff: Admin, work: Work, terms: Terms) -> None:
    """Remove an entry from the waiting list."""
    by = staff.actor
    await commands.leave(
        work, registration_id, terms=terms, by=by, action="waitlist.remove", end=WaitlistEnd.REMOVED, reason=body.reason
    )
