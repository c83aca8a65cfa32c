"""A concurrency limit on one route: so many requests are admitted, the others are rejected unread."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from chassis.auth.access import public
from chassis.errors import Unavailable
from chassis.web import bodies
from chassis.web.fast_path import FastPath
from chassis.web.load_shedding import ConcurrencyLimit
from chassis.web.routing import Router
from chassis.wording import Wording
from fastapi import Request, Response
from prometheus_client import REGISTRY
from pydantic import BaseModel
from testkit.example.service import SERVICE, Browse, BuildApp
from testkit.polling import eventually

PATH = f"/api/{SERVICE}/v1/rushes"
LIMIT = ConcurrencyLimit(2, Unavailable(Wording(en="Come back later.", id="Coba lagi nanti."), retry_after=7))


class Hall:
    """A route whose requests stay inside until they are let out."""

    def __init__(self) -> None:
        self.inside = 0
        self.exit = asyncio.Event()

    async def rush(self, request: Request) -> Response:
        """Fails when the body says so."""
        body = await request.body()
        self.inside += 1
        await self.exit.wait()
        if body == b"bug":
            raise ZeroDivisionError
        return Response(body, 201)

    def router(self) -> Router:
        router = Router()
        router.add_api_route("/rushes", self.rush, methods=["POST"], dependencies=[public], status_code=201)
        router.add_api_route("/rushes", lambda: {"inside": self.inside}, methods=["GET"], dependencies=[public])
        return router


@pytest.fixture
def hall() -> Hall:
    return Hall()


@pytest.fixture
def http(build_app: BuildApp, browse: Browse, hall: Hall) -> httpx.AsyncClient:
    return browse(build_app(hall.router(), fast_path=FastPath(hall.rush, BaseModel, LIMIT)))


async def _fill(http: httpx.AsyncClient, hall: Hall, *, body: bytes = b"in") -> list[asyncio.Task[httpx.Response]]:
    inside = [asyncio.create_task(http.post("/rushes", content=body)) for _ in range(LIMIT.maximum)]
    await eventually(lambda: hall.inside == LIMIT.maximum)
    return inside


def _refused() -> float:
    labels = {"service": SERVICE, "method": "POST", "route": PATH, "status": "503"}
    return REGISTRY.get_sample_value("startline_http_request_seconds_count", labels) or 0.0


async def test_a_request_beyond_the_limit_gets_503_with_retry_after(http: httpx.AsyncClient, hall: Hall) -> None:
    inside = await _fill(http, hall)
    before = _refused()
    refused = await http.post("/rushes", content=b"in", headers={"X-Correlation-ID": "me.too"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "7")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json() == {
        "type": "urn:startline:problem:unavailable",
        "title": "Unavailable",
        "status": 503,
        "code": "unavailable",
        "detail": "Come back later.",
        "errors": [],
        "correlation_id": "me.too",
    }
    assert hall.inside == LIMIT.maximum
    assert _refused() == before + 1
    hall.exit.set()
    assert [(await each).status_code for each in inside] == [201, 201]


async def test_a_refusal_is_in_the_language_of_the_request(http: httpx.AsyncClient, hall: Hall) -> None:
    inside = await _fill(http, hall)
    refused = await http.post("/rushes", headers={"Accept-Language": "id-ID, en;q=0.5"})
    assert (refused.json()["detail"], refused.headers["Content-Language"]) == ("Coba lagi nanti.", "id")
    hall.exit.set()
    await asyncio.gather(*inside)


async def test_a_refusal_looks_like_any_other_answer(http: httpx.AsyncClient, hall: Hall) -> None:
    inside = await _fill(http, hall)
    refused = await http.post("/rushes")
    harmful = await http.post("/rushes", headers={"X-Correlation-ID": "<script>"})
    hall.exit.set()
    ordinary = await inside[0]
    await inside[1]
    assert {*ordinary.headers} - {*refused.headers} == set()
    assert refused.headers["X-Correlation-ID"] == refused.json()["correlation_id"]
    assert "<" not in harmful.headers["X-Correlation-ID"]
    assert len({each.headers["X-Correlation-ID"] for each in (ordinary, refused, harmful)}) == 3


@pytest.mark.parametrize("body", [b"in", b"bug"])
async def test_a_finished_request_makes_room_however_it_ended(http: httpx.AsyncClient, hall: Hall, body: bytes) -> None:
    inside = await _fill(http, hall, body=body)
    hall.exit.set()
    await asyncio.gather(*inside)
    assert (await http.post("/rushes", content=b"next")).status_code == 201


async def test_a_client_that_disconnects_makes_room(http: httpx.AsyncClient, hall: Hall) -> None:
    inside = await _fill(http, hall)
    for each in inside:
        each.cancel()
    await asyncio.wait(inside)
    hall.exit.set()
    assert (await http.post("/rushes", content=b"next")).status_code == 201


async def _that_never_ends() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.Event().wait()


async def test_requests_whose_body_is_not_there_yet_take_no_place(http: httpx.AsyncClient, hall: Hall) -> None:
    slow = [asyncio.create_task(http.post("/rushes", content=_that_never_ends())) for _ in range(10 * LIMIT.maximum)]
    await asyncio.sleep(0.05)
    hall.exit.set()
    assert (await http.post("/rushes", content=b"in")).status_code == 201
    for each in slow:
        each.cancel()
    await asyncio.wait(slow)
    assert hall.inside == 1


async def test_counted_before_their_body_is_there_they_would_keep_others_out(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above: the same senders, when the limit does not wait for bodies."""

    async def unread(scope: Any, receive: Any, *, limit: int) -> Any:
        return receive

    monkeypatch.setattr(bodies.WholeBody, "read", unread)
    slow = [asyncio.create_task(http.post("/rushes", content=_that_never_ends())) for _ in range(LIMIT.maximum)]
    await asyncio.sleep(0.05)
    assert (await http.post("/rushes", content=b"in")).status_code == 503
    for each in slow:
        each.cancel()
    await asyncio.wait(slow)


async def test_when_it_filled_up_meanwhile_a_whole_body_is_refused_too(http: httpx.AsyncClient, hall: Hall) -> None:
    filled = asyncio.Event()

    async def late() -> AsyncIterator[bytes]:
        yield b"i"
        await filled.wait()
        yield b"n"

    waiting = asyncio.create_task(http.post("/rushes", content=late()))
    await asyncio.sleep(0.05)
    inside = await _fill(http, hall)
    filled.set()
    assert (await waiting).status_code == 503
    hall.exit.set()
    await asyncio.gather(*inside)


async def test_a_body_that_takes_too_long_is_refused(
    http: httpx.AsyncClient, hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_SECONDS", -1.9)
    answer = await http.post("/rushes", content=_that_never_ends())
    assert (answer.status_code, answer.json()["code"], answer.headers["Connection"]) == (
        408,
        "request_timeout",
        "close",
    )
    assert hall.inside == 0


@pytest.mark.parametrize("pieces", [1, 70])
async def test_a_body_that_is_too_large_is_refused(http: httpx.AsyncClient, hall: Hall, pieces: int) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(pieces):
            yield b"x" * (70_000 // pieces)

    answer = await http.post("/rushes", content=body())
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (413, "payload_too_large", 65_536)
    assert hall.inside == 0


async def test_other_requests_do_not_notice(http: httpx.AsyncClient, hall: Hall) -> None:
    inside = await _fill(http, hall)
    assert (await http.get("/rushes")).json() == {"inside": LIMIT.maximum}
    assert (await http.post("/nowhere")).status_code == 404
    hall.exit.set()
    await asyncio.gather(*inside)
