"""The page of licences: what the pages use of others' work."""

from chassis.auth.access import public
from chassis.web.routing import Router
from fastapi import Request, Response

from web.languages import ENGLISH_PREFIX
from web.pages import page_of
from web.third_party import packages

router = Router(dependencies=[public])


@router.get("/licences")
@router.get(f"{ENGLISH_PREFIX}/licences")
async def licences(request: Request) -> Response:
    """The packages whose files browsers are served, each with its licence."""
    return page_of(request, "licences.html", packages=packages())
