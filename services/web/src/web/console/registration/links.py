"""A new link for the runner: it is shown once, and those before stop."""

from typing import Final

from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Registration
from web.console.pages import console_page
from web.console.registration.page import PATH, RegistrationId
from web.console.registration.reading import address_of, read_registration
from web.console.routing import ConsoleRouter
from web.upstream.client import Answer

router = ConsoleRouter()

_PATH: Final = f"{PATH}/link"


class _Link(Answer):
    status_url: str


@router.page(_PATH)
async def ask(request: Request, staff: Admin, registration: Registration, registration_id: RegistrationId) -> Response:
    """What a new link does, and the button for it."""
    entry = await read_registration(registration, registration_id)
    return console_page(request, staff, "registration/link.html", registration=entry, race=entry.event, address=None)


@router.action(_PATH)
async def replace(
    request: Request, staff: Admin, registration: Registration, registration_id: RegistrationId
) -> Response:
    """Make a new link and show it. It is no part of an address, so that no history has it."""
    entry = await read_registration(registration, registration_id)
    answer = await registration.call("POST", f"{address_of(registration_id)}/access-code")
    address = registration.client.read(_Link, answer).status_url
    return console_page(request, staff, "registration/link.html", registration=entry, race=entry.event, address=address)
