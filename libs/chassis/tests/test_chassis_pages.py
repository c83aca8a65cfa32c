"""An application of pages: no database, a content security policy of its own, and errors as HTML."""

from collections.abc import Mapping
from html import escape
from typing import Any

import httpx
import pytest
from chassis.auth.access import UndeclaredAccess, public
from chassis.errors import NotFound, StartlineError, Unavailable
from chassis.web.application import build_http_app
from chassis.web.problems import ErrorResponses
from chassis.web.routing import Router
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from testkit.example.service import Browse

POLICY = "default-src 'self'; frame-ancestors 'none'"
router = Router(dependencies=[public], default_response_class=HTMLResponse)


@router.get("/")
async def front() -> str:
    """Return a page."""
    return "<h1>Jakarta Fun Run</h1>"


@router.get("/embedded")
async def embedded() -> HTMLResponse:
    """Return a page with a policy of its own."""
    return HTMLResponse("<h1>Map</h1>", headers={"Content-Security-Policy": "frame-ancestors *"})


@router.get("/bug")
async def bug() -> str:
    """Fail."""
    raise LookupError("sari@example.com")


@router.get("/down")
async def down() -> str:
    """Fail as it does while an API is out of reach."""
    raise Unavailable(retry_after=7)


@router.post("/entries/{number}")
async def enter(number: int, request: Request) -> str:
    """Read a form."""
    return str(len(await request.body()) + number)


def _page(problem: Mapping[str, Any], headers: Mapping[str, str]) -> HTMLResponse:
    fields = "".join(f"<li>{escape(each['field'])}</li>" for each in problem["errors"])
    page = f"<h1>{escape(problem['title'])}</h1><p>{escape(problem['detail'])}</p><ul>{fields}</ul>"
    return HTMLResponse(f"{page}<small>{problem['correlation_id']}</small>", problem["status"], headers=headers)


def _pages(*routers: Router, **options: Any) -> FastAPI:
    return build_http_app(
        "web",
        {"": routers or [router]},
        content_security_policy=POLICY,
        error_responses=ErrorResponses(_page),
        **options,
    )


@pytest.fixture
def http(browse: Browse) -> httpx.AsyncClient:
    client = browse(_pages())
    client.base_url = "http://startline.test"
    return client


async def test_a_page_has_the_policy_of_its_application_or_one_of_its_own(http: httpx.AsyncClient) -> None:
    page, own = await http.get("/"), await http.get("/embedded")
    assert (page.status_code, page.text) == (200, "<h1>Jakarta Fun Run</h1>")
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert own.headers["Content-Security-Policy"] == "frame-ancestors *"


@pytest.mark.parametrize(
    ("method", "path", "body", "error"),
    [
        ("GET", "/nowhere", b"", NotFound()),
        ("GET", "/down", b"", Unavailable()),
        ("POST", "/entries/1", b"x" * 70_000, None),
        ("PUT", "/", b"", None),
        ("GET", "/bug", b"", None),
    ],
)
async def test_every_error_is_a_page(
    http: httpx.AsyncClient, method: str, path: str, body: bytes, error: StartlineError | None
) -> None:
    answer = await http.request(method, path, content=body, headers={"X-Correlation-ID": "me.too"})
    assert answer.status_code == (error.status if error else {"/bug": 500, "/": 405}.get(path, 413))
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Correlation-ID"] == "me.too"
    assert "<small>me.too</small>" in answer.text
    assert "sari@" not in answer.text


async def test_an_error_page_is_in_the_language_of_the_request_and_names_wrong_fields(http: httpx.AsyncClient) -> None:
    down = await http.get("/down", headers={"Accept-Language": "id"})
    assert (down.headers["Content-Language"], down.headers["Retry-After"]) == ("id", "7")
    wrong = await http.post("/entries/many")
    assert (wrong.status_code, "<li>number</li>" in wrong.text) == (422, True)


async def test_health_and_metrics_need_no_database(browse: Browse) -> None:
    async def api_answers() -> bool:
        return False

    http = browse(_pages(checks={"api": api_answers}))
    http.base_url = "http://startline.test"
    assert (await http.get("/health/live")).json() == {"live": True}
    ready = await http.get("/health/ready")
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "api": False})
    assert "startline_http_request_seconds" in (await http.get("/metrics")).text
    assert (await http.get("/openapi.json")).status_code == 404
    assert (await http.get("/health/late")).status_code == 404


def test_a_page_states_its_access_too() -> None:
    careless = Router()
    careless.add_api_route("/open", front, methods=["GET"])
    with pytest.raises(UndeclaredAccess):
        _pages(careless)
