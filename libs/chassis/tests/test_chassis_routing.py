"""Access is judged before the body is read, on every route."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.auth.access import Admin, ItsRunner, public
from chassis.auth.principals import Role
from chassis.auth.tokens import TokenVerifier
from chassis.web.models import Body
from chassis.web.routing import Route, Router, SeveralBodies, UnguardedRoute
from fastapi import APIRouter, FastAPI, Request, UploadFile
from fastapi import Body as FastApiBody
from fastapi.routing import APIRoute
from testkit.example.service import Browse, BuildApp
from testkit.tokens import Headers, Issuer

RUNNER = UUID("8d5c1a52-7a4b-4b53-9a0e-0d6a5f1f2c11")

ROUTES = ["/json", f"/runners/{RUNNER}", "/forms", "/bytes"]


class Colour(Body):
    """What is sent as JSON."""

    name: str


async def take_json(colour: Colour, _: Admin) -> str:
    """A body that FastAPI would parse before it asks who calls."""
    return colour.name


async def take_json_of_runner(registration_id: UUID, colour: Colour, _: ItsRunner) -> str:
    """The same for the runner of one registration."""
    return colour.name


async def take_form(file: UploadFile, _: Admin) -> int:
    """The same of a form."""
    return len(await file.read())


async def take_bytes(request: Request, _: Admin) -> int:
    """A body that the route reads by itself."""
    return len(await request.body())


async def take_from_everybody(colour: Colour | None = None) -> str:
    """A body that anybody may send, or leave out."""
    return colour.name if colour else "none"


def _router(kind: Any = Router) -> Any:
    router = kind()
    router.add_api_route("/json", take_json, methods=["POST"])
    router.add_api_route("/runners/{registration_id}", take_json_of_runner, methods=["POST"])
    router.add_api_route("/forms", take_form, methods=["POST"])
    router.add_api_route("/bytes", take_bytes, methods=["POST"])
    router.add_api_route("/everybody", take_from_everybody, methods=["POST"], dependencies=[public])
    return router


@pytest.fixture
def app(build_app: BuildApp) -> FastAPI:
    return build_app(_router())


@pytest.fixture
def http(app: FastAPI, browse: Browse) -> httpx.AsyncClient:
    return browse(app)


class Sender:
    """A body that knows whether somebody asked for it."""

    def __init__(self) -> None:
        self.asked = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.asked = True
        yield b'{"name": "red"}'


@pytest.mark.parametrize("path", ROUTES)
async def test_not_a_byte_is_read_of_a_request_without_access(
    http: httpx.AsyncClient, issuer: Issuer, path: str
) -> None:
    strangers: list[Headers] = [{}, issuer.staff(Role.VIEWER), issuer.runner(uuid4()), {"Authorization": "Bearer x"}]
    for headers in strangers:
        sender = Sender()
        answer = await http.post(path, content=sender, headers={**headers, "Content-Type": "application/json"})
        assert answer.status_code in (401, 403), answer.text
        assert not sender.asked


async def test_a_route_of_fastapis_own_would_have_read_it(
    build_app: BuildApp, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above."""
    monkeypatch.setattr(Route, "get_route_handler", APIRoute.get_route_handler)
    sender = Sender()
    http = browse(build_app(_router()))
    await http.post("/json", content=sender, headers={"Content-Type": "application/json"})
    assert sender.asked


@pytest.mark.parametrize("path", ROUTES)
async def test_without_access_every_body_gets_the_same_answer(http: httpx.AsyncClient, path: str) -> None:
    bodies = [b"", b"{}", b"{", b'{"name": 1}', b"\xff"]
    answers = {(await http.post(path, content=body)).json()["code"] for body in bodies}
    assert answers == {"unauthenticated"}


async def test_with_access_the_body_is_read(http: httpx.AsyncClient, issuer: Issuer) -> None:
    admin = issuer.staff(Role.ADMIN)
    assert (await http.post("/json", json={"name": "red"}, headers=admin)).json() == "red"
    assert (await http.post(f"/runners/{RUNNER}", json={"name": "red"}, headers=issuer.runner(RUNNER))).json() == "red"
    assert (await http.post("/forms", files={"file": b"123"}, headers=admin)).json() == 3
    assert (await http.post("/bytes", content=b"1234", headers=admin)).json() == 4
    assert (await http.post("/everybody", json={"name": "red"})).json() == "red"
    assert (await http.post("/everybody")).json() == "none"


async def test_a_token_is_verified_once_for_each_request(
    http: httpx.AsyncClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    verify = TokenVerifier.verify

    async def counted(self: TokenVerifier, token: str, header: Any, **options: Any) -> Any:
        verified.append(token)
        return await verify(self, token, header, **options)

    monkeypatch.setattr(TokenVerifier, "verify", counted)
    await http.post("/json", json={"name": "red"}, headers=issuer.staff(Role.ADMIN))
    assert len(verified) == 1


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json"])
async def test_a_body_that_does_not_say_it_is_json_is_refused(http: httpx.AsyncClient, content_type: str) -> None:
    answer = await http.post("/everybody", content=b'{"name": "red"}', headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "application/x+json"])
async def test_json_may_be_called_by_any_of_its_names(http: httpx.AsyncClient, content_type: str) -> None:
    answer = await http.post("/everybody", content=b'{"name": "red"}', headers={"Content-Type": content_type})
    assert answer.json() == "red"


def test_a_route_that_would_read_before_it_asks_stops_the_application_from_being_built(build_app: BuildApp) -> None:
    with pytest.raises(UnguardedRoute, match=r"POST.*/json"):
        build_app(_router(APIRouter))


def test_access_that_only_an_including_router_states_stops_it_too(build_app: BuildApp) -> None:
    inner, outer = Router(), Router(prefix="/outer")
    inner.add_api_route("/everybody", take_from_everybody, methods=["POST"])
    outer.include_router(inner, dependencies=[public])
    with pytest.raises(UnguardedRoute, match="/outer/everybody"):
        build_app(outer)


def test_json_in_several_parameters_stops_it_too() -> None:
    async def several(first: Annotated[str, FastApiBody()], second: Annotated[str, FastApiBody()]) -> None:
        """Two parts of one body."""

    with pytest.raises(SeveralBodies):
        Router().add_api_route("/several", several, methods=["POST"], dependencies=[public])
