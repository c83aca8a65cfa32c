"""The link of a registration, and the page that it opens."""

from typing import Annotated

from chassis.auth.access import public
from chassis.errors import NotFound
from chassis.web.routing import Router
from fastapi import Path, Request, Response

from web.access import PATH, Number, OwnAccess, Registration, keep, open_link
from web.languages import ENGLISH_PREFIX
from web.pages import private_page, see_other
from web.upstream import registrations
from web.upstream.client import Refused
from web.visitors import CurrentVisitor
from web.waitlist.place import show_place

router = Router(dependencies=[public])

Code = Annotated[str, Path(min_length=1, max_length=64)]


@router.get(f"{PATH}/{{number}}")
@router.get(f"{ENGLISH_PREFIX}{PATH}/{{number}}")
async def show_status(
    request: Request, access: OwnAccess, registration: Registration, visitor: CurrentVisitor
) -> Response:
    """The page of a registration, or of a place in line that has not become one."""
    path = f"/registrations/{access.registration_id}"
    try:
        found = await registration.get(registrations.Registration, path, visitor, token=access.token)
    except Refused as refused:
        if refused.status != NotFound.status:
            raise
        return await show_place(request, access, registration, visitor)
    return private_page(request, "status.html", registration=found)


@router.get(f"{PATH}/{{number}}/{{code}}")
@router.get(f"{ENGLISH_PREFIX}{PATH}/{{number}}/{{code}}")
async def open_registration(
    request: Request, number: Number, code: Code, registration: Registration, visitor: CurrentVisitor
) -> Response:
    """Open the link of a registration: keep its access in this browser and show the page without the secret."""
    access = await open_link(registration, visitor, number, code)
    response = see_other(request, f"{PATH}/{number}")
    keep(response, access, is_secure=request.app.state.is_secure)
    return response
