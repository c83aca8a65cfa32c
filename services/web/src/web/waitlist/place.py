"""The page of a place in line: its position, and the offer of a place."""

from fastapi import Request, Response

from web.access import RunnerAccess
from web.pages import private_page
from web.upstream.client import Answer, ApiClient
from web.visitors import Visitor


class Place(Answer):
    """A place in line."""

    status: str
    position: int | None


async def show_place(request: Request, access: RunnerAccess, registration: ApiClient, visitor: Visitor) -> Response:
    """Return the page of a place in line.

    Raises:
        Refused: 404 if it is not one either.
        Unavailable.
    """
    place = await registration.get(Place, f"/waitlist/{access.registration_id}", visitor, token=access.token)
    return private_page(request, "place.html", place=place)
