"""Finding a registration again."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest

from .markup import Element, parsed
from .walk import ANSWERS, API, answering, app_on, browser, problem

RECOVER = f"{API}/access/recover"


class Recovery:
    """Registration's API, and a browser."""

    def __init__(self) -> None:
        self.answer = ANSWERS["POST", RECOVER]
        self.asked: list[httpx.Request] = []
        self.browser = browser(app_on(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return answering({("POST", RECOVER): self.answer})(request)


@pytest.fixture
async def recovery() -> AsyncIterator[Recovery]:
    found = Recovery()
    async with found.browser:
        yield found


def _shown(answer: httpx.Response, status: int) -> Element:
    assert answer.status_code == status
    assert answer.headers["Cache-Control"] == "no-store"
    return parsed(answer.text)


@pytest.mark.parametrize("contact", ["budi@example.com", " 0812 3456 7890 ", "+62 812-3456-7890"])
async def test_a_contact_is_passed_on_as_it_was_typed(recovery: Recovery, contact: str) -> None:
    answer = await recovery.browser.post("/recover", data={"contact": contact})
    page = _shown(answer, 202)
    assert f"Jika {contact.strip()} adalah kontak penanggung jawab" in page.text
    [sent] = recovery.asked
    assert json.loads(sent.content) == {"contact": contact.strip()}
    assert sent.headers["Accept-Language"] == "id"
    assert sent.headers["X-Forwarded-For"] == "127.0.0.1"


async def test_what_is_typed_is_shown_as_text(recovery: Recovery) -> None:
    answer = await recovery.browser.post("/recover", data={"contact": "<b>x</b>"})
    assert "&lt;b&gt;x&lt;/b&gt;" in answer.text


@pytest.mark.parametrize("typed", ["budi", ""])
async def test_a_contact_that_cannot_be_read_stays_in_the_form_with_words(recovery: Recovery, typed: str) -> None:
    # given what the API says of it
    words = "Tulis alamat e-mail atau nomor WhatsApp Anda."
    recovery.answer = problem(422, "invalid_fields", errors=[{"field": "contact", "message": words}])

    # when it is sent
    page = _shown(await recovery.browser.post("/recover", data={"contact": typed}), 422)

    # then the same words are in the summary and at the field, which keeps its value
    field = page.one("input", id="contact")
    assert (field.get("value"), field.get("aria-invalid")) == (typed, "true")
    assert field.get("aria-describedby") == "contact-hint contact-error"
    assert words in page.one("p", id="contact-error").text
    assert page.one("a", href="#contact").text == words
    assert page.one("title").text.startswith("Kesalahan:")


async def test_a_form_without_the_field_is_like_an_empty_one(recovery: Recovery) -> None:
    await recovery.browser.post("/recover")
    assert json.loads(recovery.asked[0].content) == {"contact": ""}


@pytest.mark.parametrize(("seconds", "words"), [("7", "Mohon tunggu 7 detik."), ("121", "Mohon tunggu 3 menit.")])
async def test_too_many_requests_say_how_long_to_wait(recovery: Recovery, seconds: str, words: str) -> None:
    recovery.answer = problem(429, "too_many_requests", headers={"Retry-After": seconds})
    answer = await recovery.browser.post("/recover", data={"contact": "budi@example.com"})
    page = _shown(answer, 429)
    assert words in page.text
    assert page.one("input", id="contact").get("value") == "budi@example.com"
    assert answer.headers["Retry-After"] == seconds


@pytest.mark.parametrize("failure", [httpx.Response(502), problem(503, "unavailable"), httpx.Response(500)])
async def test_while_the_api_is_down_what_was_typed_stays(recovery: Recovery, failure: httpx.Response) -> None:
    recovery.answer = failure
    page = _shown(await recovery.browser.post("/en/recover", data={"contact": "budi@example.com"}), 503)
    assert "What you typed is still here" in page.text
    assert page.one("input", id="contact").get("value") == "budi@example.com"
    assert page.one("form").get("action") == "/en/recover"


async def test_the_empty_form_is_kept_briefly_and_asks_no_api(recovery: Recovery) -> None:
    answer = await recovery.browser.get("/recover")
    assert answer.headers["Cache-Control"].startswith("public")
    assert recovery.asked == []


@pytest.mark.parametrize("encoding", ["unicode_escape", "undefined"])
async def test_a_form_in_an_encoding_of_no_browser_is_a_page(recovery: Recovery, encoding: str) -> None:
    form = '--b\r\nContent-Disposition: form-data; name="contact"\r\n\r\n\\ud800\r\n--b--\r\n'
    kind = f"multipart/form-data; boundary=b; charset={encoding}"
    answer = await recovery.browser.post("/recover", content=form, headers={"Content-Type": kind})
    assert (answer.status_code, recovery.asked) == (400, [])
