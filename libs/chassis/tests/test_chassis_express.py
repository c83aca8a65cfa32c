"""The short way to an endpoint: the same answers as the long one, and only for endpoints that need nothing else."""

from typing import Annotated, Any

import pytest
from chassis.auth.access import AnyStaff, public
from chassis.errors import InvalidFields
from chassis.web.express import NotExpress
from chassis.web.refusals import NO_TEXT
from chassis.web.routing import Router
from fastapi import Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from testkit.example.service import SERVICE, Browse, BuildApp

PATH = f"/api/{SERVICE}/v1/rushes"


async def rush(request: Request) -> Response:
    """Fails as the body says, or gives it back."""
    match await request.body():
        case b"ours":
            raise InvalidFields(("colour", NO_TEXT))
        case b"form":
            raise RequestValidationError([{"type": "missing", "loc": ("body", "colour"), "msg": "Field required"}])
        case b"http":
            raise HTTPException(418, "short and stout")
        case b"bug":
            raise ZeroDivisionError
        case body:
            return Response(body, 201)


def _router() -> Router:
    router = Router()
    router.add_api_route("/rushes", rush, methods=["POST"], dependencies=[public], status_code=201)
    return router


@pytest.fixture
def passed_by(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths that FastAPI had to find a route for."""
    seen: list[str] = []
    found = APIRoute.handle

    async def handle(self: APIRoute, scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await found(self, scope, receive, send)

    monkeypatch.setattr(APIRoute, "handle", handle)
    return seen


@pytest.mark.parametrize("body", [b"welcome", b"ours", b"form", b"http", b"bug"])
async def test_both_ways_give_the_same_answer(
    build_app: BuildApp, browse: Browse, passed_by: list[str], body: bytes
) -> None:
    answers = []
    for express in ([], [rush]):
        http = browse(build_app(_router(), express=express))
        answers.append(await http.post("/rushes", content=body, headers={"X-Correlation-ID": "same"}))
    ordinary, short = answers
    assert (short.status_code, short.content) == (ordinary.status_code, ordinary.content)
    assert {*short.headers.items()} == {*ordinary.headers.items()}
    assert passed_by == [PATH]


@pytest.mark.parametrize("way", [[], [rush]])
async def test_other_methods_and_large_bodies_are_refused_on_both_ways(
    build_app: BuildApp, browse: Browse, way: list[Any]
) -> None:
    http = browse(build_app(_router(), express=way))
    assert (await http.get("/rushes")).status_code == 405
    assert (await http.post("/rushes", content=b"x" * 70_000)).status_code == 413


async def test_the_route_stays_in_the_document(build_app: BuildApp, browse: Browse) -> None:
    http = browse(build_app(_router(), express=[rush]))
    document = (await http.get("/openapi.json")).json()
    assert set(document["paths"][PATH]) == {"post"}


async def _asks_for_a_header(request: Request, colour: Annotated[str, Header()] = "") -> Response:
    return Response(colour)


async def _asks_who_calls(request: Request, staff: AnyStaff) -> Response:
    return Response(str(staff))


@pytest.mark.parametrize("endpoint", [_asks_for_a_header, _asks_who_calls])
def test_what_needs_more_than_the_request_does_not_start(build_app: BuildApp, endpoint: Any) -> None:
    router = Router()
    stated = [] if endpoint is _asks_who_calls else [public]
    router.add_api_route("/rushes", endpoint, methods=["POST"], dependencies=stated)
    with pytest.raises(NotExpress):
        build_app(router, express=[endpoint])
