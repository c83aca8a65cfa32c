"""The doctor looks at the pages where it is told where they are."""

from collections.abc import Callable

import httpx
import pytest
from standalone.doctor.findings import Diagnosis
from standalone.doctor.pages import examine_pages


async def _examined(answer: Callable[[httpx.Request], httpx.Response]) -> list[dict[str, object]]:
    diagnosis = Diagnosis()
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://web:8000") as http:
        await examine_pages(diagnosis, http)
    return [each.where for each in diagnosis.findings if each.code == "pages_unavailable"]


async def test_pages_that_are_shown_are_no_finding() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200)

    assert await _examined(answer) == []
    assert asked == ["/health/ready", "/"]


@pytest.mark.parametrize(("failing", "status"), [("/health/ready", 503), ("/", 503)])
async def test_a_service_that_is_not_ready_or_shows_no_races_is_named(failing: str, status: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status if request.url.path == failing else 200)

    assert await _examined(answer) == [{"path": failing, "reason": str(status)}]


async def test_a_service_that_is_not_there_is_named_once() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    assert await _examined(answer) == [{"path": "/health/ready", "reason": "ConnectError"}]
