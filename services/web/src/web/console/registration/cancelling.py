"""Cancelling a registration: its effects are named before, with the reason it is done."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, StaffApi
from web.console.pages import console_page, done, form_after
from web.console.registration.models import Invoice, Packs
from web.console.registration.models import Registration as Registered
from web.console.registration.page import PATH, RegistrationId, page_of_registration
from web.console.registration.reading import Part, address_of, read_invoice, read_packs, read_registration
from web.console.routing import ConsoleRouter
from web.console.services import AllServices, Services
from web.forms import typed
from web.sessions.staff import StaffSession
from web.upstream.client import Answer, Refused

router = ConsoleRouter()

_PATH: Final = f"{PATH}/cancel"
_CONFLICT: Final = 409


class _Next(Answer):
    total_participants: int
    pic_name: str


class Effects(Answer):
    """What a cancellation would do now."""

    places_freed: int
    places_burned: int
    bibs_burned: int
    is_paid: bool
    proof_waiting: bool
    refund_due: Decimal | None
    waiting_next: _Next | None


@dataclass(frozen=True)
class _Beside:
    """What payment and check-in know of a registration that is to be cancelled."""

    billing: Part[Invoice]
    packs: Part[Packs]

    def refund(self, price: Decimal) -> Decimal:
        """Return what will have to go back: all that is left of what came in; the price while there is no invoice."""
        return price if self.billing.found is None else max(Decimal(0), self.billing.found.left)

    def handed_out(self, registration: Registered) -> Sequence[str]:
        """Return the names of the participants whose packs are handed out."""
        packs = self.packs.found.items if self.packs.found else ()
        gone = {each.participant_id for each in packs if each.standing is not None}
        return [each.full_name for each in registration.participants if each.participant_id in gone]


@router.page(_PATH)
async def show_effects(
    request: Request, staff: Admin, services: AllServices, registration_id: RegistrationId
) -> Response:
    """The effects, and the form for the reason."""
    return await _page(request, staff, services, registration_id, {})


@router.action(_PATH)
async def cancel(request: Request, staff: Admin, services: AllServices, registration_id: RegistrationId) -> Response:
    """Cancel the registration."""
    async with form_of(request, max_files=0, max_fields=8) as form:
        values = typed(form)
    path = f"{address_of(registration_id)}/cancel"
    failure = await services.apis["registration"].change("POST", path, {"reason": values.get("reason", "")})
    if failure is None:
        return done(request, page_of_registration(registration_id), "cancelled")
    return await _page(request, staff, services, registration_id, values, failure)


async def _page(
    request: Request,
    staff: StaffSession,
    services: Services,
    registration_id: UUID,
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    """Return the page; without a form if it cannot be cancelled now, with the state it is in."""
    registration = services.apis["registration"]
    effects, beside = await asyncio.gather(_effects(registration, registration_id), _beside(services, registration_id))
    entry = await read_registration(registration, registration_id)  # after the effects, so that it says why
    price = effects.refund_due if effects else None
    return console_page(
        request,
        staff,
        "registration/cancel.html",
        status=failure.status if failure else 200,
        registration=entry,
        race=entry.event,
        effects=effects,
        refund=None if price is None else beside.refund(price),
        payments_away=beside.billing.is_away,
        handed_out=beside.handed_out(entry),
        checkin_away=beside.packs.is_away,
        form=form_after(values, failure),
        message=failure.message if failure and effects else None,
    )


async def _beside(services: Services, registration_id: UUID) -> _Beside:
    billing, packs = await asyncio.gather(
        read_invoice(services.apis["payment"], registration_id), read_packs(services.apis["checkin"], registration_id)
    )
    return _Beside(billing, packs)


async def _effects(registration: StaffApi, registration_id: UUID) -> Effects | None:
    try:
        return await registration.get(Effects, f"{address_of(registration_id)}/cancellation")
    except Refused as refused:
        if refused.status != _CONFLICT:
            raise
        return None
