"""The fast path: how the one route that takes a load spike is served.

When registration opens, thousands of `POST /registrations` arrive within a minute. What a web framework does around
such a request costs more than the registration, which shares its transaction with others. So this route, and no other,
is served differently in four ways. The gain of each was measured; docs/adr/0003, 0010 and 0014 have the numbers.

1. Excess load is rejected first. `LoadShedder` is outside of all middleware, including FastAPI's own. Beyond a
   maximum of concurrent requests it answers 503 from a document that is rendered once, and reads nothing: this costs an
   eighth of an admission. Reading, validating and queueing a request only to reject it cost more than half of one.

2. No routing, no dependencies. `FastRouting` compares method and path and calls the endpoint. Matching the
   application's routes and solving dependencies would cost more than the registration itself. The endpoint takes the
   bare request, is public, and finds what it needs in `request.app.state`.

3. The endpoint reads its input by itself: `read_json` (in `chassis.web.routing`) parses the bytes into the model in one
   step, `read_header` checks one header. It also determines the order: the limit for the caller's address comes
   before the body, which comes before the challenge, so that a rejection costs as little as possible.

4. The OpenAPI document needs what FastAPI cannot derive from such a route: `describe_form` makes its `openapi_extra`,
   and the application adds the schemas of the form to the document's components.

Everything else is as for other routes. `FastRouting` is the innermost middleware: correlation ids, headers, metrics and
the limit of the body come from the same middleware, and errors from the same renderer. The route also stays an ordinary
route of the application: it is in the document, its declared access is checked at start, and it answers the same
without `fast_path=`; the tests compare both. All of this is passed to the application when it is constructed; a route
that needs more than the request is refused then.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.routing import RouteContext
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.auth.access import Public, api_routes
from chassis.web.load_shedding import ConcurrencyLimit
from chassis.web.problems import PROBLEM_DOCUMENTS, invalid

Endpoint = Callable[[Request], Awaitable[Response]]
HeaderT = TypeVar("HeaderT")

_REFERENCE = "#/components/schemas/{model}"


class NotFastRoute(RuntimeError):
    """A route cannot be served by the fast path: it is missing, not public, or needs more than the request."""


@dataclass(frozen=True)
class FastPath:
    """The route that an application serves by the fast path.

    Attributes:
        endpoint: of one public route; its only parameter is the request.
        form: the model of the body that the endpoint reads.
        limit: of concurrent requests to the route.
    """

    endpoint: Endpoint
    form: type[BaseModel]
    limit: ConcurrencyLimit

    def route_in(self, app: FastAPI) -> "FastRoute":
        """Return the application's route to the endpoint.

        Raises:
            NotFastRoute.
        """
        for context in api_routes(app):
            if context.endpoint == self.endpoint:
                return FastRoute(self, _only_method(context), str(context.path), context)
        raise NotFastRoute(repr(self.endpoint))


@dataclass(frozen=True)
class FastRoute:
    """The route of a fast path in an application, with the data needed to serve it without routing."""

    fast_path: FastPath
    method: str
    path: str
    context: RouteContext

    def schemas(self) -> dict[str, Any]:
        """Return the schemas of the form by name, for the components of the OpenAPI document."""
        form = self.fast_path.form
        schema = form.model_json_schema(ref_template=_REFERENCE)
        return {**schema.pop("$defs", {}), form.__name__: schema}


def _only_method(context: RouteContext) -> str:
    needs = context.dependant
    calls = [each.call for each in needs.dependencies]
    parameters = (needs.path_params, needs.query_params, needs.header_params, needs.cookie_params, needs.body_params)
    methods = sorted(context.methods or ())
    if not calls or not all(isinstance(call, Public) for call in calls) or any(parameters) or len(methods) != 1:
        raise NotFastRoute(f"{methods} {context.path}")
    return methods[0]


class FastRouting:
    """Innermost middleware that calls the endpoint of the fast route directly and passes on all other requests."""

    def __init__(self, app: ASGIApp, *, route: FastRoute) -> None:
        self._app = app
        self._method, self._path = route.method, route.path
        self._context, self._endpoint = route.context, route.fast_path.endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] != self._method:
            await self._app(scope, receive, send)
            return
        scope["route"] = self._context
        response = await _answer(self._endpoint, Request(scope, receive))
        await response(scope, receive, send)


async def _answer(endpoint: Endpoint, request: Request) -> Response:
    try:
        return await endpoint(request)
    except Exception as error:
        problem = PROBLEM_DOCUMENTS.render_known(error)
        if problem is None:
            raise
        return problem


def read_header(request: Request, name: str, kind: TypeAdapter[HeaderT]) -> HeaderT:
    """Return a header, validated by `kind`, which gets None if the header is missing.

    Raises:
        RequestValidationError.
    """
    try:
        return kind.validate_python(request.headers.get(name))
    except ValidationError as error:
        raise invalid(error, "header", name) from None


def describe_form(form: type[BaseModel], *headers: dict[str, Any]) -> dict[str, Any]:
    """Return the `openapi_extra` of a route whose endpoint reads `form` and `headers` by itself."""
    schema = {"$ref": _REFERENCE.format(model=form.__name__)}
    return {
        "parameters": list(headers),
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }


def describe_header(name: str, kind: TypeAdapter[Any]) -> dict[str, Any]:
    """Return the description of an optional header that an endpoint reads with `read_header`."""
    return {"name": name, "in": "header", "required": False, "schema": kind.json_schema()}
