"""The choice between light and dark pages, which the head of every page offers."""

from typing import Final

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import AnyStaff
from web.console.routing import ConsoleRouter, own_page
from web.pages import see_other
from web.themes import keep, theme_named

router = ConsoleRouter()

_OF_THE_DEVICE: Final = "system"


@router.action("/theme")
async def choose(request: Request, staff: AnyStaff) -> Response:  # noqa: ARG001  # the gate
    """Keep the choice in this browser, and go back to the page. An unknown word changes nothing."""
    async with form_of(request) as form:
        wanted, back = (str(form.get(name, "")) for name in ("theme", "to"))
    response = see_other(request, own_page(back))
    theme = theme_named(wanted)
    if theme or wanted == _OF_THE_DEVICE:
        keep(request, response, theme)
    return response
