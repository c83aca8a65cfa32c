"""The gateway of the standalone process, without the platform behind it."""

from typing import Any

from standalone.gateway import Gateway


async def _nothing() -> dict[str, Any]:
    return {"ready": True, "late": False}


async def _unreachable(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError(scope["path"])


async def _answers(kind: str, path: str) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    gateway = Gateway({"/api/registration": _unreachable}, ready=_nothing, late=_nothing)
    await gateway({"type": kind, "path": path, "headers": []}, receive, send)
    return sent


async def test_a_websocket_is_closed_before_any_service_sees_it() -> None:
    for path in ("/api/registration/v1/events", "/nowhere"):
        assert [each["type"] for each in await _answers("websocket", path)] == ["websocket.close"]


async def test_what_nobody_serves_is_not_found() -> None:
    start, _ = await _answers("http", "/nowhere")
    assert start["status"] == 404
