"""Routes of the console. Who is not logged in gets there after the login, with what they had typed."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlencode

from chassis.errors import Unavailable
from chassis.web.forms import form_of
from chassis.web.routing import Route, Router
from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from web.console.access import NotLoggedIn, end_session
from web.console.menu import ROOT
from web.languages import ENGLISH_PREFIX, address, language_of_path, without_language
from web.pages import private_page, see_other
from web.sessions import cookies
from web.upstream.client import Refused

LOGIN: Final = f"{ROOT}/login"

BLANK: Final = {"email": "", "failure": None, "wait": None}
"""What the page of the login shows besides before an attempt."""

PREVIEW: Final = "/preview"
"""End of the paths of previews, which are fetched during typing. Their page stays when the session ends."""

_SECRET: Final = re.compile("password|secret|pin|token")
"""Fields that are typed again after a login, as they should stand in no page."""

DROPPED: Final = "dropped"
"""Field that says that something was left out: without it, the form would do less than what was asked."""

_MOST_KEPT: Final = 40_000
"""Bytes of a form that are kept, as the login takes no larger body than other pages."""

_RELATIVE: Final = frozenset({".", ".."})
_CURRENT_URL: Final = "HX-Current-URL"
_ORIGIN: Final = re.compile(r"\Ahttps?://[^/?#]*")
_OWN_PAGE: Final = re.compile(rf"{ROOT}(?:[/?][^\s\\]*)?")

EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])


class _ConsoleRoute(Route):
    def get_route_handler(self) -> Any:
        """Return the function that answers requests of this route."""
        handle: Callable[[Request], Awaitable[Response]] = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except NotLoggedIn:
                return await _ask_to_log_in(request)
            except Refused as refused:
                if refused.status != NotLoggedIn.status:
                    raise
                await end_session(request)
                return await _ask_to_log_in(request)
            except Unavailable:
                if request.method != "POST" or "HX-Request" in request.headers:
                    raise
                return await _offer_again(request)

        return answer


class ConsoleRouter(Router):
    """A router whose routes are served in both languages, below the root of the console."""

    def __init__(self) -> None:
        APIRouter.__init__(self, route_class=_ConsoleRoute)

    def page(self, path: str = "", *, method: str = "GET") -> Callable[[EndpointT], EndpointT]:
        """Return a decorator that serves a path below the root."""

        def add(endpoint: EndpointT) -> EndpointT:
            for prefix in ("", ENGLISH_PREFIX):
                self.add_api_route(f"{prefix}{ROOT}{path}", endpoint, methods=[method])
            return endpoint

        return add

    def action(self, path: str) -> Callable[[EndpointT], EndpointT]:
        """Return a decorator that serves the POST of a form below the root."""
        return self.page(path, method="POST")


def own_page(asked: str) -> str:
    """Return the page to go to: one of the console only, whose path leads nowhere else when it is resolved."""
    segments = unquote(asked.partition("?")[0]).split("/") if _OWN_PAGE.fullmatch(asked) else ()
    leads_away = any(each in _RELATIVE or ";" in each for each in segments)
    return asked if segments and not leads_away and "//" not in asked else ROOT


def _current_page(request: Request) -> str:
    """Return the page on which a script made a request, for the login; the form of the login if that is not known."""
    shown = _ORIGIN.sub("", request.headers.get(_CURRENT_URL, "")).partition("#")[0]
    target = own_page(without_language(shown)) if shown else LOGIN
    return address(target, language_of_path(shown or request.url.path))


async def _ask_to_log_in(request: Request) -> Response:
    """Lead to the login. What was typed is read only from browsers that have had a session."""
    if "HX-Request" in request.headers and request.url.path.endswith(PREVIEW):
        return Response(status_code=401, headers={"HX-Reswap": "none"})
    if "HX-Request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": _current_page(request)})
    target = without_language(request.url.path)
    if request.method == "POST" and cookies.key_of(request) is not None:
        async with form_of(request) as form:
            typed = _kept(form)
        return private_page(request, "console/login.html", status=401, to=target, typed=typed, **BLANK)
    asked = f"{target}?{request.url.query}" if request.url.query else target
    return see_other(request, f"{LOGIN}?{urlencode({'to': asked if request.method == 'GET' else ROOT})}")


async def _offer_again(request: Request) -> Response:
    """Show what was sent while something was away, to be sent again by a person: it may be done already."""
    async with form_of(request) as form:
        typed = _kept(form)
    asked = without_language(request.url.path)
    return private_page(request, "console/no_answer.html", status=Unavailable.status, to=asked, typed=typed)


def _kept(form: FormData) -> Sequence[tuple[str, str]]:
    """Return what may be sent again later: no secret, no file, and nothing of a form that is too large."""
    values = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    files = [value for _, value in form.multi_items() if not isinstance(value, str) and value.filename]
    kept = [(name, value) for name, value in values if not _SECRET.search(name)]
    is_large = len(urlencode(kept)) > _MOST_KEPT
    is_dropped = is_large or bool(files) or any(value and _SECRET.search(name) for name, value in values)
    return [*(() if is_large else kept), *([(DROPPED, "1")] if is_dropped else ())]
