"""Routes that check access before they read the body, and that parse JSON by the types they document."""

from collections.abc import Awaitable, Callable
from email.message import Message
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response, params
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from chassis.auth.access import api_routes, gates
from chassis.errors import NotJson
from chassis.web.problems import invalid

Handler = Callable[[Request], Awaitable[Response]]


class Route(APIRoute):
    """A route whose gates are checked before the first byte of the body is read."""

    def get_route_handler(self) -> Any:
        """Return the function that answers requests of this route."""
        handle: Handler = super().get_route_handler()
        judged = gates(self.dependant)
        body = _json_body(self)

        async def answer(request: Request) -> Response:
            for gate in judged:
                await gate(request)
            return await handle(request if body is None else await _taken(request, body))

        return answer


class Router(APIRouter):
    """A router of such routes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=Route, **options)


class UnguardedRoute(RuntimeError):
    """A route would read its body before the caller is authenticated."""


def require_guarded_routes(app: FastAPI) -> None:
    """Refuse to start with a route of another router, or one whose access is declared only where it is included.

    Raises:
        UnguardedRoute.
    """
    for route in api_routes(app):
        original = route.original_route
        if not isinstance(original, Route) or gates(original.dependant) != gates(route.dependant):
            raise UnguardedRoute(f"{sorted(route.methods or ())} {route.path}")


class SeveralBodies(RuntimeError):
    """A route takes its JSON as several parameters, so no single model describes it."""


def _json_body(route: APIRoute) -> TypeAdapter[Any] | None:
    if route.body_field is None or isinstance(route.body_field.field_info, params.Form):
        return None
    found = route.dependant.body_params
    if len(found) != 1 or route._embed_body_fields:  # noqa: SLF001  # FastAPI has no public attribute for it
        raise SeveralBodies(route.path)
    annotation: Any = found[0].field_info.annotation
    return TypeAdapter(annotation)


class _Taken(Request):
    """A request whose JSON has already been parsed into its model."""

    def __init__(self, request: Request, content: bytes, form: Any) -> None:
        super().__init__(request.scope, request.receive)
        self._content = content
        self._form_read = form

    async def body(self) -> bytes:
        """Return the received bytes."""
        return self._content

    async def json(self) -> Any:
        """Return the body as the route's model."""
        return self._form_read


async def _taken(request: Request, body: TypeAdapter[Any]) -> Request:
    """Parse JSON once, directly into the model: parsed separately first, its dates and ids would be texts of any kind.

    Raises:
        NotJson, RequestValidationError.
    """
    content = await request.body()
    if not content:
        return request
    if not _is_json(request.headers.get("content-type", "")):
        raise NotJson
    return _Taken(request, content, read_json(body, content))


def read_json(body: TypeAdapter[Any], content: bytes) -> Any:
    """Return the model in `content`.

    Raises:
        RequestValidationError: it is not JSON, or does not match the model.
    """
    try:
        return body.validate_json(content)
    except ValidationError as error:
        raise invalid(error, "body") from None


def _is_json(content_type: str) -> bool:
    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
