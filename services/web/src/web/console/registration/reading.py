"""Reading everything about a registration, from all APIs at once."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from uuid import UUID

from chassis.auth.principals import Role
from chassis.errors import NotFound, Unavailable

from web.console.access import FINANCE
from web.console.apis import StaffApi
from web.console.names import StaffNames, staff_names
from web.console.registration.models import (
    AllKept,
    Charge,
    Charges,
    Events,
    Invoice,
    Kept,
    Messages,
    Note,
    Notes,
    Pack,
    Packs,
    Payment,
    Registration,
    Review,
)
from web.console.services import Services
from web.sessions.staff import StaffSession
from web.upstream.client import Answer, Refused

AnswerT = TypeVar("AnswerT", bound=Answer)

_MOST: Final = 200
_REVIEWED: Final = 5


@dataclass(frozen=True)
class Part(Generic[AnswerT]):
    """A part of the page: nothing if its API has none, or is away."""

    found: AnswerT | None = None
    is_away: bool = False


@dataclass(frozen=True)
class Record:
    """Everything about a registration.

    Attributes:
        kept: money that its invoice did not take; nothing for those who may not see it, as with `charges`.
    """

    registration: Registration
    events: Part[Events]
    notes: Part[Notes]
    billing: Part[Invoice]
    messages: Part[Messages]
    packs: Part[Packs]
    kept: Part[AllKept]
    charges: Part[Charges]
    names: StaffNames
    reviews: Mapping[UUID, Review] = field(default_factory=dict)

    @property
    def payments(self) -> Sequence[Payment]:
        """Return the payments, newest first."""
        return tuple(reversed(self.billing.found.payments)) if self.billing.found else ()

    @property
    def all_kept(self) -> Sequence[Kept]:
        """Return the money that its invoice did not take."""
        return self.kept.found.items if self.kept.found else ()

    @property
    def all_charges(self) -> Sequence[Charge]:
        """Return the tries to pay through the gateway, newest first."""
        return self.charges.found.items if self.charges.found else ()

    @property
    def all_notes(self) -> Sequence[Note]:
        """Return the notes, newest first."""
        return self.notes.found.items if self.notes.found else ()

    def pack(self, participant_id: UUID) -> Pack | None:
        """Return the pack of a participant; None before it is in check-in's roster."""
        packs = self.packs.found.items if self.packs.found else ()
        return next((each for each in packs if each.participant_id == participant_id), None)

    @property
    def is_cut(self) -> bool:
        """Return whether older events or messages exist than those that were read."""
        parts = (self.events.found, self.messages.found)
        return any(each is not None and each.next_cursor is not None for each in parts)


def address_of(registration_id: UUID) -> str:
    """Return the path of a registration in its API."""
    return f"/registrations/{registration_id}"


async def read_registration(api: StaffApi, registration_id: UUID) -> Registration:
    """Return a registration.

    Raises:
        Refused: 404, there is none.
        Unavailable.
    """
    return await api.get(Registration, address_of(registration_id))


async def read_record(services: Services, staff: StaffSession, registration_id: UUID) -> Record:
    """Return everything about a registration; parts whose API is away are left out.

    Raises:
        Refused: 404, there is none.
        Unavailable: registration is away.
    """
    apis, path = services.apis, address_of(registration_id)
    own = apis["registration"]
    parts = asyncio.gather(
        read_registration(own, registration_id),
        _part(own.get(Events, f"{path}/timeline", limit=_MOST)),
        _part(own.get(Notes, f"{path}/notes", limit=_MOST)),
        read_invoice(apis["payment"], registration_id),
        _part(apis["notification"].get(Messages, "/notifications", registration_id=str(registration_id), limit=_MOST)),
        read_packs(apis["checkin"], registration_id),
    )
    money = asyncio.gather(
        _of_finance(staff, apis["payment"], AllKept, "/surplus", registration_id=str(registration_id), limit=_MOST),
        _of_finance(staff, apis["payment"], Charges, f"/invoices/{registration_id}/charges"),
    )
    found, (kept, charges), names = await asyncio.gather(parts, money, staff_names(apis["identity"], staff))
    reviews = await _reviews(apis["payment"], staff.account.role, found[3].found)
    return Record(*found, kept, charges, names, reviews)


async def read_invoice(payment: StaffApi, registration_id: UUID) -> Part[Invoice]:
    """Return the invoice of a registration. There is none for moments after it was made, and none without a price."""
    return await _part(payment.get(Invoice, f"/invoices/{registration_id}"))


async def read_packs(checkin: StaffApi, registration_id: UUID) -> Part[Packs]:
    """Return the packs of a registration. There are none before it is confirmed."""
    return await _part(checkin.get(Packs, f"{address_of(registration_id)}/packs"))


async def _reviews(payment: StaffApi, role: Role, invoice: Invoice | None) -> Mapping[UUID, Review]:
    """Return what reviewers see of the newest payments, if this role reviews."""
    if invoice is None or not FINANCE.admits(role):
        return {}
    newest = invoice.payments[-_REVIEWED:]
    parts = await asyncio.gather(*(_part(payment.get(Review, f"/payments/{each.payment_id}")) for each in newest))
    return {each.found.payment_id: each.found for each in parts if each.found is not None}


async def _of_finance(
    staff: StaffSession, payment: StaffApi, kind: type[AnswerT], path: str, **query: object
) -> Part[AnswerT]:
    """Return what payment answers to those who handle money; nothing for others, who need not ask."""
    if not FINANCE.admits(staff.account.role):
        return Part()
    return await _part(payment.get(kind, path, **query))


async def _part(asked: Awaitable[AnswerT]) -> Part[AnswerT]:
    try:
        return Part(await asked)
    except Unavailable:
        return Part(is_away=True)
    except Refused as refused:
        if refused.status == NotFound.status:
            return Part()
        raise
