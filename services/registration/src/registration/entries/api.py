"""Routes for registrations after admission."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from chassis.auth.access import Admin, AnyStaff, ItsRunnerOrStaff
from chassis.web.cursors import CursorOf
from chassis.web.dependencies import Read, Work
from chassis.web.models import Amount, Body, Cursor, Limit, Moment, OrNone, Page, SearchText, Text, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from contracts import RegistrationType
from fastapi import Query
from pydantic import Field, StringConstraints

from registration.catalog.facts import EventFacts
from registration.dependencies import PlacesFreed
from registration.entries import commands, listing, queries
from registration.entries.errors import NotCancellable, NotVerified, UnknownRegistration
from registration.entries.listing import Sort
from registration.entries.queries import Filter
from registration.entries.rules import Status
from registration.entries.tables import Registration
from registration.prices.forms import PromoCodeText

router = Router(tags=["registrations"])

_Name = Annotated[str, StringConstraints(max_length=60)]
_Sum = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]
_CURSORS: Final[Mapping[str, CursorOf[Any]]] = {
    "created_at": CursorOf(tuple[Moment, UUID]),
    "amount": CursorOf(tuple[_Sum, UUID]),
    "name": CursorOf(tuple[_Name, UUID]),
}


class ParticipantView(View):
    """A participant, for its runner and staff."""

    participant_id: UUID = Field(validation_alias="id")
    full_name: str
    email: str
    whatsapp: str
    gender: str
    date_of_birth: date
    jersey_size: str
    identity_number: str | None
    emergency_contact_name: str
    emergency_contact_phone: str
    is_pic: bool
    bib_number: int | None = None


class RegistrationView(View):
    """A registration, for its runner and staff.

    `total_amount` is `list_amount` less the `discount` of the promo code. Code and phase are named as they were then.
    """

    registration_id: UUID
    registration_number: str
    event_id: UUID
    category_id: UUID
    registration_type: str
    status: Status
    total_participants: int
    total_amount: Amount
    list_amount: Amount
    discount: Amount
    promo_code: str | None
    price_phase: str | None
    currency: str
    created_at: datetime
    expires_at: datetime
    payment_verified_at: datetime | None
    expired_at: datetime | None
    cancelled_at: datetime | None
    terms_accepted_at: datetime | None
    event: EventFacts
    category_name: str
    participants: list[ParticipantView]


class RegistrationSummary(View):
    """A registration in a list."""

    registration_id: UUID
    registration_number: str
    event_id: UUID
    category_id: UUID
    registration_type: str
    status: Status
    total_participants: int
    total_amount: Amount
    currency: str
    created_at: datetime
    expires_at: datetime
    pic_name: str


class Ticket(View):
    """The content of an e-ticket. The code is the content of its QR code; the number is for people, and no secret."""

    participant_id: UUID
    full_name: str
    bib_number: int
    category_name: str
    ticket_code: str
    ticket_number: str


class Cancellation(Body):
    """Staff's reason for cancelling a registration."""

    reason: Annotated[Text, Field(max_length=500)]


EventId = Annotated[UUID | None, Query()]
CategoryId = Annotated[UUID | None, Query()]
StatusFilter = Annotated[Status | None, Query()]
TypeFilter = Annotated[RegistrationType | None, Query(alias="type")]
Search = Annotated[SearchText | None, Query()]
Since = Annotated[Moment | None, Query(alias="from", description="time of registration")]
PromoFilter = Annotated[OrNone[PromoCodeText], Query(description="with which they were registered")]
Until = Annotated[Moment | None, Query(alias="to", description="not included")]


class MatchingIds(View):
    """The ids of registrations that match, at most 10,000, in no particular order.

    `count` is how many are listed, `more` whether others match, and `total` how many match, if that is known.
    """

    registration_ids: list[UUID] = Field(validation_alias="ids")
    count: int
    more: bool
    total: int | None


@router.get("/registrations")
async def list_registrations(
    _: AnyStaff,
    session: Read,
    event_id: EventId = None,
    category_id: CategoryId = None,
    status: StatusFilter = None,
    kind: TypeFilter = None,
    q: Search = None,
    since: Since = None,
    until: Until = None,
    promo_code: PromoFilter = None,
    sort: Annotated[Sort, Query()] = Sort.NEWEST,
    ids_only: Annotated[bool, Query(description="list the ids of all that match, for actions on them")] = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RegistrationSummary] | MatchingIds:
    """Return registrations, newest first unless sorted otherwise; amounts and names are sorted within a race."""
    wanted = Filter(event_id, category_id, status, q, kind, since, until, promo_code=promo_code)
    if ids_only:
        found = await listing.matching_ids(session, wanted)
        return MatchingIds.model_validate({**asdict(found), "count": len(found.ids)})
    cursors = _CURSORS[sort.key]
    rows = await listing.page(session, wanted, limit=limit, after=cursors.decode(cursor), sort=sort)
    items = [_summary(row.Registration, row.pic_name) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items=items)
    return Page(items=items, next_cursor=cursors.encode(rows[limit - 1].key, items[-1].registration_id))


def _summary(entry: Registration, pic_name: str) -> RegistrationSummary:
    return RegistrationSummary.model_validate(
        {**entry.__dict__, "registration_id": entry.id, "category_id": entry.race_category_id, "pic_name": pic_name}
    )


@router.get("/registrations/{registration_id}", responses=errors(UnknownRegistration))
async def show_registration(registration_id: UUID, _: ItsRunnerOrStaff, session: Read) -> RegistrationView:
    """Return a registration."""
    return RegistrationView.model_validate(await queries.detail(session, registration_id))


@router.get("/registrations/{registration_id}/tickets", responses=errors(UnknownRegistration, NotVerified))
async def show_tickets(registration_id: UUID, _: ItsRunnerOrStaff, session: Read) -> list[Ticket]:
    """Return the tickets, once the payment is verified."""
    return [Ticket.model_validate(ticket) for ticket in await queries.tickets(session, registration_id)]


@router.post(
    "/registrations/{registration_id}/cancel",
    status_code=204,
    responses=errors(UnknownRegistration, NotCancellable),
)
async def cancel(registration_id: UUID, body: Cancellation, staff: Admin, work: Work, on_freed: PlacesFreed) -> None:
    """Cancel a registration and free its places."""
    await commands.cancel(work, registration_id, reason=body.reason, by=staff.actor, on_freed=on_freed)
