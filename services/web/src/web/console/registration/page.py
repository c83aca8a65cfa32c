"""The page of one registration, with notes and messages that are sent again from it."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from chassis.ids import new_id
from chassis.web.forms import form_of
from fastapi import Path, Request, Response

from web.console.access import ADMIN, FINANCE, Admin, AnyStaff
from web.console.apis import Failure
from web.console.menu import ROOT
from web.console.pages import console_page, done, form_after
from web.console.registration.history import history_of
from web.console.registration.reading import address_of, read_record
from web.console.routing import ConsoleRouter
from web.console.services import AllServices, Services
from web.forms import typed
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/registrations/{registration_id}"

RegistrationId = Annotated[UUID, Path()]


def page_of_registration(registration_id: UUID) -> str:
    """Return the path of the page of a registration."""
    return f"{ROOT}/registrations/{registration_id}"


@router.page(PATH)
async def show(request: Request, staff: AnyStaff, services: AllServices, registration_id: RegistrationId) -> Response:
    """Everything about a registration."""
    return await _page(request, staff, services, registration_id)


@router.action(PATH)
async def add_note(
    request: Request, staff: AnyStaff, services: AllServices, registration_id: RegistrationId
) -> Response:
    """Add a note."""
    async with form_of(request, max_files=0, max_fields=8) as form:
        values = typed(form)
    path, body = f"{address_of(registration_id)}/notes", _note(values)
    failure = await services.apis["registration"].change("POST", path, body)
    if failure is None:
        return done(request, page_of_registration(registration_id), "noted")
    return await _page(request, staff, services, registration_id, values, failure)


@router.action(f"{PATH}/messages/{{message_id}}/resend")
async def resend(
    request: Request, staff: Admin, services: AllServices, registration_id: RegistrationId, message_id: RegistrationId
) -> Response:
    """Send a message again."""
    failure = await services.apis["notification"].change("POST", f"/notifications/{message_id}/resend")
    if failure is None:
        return done(request, page_of_registration(registration_id), "resent")
    return await _page(request, staff, services, registration_id, failure=failure)


def _note(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the note of a form: a form that is sent twice adds it once."""
    own = {"id": values["note"]} if values.get("note") else {}
    return {"text": values.get("text", ""), **own}


async def _page(
    request: Request,
    staff: StaffSession,
    services: Services,
    registration_id: UUID,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    record = await read_record(services, staff, registration_id)
    role = staff.account.role
    shown: dict[str, Any] = {
        "record": record,
        "registration": record.registration,
        "race": record.registration.event,
        "history": history_of(record),
        "may_change": ADMIN.admits(role),
        "may_see_money": FINANCE.admits(role),
        "form": form_after(values or {}, failure),
        "message": failure.message if failure else None,
        "note_id": (values or {}).get("note") or new_id(),
    }
    return console_page(request, staff, "registration/page.html", status=failure.status if failure else 200, **shown)
