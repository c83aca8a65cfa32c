"""What every answer carries, how much a request may bring, and what operators are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from chassis.auth.access import AnyStaff, UndeclaredAccess, public
from chassis.database import Database
from chassis.inbox import Inbox
from chassis.telemetry import correlation_id
from chassis.web import bodies
from chassis.web.routing import Router
from fastapi import Depends, FastAPI, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from testkit.example.service import Browse, BuildApp, cancelled, example_handlers

router = Router(dependencies=[public])


@router.get("/correlation")
async def correlation() -> str:
    """The id this request runs under."""
    return correlation_id()


@router.get("/pages/{name}")
async def page(name: str) -> Response:
    """A page that decides for itself how long it may be kept, and what it may load."""
    return Response(name, headers={"Cache-Control": "max-age=5", "Content-Security-Policy": "default-src 'self'"})


@router.post("/bodies")
@router.post("/larger/bodies")
async def weigh(request: Request) -> int:
    """How many bytes came."""
    return len(await request.body())


@router.post("/streams")
async def weigh_while_it_comes(request: Request) -> int:
    """The same, piece by piece."""
    return sum([len(piece) async for piece in request.stream()])


@router.post("/files")
async def weigh_file(file: UploadFile) -> int:
    """The same, of a form's file."""
    return len(await file.read())


@router.get("/breaks")
async def break_amid_the_answer() -> StreamingResponse:
    """Fail after the answer has begun."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"begun"
        raise LookupError("too late to say so")

    return StreamingResponse(pieces())


@pytest.fixture
def http(build_app: BuildApp, browse: Browse) -> httpx.AsyncClient:
    return browse(build_app(router, larger_bodies={"/api/payment/v1/larger/[a-z]+": 200_000}))


@pytest.mark.parametrize("path", ["/correlation", "/nowhere", "http://startline.test/health/live"])
async def test_every_answer_carries_the_security_headers(http: httpx.AsyncClient, path: str) -> None:
    headers = (await http.get(path)).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Correlation-ID"]


async def test_a_route_that_knows_better_keeps_its_own_headers(http: httpx.AsyncClient) -> None:
    headers = (await http.get("/pages/home")).headers

    assert headers["Cache-Control"] == "max-age=5"
    assert headers["Content-Security-Policy"] == "default-src 'self'"
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_a_correlation_id_is_taken_over_or_made(http: httpx.AsyncClient) -> None:
    given = await http.get("/correlation", headers={"X-Correlation-ID": "web-7:a.B_c"})
    made = [(await http.get("/correlation")).json() for _ in range(2)]

    assert given.json() == given.headers["X-Correlation-ID"] == "web-7:a.B_c"
    assert len(set(made)) == 2


@pytest.mark.parametrize("given", ["", "x" * 65, "two words", "<script>", 'x", "y', "\u00fc"])
async def test_a_correlation_id_that_could_do_harm_is_replaced(http: httpx.AsyncClient, given: str) -> None:
    answer = await http.get("/correlation", headers={b"X-Correlation-ID": given.encode("latin-1")})

    assert answer.json() == answer.headers["X-Correlation-ID"]
    assert answer.json() != given
    assert len(answer.json()) == 32


async def _in_pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1000):
        yield b"x" * 1000


@pytest.mark.parametrize("path", ["/bodies", "/streams"])
async def test_a_body_may_have_64_kib_whether_it_says_its_length_or_not(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.post(path, content=b"x" * 65536)).json() == 65536
    assert (await http.post(path, content=_in_pieces(65_000))).json() == 65_000


@pytest.mark.parametrize("path", ["/bodies", "/streams", "/files", "/nowhere"])
async def test_a_body_that_says_it_is_larger_is_refused_before_it_comes(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.post(path, content=b"x" * 65537)

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert answer.json()["limit"] == 65536


@pytest.mark.parametrize("path", ["/bodies", "/streams", "/files"])
@pytest.mark.parametrize("declared", [None, "10", "0", "\u00b2", "-1", "many"])
async def test_a_body_that_is_larger_than_it_says_is_stopped_at_the_limit(
    http: httpx.AsyncClient, path: str, declared: str | None
) -> None:
    headers = {b"Content-Type": b"multipart/form-data; boundary=x"}
    if declared is not None:
        headers[b"Content-Length"] = declared.encode("latin-1")

    answer = await http.post(path, content=_form_in_pieces(70_000), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


async def _form_in_pieces(size: int) -> AsyncIterator[bytes]:
    yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    async for piece in _in_pieces(size):
        yield piece
    yield b"\r\n--x--\r\n"


async def test_a_route_may_take_more_up_to_a_limit_of_its_own(http: httpx.AsyncClient) -> None:
    assert (await http.post("/larger/bodies", content=b"x" * 150_000)).json() == 150_000
    assert (await http.post("/larger/bodies", content=_in_pieces(201_000))).status_code == 413
    assert (await http.post("/larger/bodies/more", content=b"x" * 150_000)).status_code == 413


async def _that_never_ends() -> AsyncIterator[bytes]:
    yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    await asyncio.Event().wait()


@pytest.mark.parametrize("path", ["/bodies", "/streams", "/files"])
async def test_a_body_that_takes_too_long_is_refused(
    http: httpx.AsyncClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_SECONDS", -1.9)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await http.post(path, content=_that_never_ends(), headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.headers["Connection"]) == (
        408,
        "request_timeout",
        "close",
    )


@pytest.mark.parametrize("path", ["/bodies", "/streams"])
async def test_a_client_that_leaves_is_no_error(build_app: BuildApp, logs: list[Any], path: str) -> None:
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": f"/api/payment/v1{path}", "headers": [], "query_string": b""}
    await build_app(router)(scope, receive, send)
    assert not sent
    assert not logs


@pytest.mark.parametrize("path", ["/correlation/", "/bodies/", "/pages/home/"])
async def test_nothing_is_redirected_to_a_host_that_the_caller_names(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.post(path, json={}, headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert "evil.example" not in str(answer.headers) + answer.text


async def test_an_answer_that_has_begun_cannot_be_turned_into_another(http: httpx.AsyncClient) -> None:
    answer = await http.get("/breaks")

    assert answer.status_code == 200
    assert answer.content == b"begun"


async def test_metrics_count_by_route_and_never_by_address(http: httpx.AsyncClient) -> None:
    await http.get("/pages/sari")
    await http.get("/pages/budi")
    await http.get("/nowhere/sari")
    await http.request("SARI", "/pages/sari")

    shown = (await http.get("http://startline.test/metrics")).text

    assert _samples(shown, route="/pages/{name}", method="GET", status="200") >= 2
    assert _samples(shown, route="unmatched", method="GET", status="404") >= 1
    assert "sari" not in shown.lower(), "what callers choose freely must not become a label"


def _samples(shown: str, **labels: str) -> float:
    for line in shown.splitlines():
        if line.startswith("startline_http_request_seconds_count") and all(
            f'{name}="{value}"' in line for name, value in labels.items()
        ):
            return float(line.rsplit(" ", 1)[1])
    return 0


async def test_live_ready_and_late_are_three_answers(build_app: BuildApp, browse: Browse, database: Database) -> None:
    broker_answers = True

    async def broker() -> bool:
        return broker_answers

    http = browse(build_app(on=database, checks={"broker": broker}))
    base = "http://startline.test/health"
    ready = await http.get(f"{base}/ready")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "database": True, "broker": True})
    quiet = {"late": False, "oldest_outbox_seconds": 0, "oldest_retry_seconds": 0, "dead_letters": 0}
    assert (await http.get(f"{base}/late")).json() == quiet

    broker_answers = False
    await Inbox(database, example_handlers()).give_up(cancelled().to_bytes(), "crash_guard", "took its reader down")

    ready = await http.get(f"{base}/ready")
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "database": True, "broker": False})
    late = await http.get(f"{base}/late")
    assert (late.status_code, late.json()) == (503, {**quiet, "late": True, "dead_letters": 1})
    assert (await http.get(f"{base}/live")).status_code == 200
    metrics = (await http.get("http://startline.test/metrics")).text
    assert 'startline_dead_letters{service="payment"} 1.0' in metrics


async def nothing() -> None:
    """A route's function."""


