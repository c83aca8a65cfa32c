"""The own password."""

from typing import Final

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import AnyStaff
from web.console.apis import Failure, Identity
from web.console.menu import ROOT
from web.console.pages import console_page, done, form_after
from web.console.routing import ConsoleRouter
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_PATH: Final = "/password"
_FIELDS: Final = ("current_password", "new_password")


@router.page(_PATH)
async def show_form(request: Request, staff: AnyStaff) -> Response:
    """The form for a new password."""
    return _page(request, staff, None)


@router.action(_PATH)
async def change(request: Request, staff: AnyStaff, identity: Identity) -> Response:
    """Change the password; all other sessions end."""
    async with form_of(request) as form:
        body = {name: str(form.get(name, "")) for name in _FIELDS}
    failure = await identity.change("POST", "/me/password", body)
    return done(request, f"{ROOT}{_PATH}", "changed") if failure is None else _page(request, staff, failure)


def _page(request: Request, staff: StaffSession, failure: Failure | None) -> Response:
    """Return the page; passwords are never shown again."""
    status = failure.status if failure else 200
    message = failure.message if failure else None
    return console_page(request, staff, "password.html", status=status, form=form_after({}, failure), message=message)
