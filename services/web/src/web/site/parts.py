"""The page with every component in every state, for those who work on the pages. It is not served in production."""

from datetime import date
from types import SimpleNamespace
from typing import Final

from chassis.auth.access import public
from chassis.web.routing import Router
from fastapi import Request, Response

from web.forms import FieldError, Form
from web.languages import ENGLISH_PREFIX
from web.pages import private_page
from web.site.rules import Availability

router = Router(dependencies=[public])

_WRONG: Final = ("wrong_text", "wrong_area", "wrong_radio", "wrong_select", "wrong_check")
_GROUPS: Final = (None, None, "Budi", "Budi", "Sari")
_FILLED: Final = {"filled_text": "0812 3456 7890", "filled_select": "m", "filled_radio": "m", "filled_check": "yes"}


@router.get("/parts")
@router.get(f"{ENGLISH_PREFIX}/parts")
async def show_parts(request: Request) -> Response:
    """Every component of the stylesheet in every state."""
    errors = [FieldError(name, "Budi?", group) for name, group in zip(_WRONG, _GROUPS, strict=True)]
    return private_page(
        request,
        "parts.html",
        form=Form(_FILLED, errors),
        choices=[("s", "S"), ("m", "M"), ("l", "L")],
        race=SimpleNamespace(date=date(2027, 8, 17)),
        availabilities=list(Availability),
    )
