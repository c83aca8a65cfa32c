"""Errors as pages: each has its words, a way on, and the number for questions."""

from collections.abc import AsyncIterator, Mapping
from functools import cache

import httpx
import pytest
from chassis.errors import StartlineError
from chassis.web.problems import ErrorResponses
from chassis.wording import Language, answered_in
from fastapi import FastAPI
from structlog.testing import capture_logs
from web.error_pages import error_pages, plain_page
from web.languages import Address, address_to_repeat, path_of_request, with_query
from web.pages import Pages
from web.static_files import load

from .markup import Element, parsed
from .own_app import SITE
from .page_rules import has_a_frame, has_nothing_inline
from .walk import ANSWERS, answering, app_on, browser

GONE = "/gone"


class _Error(StartlineError):
    """It failed."""

    code = "x"

    def __init__(self, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(headers=headers)
        self.status = status
        self.code = code  # type: ignore[misc]


@cache
def _responses() -> ErrorResponses:
    return error_pages(Pages(load(), SITE))


def _rendered(
    status: int, code: str = "x", *, wait: str | None = None, again: str | None = "/recover", language: str = "id"
) -> Element:
    address_to_repeat.set(Address(again, "") if again else None)
    with answered_in(Language(language)):
        answer = _responses().render(_Error(status, code, {"Retry-After": wait} if wait else None))
    assert answer.status_code == status
    return parsed(bytes(answer.body).decode()).one("main")


@pytest.mark.parametrize(
    ("status", "code", "title"),
    [
        (404, "not_found", "Halaman ini tidak ada"),
        (410, "gone", "Ini sudah tidak ada di sini"),
        (405, "method_not_allowed", "Alamat ini tidak dapat dipakai begitu"),
        (408, "request_timeout", "Terlalu lama"),
        (413, "payload_too_large", "Ukurannya terlalu besar"),
        (403, "cross_site", "Formulir ini datang dari situs lain"),
        (403, "forbidden", "Halaman ini bukan untuk Anda"),
        (429, "too_many_requests", "Terlalu cepat"),
        (500, "internal_error", "Ada kesalahan di pihak kami"),
        (503, "unavailable", "Kami segera kembali"),
        (503, "maintenance", "Situs sedang kami perbaiki"),
        (503, "too_busy", "Sedang ramai sekali"),
        (503, "outcome_unknown", "Kami tidak tahu apakah ini tersimpan"),
        (418, "of_a_newer_release", "Permintaan ini tidak dapat dijawab"),
        (418, "../base", "Permintaan ini tidak dapat dijawab"),
    ],
)
def test_an_error_has_its_own_words_by_code_and_then_by_status(status: int, code: str, title: str) -> None:
    assert _rendered(status, code).one("h1").text == title


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_can_be_tried_again_with_a_link_if_it_was_read(status: int) -> None:
    first = _rendered(status, again="/races/x").all("a")[0]
    assert (first.get("href"), first.text) == ("/races/x", "Coba lagi")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_was_sent_is_sent_from_its_form_again(status: int) -> None:
    page = _rendered(status, again=None)
    assert "tombol kembali di peramban" in page.text
    assert page.all("a")[0].get("href") == "/"


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        ("1", "Please wait 1 second."),
        ("42", "Please wait 42 seconds."),
        ("120", "Please wait 2 minutes."),
        ("3601", "Please wait 61 minutes."),
        ("Thu, 01 Jan 2027 00:00:00 GMT", "Please wait a moment."),
        (None, "Please wait a moment."),
    ],
)
def test_how_long_to_wait_is_said_in_words(wait: str | None, words: str) -> None:
    assert words in _rendered(429, wait=wait, again="/en/recover", language="en").text


