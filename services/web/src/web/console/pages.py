"""Rendering of the console's pages."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request, Response

from web.console.apis import Failure
from web.console.menu import ROOT, menu_of
from web.forms import Form
from web.languages import with_query, without_language
from web.pages import private_page, see_other
from web.sessions.staff import StaffSession

DONE: Final = "done"
"""Query parameter that says which change was just made; templates have the words."""


def console_page(request: Request, staff: StaffSession, template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page for a member of staff, with the menu of their role."""
    return private_page(
        request,
        f"console/{template}",
        status=status,
        account=staff.account,
        menu=menu_of(staff.account.role),
        done=request.query_params.get(DONE),
        zone=request.app.state.settings.timezone,
        return_to=_repeatable(request),
        **values,
    )


def _repeatable(request: Request) -> str:
    """Return the address that shows the page again; the console's first page after a form, which is not sent twice."""
    return with_query(without_language(request.url.path), request.url.query) if request.method == "GET" else ROOT


def done(request: Request, path: str, what: str) -> Response:
    """Go to a page that says that a change was made."""
    return see_other(request, with_query(path, f"{DONE}={what}"))


def form_after(typed: Mapping[str, str], failure: Failure | None) -> Form:
    """Return a form with what was typed, and what was wrong with it."""
    return Form(typed, failure.errors if failure else ())
