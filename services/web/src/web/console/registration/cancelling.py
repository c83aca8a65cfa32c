"""Cancelling a registration: its effects are named before, with the reason it is done."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from uuid import UUID

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Registration, StaffApi
from web.console.pages import console_page, done, form_after
from web.console.registration.page import PATH, RegistrationId, page_of_registration
from web.console.registration.reading import address_of, read_registration
from web.console.routing import ConsoleRouter
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


@router.page(_PATH)
async def show_effects(
    request: Request, staff: Admin, registration: Registration, registration_id: RegistrationId
) -> Response:
    """The effects, and the form for the reason."""
    return await _page(request, staff, registration, registration_id, {})


@router.action(_PATH)
async def cancel(
    request: Request, staff: Admin, registration: Registration, registration_id: RegistrationId
) -> Response:
    """Cancel the registration."""
    async with form_of(request, max_files=0, max_fields=8) as form:
        values = typed(form)
    path = f"{address_of(registration_id)}/cancel"
    failure = await registration.change("POST", path, {"reason": values.get("reason", "")})
    if failure is None:
        return done(request, page_of_registration(registration_id), "cancelled")
    return await _page(request, staff, registration, registration_id, values, failure)


async def _page(
    request: Request,
    staff: StaffSession,
    registration: StaffApi,
    registration_id: UUID,
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    """Return the page; without a form if it cannot be cancelled now, with the state it is in."""
    effects = await _effects(registration, registration_id)
    entry = await read_registration(registration, registration_id)  # after the effects, so that it says why
    return console_page(
        request,
        staff,
        "registration/cancel.html",
        status=failure.status if failure else 200,
        registration=entry,
        race=entry.event,
        effects=effects,
        form=form_after(values, failure),
        message=failure.message if failure and effects else None,
    )


async def _effects(registration: StaffApi, registration_id: UUID) -> Effects | None:
    try:
        return await registration.get(Effects, f"{address_of(registration_id)}/cancellation")
    except Refused as refused:
        if refused.status != _CONFLICT:
            raise
        return None