def test_a_route_that_states_no_access_stops_the_application_from_being_built(build_app: BuildApp) -> None:
    careless = Router()
    careless.add_api_route("/open", nothing)

    with pytest.raises(UndeclaredAccess, match=r"GET.*/open"):
        build_app(router, careless)


def test_access_may_be_stated_by_the_router_the_route_or_something_in_between(build_app: BuildApp) -> None:
    async def who(staff: AnyStaff) -> str:
        return staff.actor

    async def show(actor: Annotated[str, Depends(who)]) -> str:
        return actor

    inner = Router(prefix="/inner")
    inner.add_api_route("/in-between", show)
    inner.add_api_route("/route", nothing, dependencies=[public])
    outer = Router(prefix="/outer")
    outer.include_router(inner)

    assert "/api/payment/v1/outer/inner/in-between" in build_app(outer).openapi()["paths"]


def test_a_careless_route_is_found_however_deep_it_hides(build_app: BuildApp) -> None:
    inner, outer = Router(prefix="/inner"), Router(prefix="/outer")
    inner.add_api_route("/careless", nothing, methods=["DELETE"])
    outer.include_router(inner)

    with pytest.raises(UndeclaredAccess, match=r"DELETE.*/inner/careless"):
        build_app(outer)


async def test_the_service_finds_its_own_things_in_the_applications_state(build_app: BuildApp) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        seen.append(app.state.desk)
        yield
        seen.append("closed")

    app = build_app(state={"desk": "open"}, lifespan=lifespan)
    async with app.router.lifespan_context(app):
        pass

    assert seen == ["open", "closed"]


@pytest.mark.parametrize("control", ["%0A", "%0a", "%0D", "%00", "%7F", "%0A%0A"])
@pytest.mark.parametrize("path", ["/correlation", "/pages/home"])
async def test_a_path_with_a_control_character_is_none_of_ours(
    http: httpx.AsyncClient, path: str, control: str
) -> None:
    answer = await http.get(f"{path}{control}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await http.get(path)).status_code == 200
