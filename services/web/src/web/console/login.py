"""Logging in and out."""

from collections.abc import Sequence
from typing import Annotated, Final

from chassis.auth.access import public
from chassis.errors import Unavailable
from chassis.web.dependencies import from_state
from chassis.web.forms import form_of
from chassis.web.routing import Router
from fastapi import Request, Response
from starlette.datastructures import FormData

from web.console.menu import ROOT
from web.console.routing import BLANK, DROPPED, LOGIN, own_page
from web.languages import ENGLISH_PREFIX
from web.pages import private_page, see_other
from web.sessions import cookies
from web.sessions.staff import StaffSessions
from web.upstream.client import Refused
from web.visitors import CurrentVisitor

router = Router(dependencies=[public])

Sessions = Annotated[StaffSessions, from_state("staff_sessions")]

KEPT: Final = "kept-"
"""Prefix of what was typed into another form before the session ended."""

_LOGOUT: Final = f"{ROOT}/logout"
_UNKNOWN_DEVICE: Final = "?"
_FAILURES: Final = {401: "wrong", 422: "wrong", 429: "too_often", 503: "unavailable"}


@router.get(LOGIN)
@router.get(f"{ENGLISH_PREFIX}{LOGIN}")
async def show_login(request: Request) -> Response:
    """The form of the login."""
    return _login_page(request, own_page(request.query_params.get("to", "")))


@router.post(LOGIN)
@router.post(f"{ENGLISH_PREFIX}{LOGIN}")
async def log_in(request: Request, sessions: Sessions, visitor: CurrentVisitor) -> Response:
    """Log in, and go to the page that was asked for."""
    async with form_of(request) as form:
        email, password = (_text(form, name) for name in ("email", "password"))
        target, typed = own_page(_text(form, "to")), _kept(form)
    device = request.headers.get("user-agent", _UNKNOWN_DEVICE)
    try:
        key = await sessions.open(email.strip(), password, visitor, device=device)
    except Refused as refused:
        if refused.status not in _FAILURES:
            raise
        failure, wait = _FAILURES[refused.status], refused.retry_after
        return _login_page(request, target, typed, refused.status, email=email, failure=failure, wait=wait)
    except Unavailable as error:
        return _login_page(request, target, typed, error.status, email=email, failure="unavailable")
    before = cookies.key_of(request)
    if before is not None:  # perhaps of another person: a browser has one session
        await sessions.end(before, visitor)
    response = _sent_again(request, target, typed) if typed else see_other(request, target)
    cookies.keep(request, response, key)
    return response


@router.post(_LOGOUT)
@router.post(f"{ENGLISH_PREFIX}{_LOGOUT}")
async def log_out(request: Request, sessions: Sessions, visitor: CurrentVisitor) -> Response:
    """End the session of this browser."""
    key = cookies.key_of(request)
    if key is not None:
        await sessions.end(key, visitor)
    response = see_other(request, f"{LOGIN}?out=1")
    cookies.forget(request, response)
    return response


def _login_page(
    request: Request,
    target: str,
    typed: Sequence[tuple[str, str]] = (),
    status: int = 200,
    **values: str | int | None,
) -> Response:
    return private_page(request, "console/login.html", status=status, to=target, typed=typed, **{**BLANK, **values})


def _sent_again(request: Request, target: str, typed: Sequence[tuple[str, str]]) -> Response:
    """Show what was typed before the session ended, to be sent by a person: it may have effects."""
    is_dropped = any(name == DROPPED for name, _ in typed)
    return private_page(request, "console/send_again.html", to=target, typed=typed, is_dropped=is_dropped)


def _text(form: FormData, name: str) -> str:
    found = form.get(name, "")
    return found if isinstance(found, str) else ""


def _kept(form: FormData) -> Sequence[tuple[str, str]]:
    return [
        (name.removeprefix(KEPT), value)
        for name, value in form.multi_items()
        if name.startswith(KEPT) and isinstance(value, str)
    ]
