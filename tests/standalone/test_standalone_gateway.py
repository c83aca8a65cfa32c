"""The gateway of the standalone process, without the platform behind it."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from standalone.gateway import Gateway


async def _nothing() -> dict[str, Any]:
    return {"ready": True, "late": False}


async def _unreachable(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError(scope["path"])


async def _page(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"page", scope["path"].encode())]})
    await send({"type": "http.response.body", "body": b""})


async def _answers(kind: str, path: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    gateway = Gateway({"/api/registration": _unreachable}, pages=_page, ready=_nothing, late=_nothing)
    await gateway({"type": kind, "path": path, "headers": headers}, receive, send)
    return sent


async def test_a_websocket_is_closed_before_any_service_sees_it() -> None:
    for path in ("/api/registration/v1/events", "/nowhere"):
        assert [each["type"] for each in await _answers("websocket", path)] == ["websocket.close"]


async def test_what_nobody_serves_is_a_problem_as_the_services_tell_them() -> None:
    given = [(b"accept-language", b"id-ID,id"), (b"x-correlation-id", b"mine-1")]
    start, body = await _answers("http", "/api/nowhere", given)
    headers = dict(start["headers"])
    assert start["status"] == 404
    assert headers[b"content-type"] == b"application/problem+json"
    assert (headers[b"content-language"], headers[b"x-correlation-id"]) == (b"id", b"mine-1")
    assert headers.keys() >= {b"x-content-type-options", b"referrer-policy", b"content-security-policy"}
    problem = json.loads(body["body"])
    assert problem["code"] == "not_found"
    assert problem["detail"] == "Tidak ada apa-apa di sini."
    assert problem["correlation_id"] == "mine-1"


@pytest.mark.parametrize("path", ["/", "/en/", "/races/jakarta", "/r/some-id/A-b_9", "/apis"])
async def test_other_paths_are_pages(path: str) -> None:
    start, _ = await _answers("http", path)
    assert start["headers"] == [(b"page", path.encode())]


@pytest.mark.parametrize("path", ["/metrics", "/api/unknown/v1/events", "/simulators/mail"])
async def test_paths_that_are_not_for_browsers_are_no_pages(path: str) -> None:
    start, _ = await _answers("http", path)
    assert start["status"] == 404
