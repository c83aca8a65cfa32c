"""What a runner does about a place in line: accept an offer, or leave."""

from typing import Any, Final

from chassis.auth.access import public
from chassis.errors import Unavailable
from chassis.web.forms import form_of
from chassis.web.routing import Router
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from web.access import PATH, Number, OwnAccess, Registration, RunnerAccess, keep_renewed, require_match
from web.languages import ENGLISH_PREFIX
from web.pages import PRIVATE, private_page, see_other
from web.upstream.client import ApiClient, Refused
from web.visitors import CurrentVisitor, Visitor
from web.waitlist.place import mark_of, place_page, read_place, view_of
from web.waitlist.rules import IN_LINE, Standing

router = Router(dependencies=[public])

_ACCEPT: Final = f"{PATH}/{{number}}/accept"
_LEAVE: Final = f"{PATH}/{{number}}/leave"
_MARK: Final = f"{PATH}/{{number}}/line"

_ALREADY: Final = "accepted"
_CONFLICT: Final = 409


@router.get(_MARK)
async def show_mark(
    request: Request, access: OwnAccess, registration: Registration, visitor: CurrentVisitor
) -> Response:
    """Return the mark of a place in line, which changes when its page does."""
    place = await read_place(access, registration, visitor)
    content: dict[str, Any] = {"mark": mark_of(place, now=request.app.state.clock())}
    response = JSONResponse(content, headers=PRIVATE)
    keep_renewed(request, response)
    return response


@router.get(_ACCEPT)
@router.get(f"{ENGLISH_PREFIX}{_ACCEPT}")
async def back_to_place(request: Request, number: Number) -> Response:
    """Lead a visitor who opens the address of the form's answer by itself to the place in line."""
    return see_other(request, f"{PATH}/{number}")


@router.post(_ACCEPT)
@router.post(f"{ENGLISH_PREFIX}{_ACCEPT}")
async def accept(request: Request, access: OwnAccess, registration: Registration, visitor: CurrentVisitor) -> Response:
    """Accept the offer; the same address then shows the registration."""
    return await _do("POST", "/accept", request, access, registration, visitor)


@router.get(_LEAVE)
@router.get(f"{ENGLISH_PREFIX}{_LEAVE}")
async def ask_to_leave(
    request: Request, access: OwnAccess, registration: Registration, visitor: CurrentVisitor
) -> Response:
    """Ask whether the visitor is sure."""
    values = view_of(access.number, await read_place(access, registration, visitor), now=request.app.state.clock())
    if values["standing"] not in IN_LINE:
        return see_other(request, values["own"])
    return private_page(request, "leave.html", is_news=False, **values)


@router.post(_LEAVE)
@router.post(f"{ENGLISH_PREFIX}{_LEAVE}")
async def leave(request: Request, access: OwnAccess, registration: Registration, visitor: CurrentVisitor) -> Response:
    """Leave the line, with or without an offer; ask again if there is one that the visitor has not seen."""
    async with form_of(request) as form:
        asked = form.get("standing")
    values = view_of(access.number, await read_place(access, registration, visitor), now=request.app.state.clock())
    if values["standing"] is Standing.OFFERED and asked != Standing.OFFERED:
        return private_page(request, "leave.html", is_news=True, **values)
    return await _do("DELETE", "", request, access, registration, visitor)


async def _do(
    method: str, path: str, request: Request, access: RunnerAccess, registration: ApiClient, visitor: Visitor
) -> Response:
    """Change the place in line and lead back to it; say so if that was refused, or may have happened or not."""
    require_match(access, access.registration_id)
    own = f"{PATH}/{access.number}"
    try:
        await registration.call(method, f"/waitlist/{access.registration_id}{path}", visitor, token=access.token)
    except Unavailable as error:
        return private_page(request, "place_unsure.html", status=error.status, own=own)
    except Refused as refused:
        if refused.status != _CONFLICT:
            raise
        if refused.members.get("waitlist_status") == _ALREADY:
            return see_other(request, own)
        place = await read_place(access, registration, visitor)
        return place_page(request, access, place, status=refused.status, refusal=refused.code)
    return see_other(request, own)
