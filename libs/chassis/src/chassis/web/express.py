"""A short way for routes where a rush lands: finding them and solving dependencies costs more than their own work."""

from collections.abc import Awaitable, Callable, Iterable

from fastapi import FastAPI, Request, Response
from fastapi.routing import RouteContext
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.auth.access import Public, api_routes
from chassis.web.problems import render_known

Endpoint = Callable[[Request], Awaitable[Response]]

Shortcuts = dict[tuple[str, str], tuple[RouteContext, Endpoint]]
"""Routes and their endpoints by method and whole path."""


class NotExpress(RuntimeError):
    """A route that needs more than the request cannot take the short way."""


class Express:
    """Calls some endpoints itself, before any routes are matched or dependencies solved.

    The same endpoints stay ordinary routes: documented, and listed with who may call them.
    """

    def __init__(self, app: ASGIApp, *, shortcuts: Shortcuts) -> None:
        self._app = app
        self._shortcuts = shortcuts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._shortcuts.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["route"], endpoint = found
        response = await _answer(endpoint, Request(scope, receive))
        await response(scope, receive, send)


async def _answer(endpoint: Endpoint, request: Request) -> Response:
    try:
        return await endpoint(request)
    except Exception as error:
        problem = render_known(error)
        if problem is None:
            raise
        return problem


def find_shortcuts(app: FastAPI, endpoints: Iterable[Endpoint]) -> Shortcuts:
    """The application's routes that lead to these endpoints.

    Raises:
        NotExpress: one is not for everybody, or asks FastAPI for more than the request.
    """
    found: Shortcuts = {}
    for endpoint in endpoints:
        for route in api_routes(app):
            if route.endpoint is endpoint:
                _require_express(route)
                found |= {(method, str(route.path)): (route, endpoint) for method in route.methods or ()}
    return found


def _require_express(route: RouteContext) -> None:
    needs = route.dependant
    calls = [each.call for each in needs.dependencies]
    parameters = (needs.path_params, needs.query_params, needs.header_params, needs.cookie_params, needs.body_params)
    if not calls or not all(isinstance(call, Public) for call in calls) or any(parameters):
        raise NotExpress(route.path)
