"""The page about personal data: what is kept, why, for how long, and who sees it."""

from chassis.auth.access import public
from chassis.web.routing import Router
from fastapi import Request, Response

from web.languages import ENGLISH_PREFIX
from web.pages import page_of

router = Router(dependencies=[public])


@router.get("/privacy")
@router.get(f"{ENGLISH_PREFIX}/privacy")
async def show_privacy(request: Request) -> Response:
    """The page about personal data."""
    return page_of(request, "privacy.html")
