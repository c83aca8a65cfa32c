"""The fast path: the same answers as ordinary routing, and only for endpoints that need nothing but the request."""

from typing import Annotated, Any

import pytest
from chassis.auth.access import AnyStaff, public
from chassis.errors import InvalidFields, Unavailable
from chassis.web.fast_path import FastPath, NotFastRoute, describe_form, describe_header, read_header
from chassis.web.load_shedding import ConcurrencyLimit
from chassis.web.refusals import NO_TEXT
from chassis.web.routing import Router
from fastapi import Header, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, StringConstraints, TypeAdapter
from starlette.exceptions import HTTPException
from testkit.example.service import SERVICE, Browse, BuildApp

PATH = f"/api/{SERVICE}/v1/rushes"


class Seat(BaseModel):
    row: int


class Booking(BaseModel):
    seats: list[Seat]


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


def _fast_path(endpoint: Any = rush) -> FastPath:
    return FastPath(endpoint, Booking, ConcurrencyLimit(100, Unavailable()))


def _router(endpoint: Any = rush, **options: Any) -> Router:
    router = Router()
    stated = {"methods": ["POST"], "dependencies": [public], "status_code": 201, **options}
    router.add_api_route("/rushes", endpoint, **stated)
    return router


@pytest.fixture
def routed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths that FastAPI had to find a route for."""
    seen: list[str] = []
    found = APIRoute.handle

    async def handle(self: APIRoute, scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await found(self, scope, receive, send)

    monkeypatch.setattr(APIRoute, "handle", handle)
    return seen


@pytest.mark.parametrize("body", [b"welcome", b"ours", b"form", b"http", b"bug"])
async def test_the_fast_path_gives_the_same_answer_without_routing(
    build_app: BuildApp, browse: Browse, routed: list[str], body: bytes
) -> None:
    answers = []
    for fast_path in (None, _fast_path()):
        http = browse(build_app(_router(), fast_path=fast_path))
        answers.append(await http.post("/rushes", content=body, headers={"X-Correlation-ID": "same"}))
    ordinary, fast = answers
    assert (fast.status_code, fast.content) == (ordinary.status_code, ordinary.content)
    assert {*fast.headers.items()} == {*ordinary.headers.items()}
    assert routed == [PATH]


@pytest.mark.parametrize("fast_path", [None, _fast_path()])
async def test_other_methods_and_large_bodies_are_refused_on_both_paths(
    build_app: BuildApp, browse: Browse, fast_path: FastPath | None
) -> None:
    http = browse(build_app(_router(), fast_path=fast_path))
    assert (await http.get("/rushes")).status_code == 405
    assert (await http.post("/rushes", content=b"x" * 70_000)).status_code == 413


COLOUR: TypeAdapter[str | None] = TypeAdapter(Annotated[str | None, StringConstraints(pattern="^[a-z]+$")])


async def _paint(request: Request) -> Response:
    return Response(read_header(request, "Colour", COLOUR) or "none")


async def test_the_document_describes_what_the_endpoint_reads_by_itself(build_app: BuildApp, browse: Browse) -> None:
    described = describe_form(Booking, describe_header("Colour", COLOUR))
    app = build_app(_router(_paint, openapi_extra=described), fast_path=_fast_path(_paint))
    document = (await browse(app).get("/openapi.json")).json()
    assert set(document["paths"][PATH]) == {"post"}
    operation = document["paths"][PATH]["post"]
    assert [(each["name"], each["in"], each["required"]) for each in operation["parameters"]] == [
        ("Colour", "header", False)
    ]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Booking"}
    schemas = document["components"]["schemas"]
    assert schemas["Booking"]["properties"]["seats"]["items"] == {"$ref": "#/components/schemas/Seat"}
    assert "row" in schemas["Seat"]["properties"]


@pytest.mark.parametrize(("headers", "expected"), [({}, "none"), ({"Colour": "red"}, "red")])
async def test_an_endpoint_reads_a_header_by_itself(
    build_app: BuildApp, browse: Browse, headers: dict[str, str], expected: str
) -> None:
    http = browse(build_app(_router(_paint), fast_path=_fast_path(_paint)))
    assert (await http.post("/rushes", headers=headers)).text == expected


async def test_a_wrong_header_is_named(build_app: BuildApp, browse: Browse) -> None:
    http = browse(build_app(_router(_paint), fast_path=_fast_path(_paint)))
    answer = await http.post("/rushes", headers={"Colour": "RED"})
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (422, ["Colour"])


async def _asks_for_a_header(request: Request, colour: Annotated[str, Header()] = "") -> Response:
    return Response(colour)


async def _asks_who_calls(request: Request, staff: AnyStaff) -> Response:
    return Response(str(staff))


@pytest.mark.parametrize(
    ("endpoint", "options"),
    [
        (_asks_for_a_header, {}),
        (_asks_who_calls, {"dependencies": []}),
        (rush, {"methods": ["POST", "PUT"]}),
    ],
)
def test_an_endpoint_that_needs_more_than_the_request_does_not_start(
    build_app: BuildApp, endpoint: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(NotFastRoute):
        build_app(_router(endpoint, **options), fast_path=_fast_path(endpoint))


def test_an_endpoint_that_no_route_leads_to_does_not_start(build_app: BuildApp) -> None:
    with pytest.raises(NotFastRoute):
        build_app(_router(), fast_path=_fast_path(_paint))