def _in_console(status: int, code: str = "x", *, again: str | None = "/en/console/payments/1") -> Element:
    path_of_request.set("/en/console/payments/1")
    address_to_repeat.set(Address(again, "") if again else None)
    with answered_in(Language.ENGLISH):
        answer = _responses().render(_Error(status, code))
    assert answer.status_code == status
    return parsed(bytes(answer.body).decode())


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "forbidden", "Your role does not include this page."),
        (404, "not_found", "what it showed is not there any more."),
        (418, "of_a_newer_release", "start from the overview"),
        (410, "gone", "does not come back"),
        (503, "maintenance", "We are working on the site"),
        (500, "internal_error", "Something went wrong on our side"),
    ],
)
@pytest.mark.parametrize("again", ["/en/console/payments/1", None])
def test_an_error_in_the_console_leads_back_to_the_console(
    status: int, code: str, words: str, again: str | None
) -> None:
    page = _in_console(status, code, again=again)
    assert words in page.text
    links = {each.get("href") for each in page.one("body").all("a")} - {"#main", "/console/payments/1"}
    assert "/en/console" in links
    assert all((each or "").startswith("/en/console") for each in links), links


@pytest.fixture
async def broken(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of pages whose templates cannot be rendered."""

    def fail(*_: object, **__: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(Pages, "render", fail)
    async with browser(app_on(answering(ANSWERS))) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "language", "title"),
    [
        ("/privacy", 500, "id", "Ada kesalahan di pihak kami"),
        ("/en/privacy", 500, "en", "Something went wrong on our side"),
        ("/nowhere", 404, "id", "Ada kesalahan di pihak kami"),
    ],
)
async def test_there_is_a_plain_page_even_if_no_template_can_be_rendered(
    broken: httpx.AsyncClient, path: str, status: int, language: str, title: str
) -> None:
    with capture_logs() as logged:
        answer = await broken.get(path, headers={"X-Correlation-ID": "mine-1"})
    assert "error_page_failed" in [each["event"] for each in logged]
    assert (answer.status_code, answer.headers["Cache-Control"]) == (status, "no-store")
    page = parsed(answer.text)
    assert page.one("html").get("lang") == language
    assert page.one("h1").text == title
    assert "mine-1" in page.text
    assert list(has_nothing_inline(page)) == []


def test_the_plain_page_is_sound_but_for_the_link_that_skips_nothing() -> None:
    assert list(has_a_frame(parsed(plain_page(Language.ENGLISH)))) == ["skips to []"]


async def test_an_exception_in_a_template_is_the_page_of_500(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a template that reads what it does not have
    app: FastAPI = app_on(answering(ANSWERS))
    pages: Pages = app.state.pages
    render = pages.render
    monkeypatch.setattr(
        pages,
        "render",
        lambda template, path, **values: render(template, path, **({} if template == "races.html" else values)),
    )

    # when its page is asked for
    with capture_logs():
        async with browser(app) as client:
            answer = await client.get("/")

    # then the page says that it is our fault, and can be tried again
    assert answer.status_code == 500
    page = parsed(answer.text).one("main")
    assert page.one("h1").text == "Ada kesalahan di pihak kami"
    assert page.all("a")[0].get("href") == "/"


@pytest.mark.parametrize(("path", "title"), [("/r/X", "Formulir ini datang dari situs lain"), ("/en/r/X", "This form")])
async def test_the_page_of_a_foreign_form_has_the_language_and_headers_of_all(path: str, title: str) -> None:
    async with browser(app_on(answering(ANSWERS))) as client:
        answer = await client.post(path, headers={"Sec-Fetch-Site": "cross-site", "X-Correlation-ID": "mine-2"})
    assert answer.status_code == 403
    assert title in answer.text
    assert "mine-2" in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/races/a b", "q=1&x=%20", "/races/a%20b?q=1&x=%20"),
        ("/r/a?b", "", "/r/a%3Fb"),
        ("//evil.example/x", "", "/%2Fevil.example/x"),
        ("/\\evil.example", "", "/%5Cevil.example"),
    ],
)
def test_an_address_leads_to_this_site(path: str, query: str, expected: str) -> None:
    assert with_query(path, query) == expected
