"""What holds for every page in all states and both languages. They are collected from the application's routes."""

import re
from collections.abc import AsyncIterator, Mapping
from functools import cache
from urllib.parse import urlsplit

import httpx
import pytest
from chassis.auth.access import api_routes
from fastapi import FastAPI
from starlette.routing import compile_path
from web.languages import ENGLISH_PREFIX

from .markup import Element, parsed
from .own_app import SITE
from .page_rules import RULES, Rule, has_a_frame, texts, untranslated, words_of
from .page_rules import has_headings_in_order as in_order
from .page_rules import has_labels as labels
from .page_rules import has_nothing_inline as nothing_inline
from .page_rules import has_targets as targets
from .page_rules import has_unique_ids as unique_ids
from .walk import ANSWERS, Example, Walker, answering, app_on, browser
from .walk_examples import AWAITED, DATA, EXAMPLES, FAILURES, NOT_PAGES

ALL = (*(each for examples in EXAMPLES.values() for each in examples), *FAILURES)
PAGES = tuple(each for each in ALL if each.status != 303)
LANGUAGES = {"id": "", "en": ENGLISH_PREFIX}
_SAMPLES = ("Budi", "Sari", "S", "M", "L", "h", "parts")
_SAME_WORDS = ("BIB", "E-mail", "Jersey", "QRIS", "Race pack", "Total", "USD", "WIB", "XLSX", "XXL", "XXXL")
_OF_BOTH = (*DATA, *_SAMPLES, *_SAME_WORDS)
_FRAME = (
    "<html lang='id'><head><title>{}</title><meta name=viewport></head>"
    "<body><a class=skip href='#m'>x</a><main id=m><h1></h1></main></body></html>"
)
_IS_PRIVATE = re.compile(r"/(r|t)/|/parts|/console|/checkin")


@pytest.fixture(scope="module")
def walker() -> Walker:
    return Walker()


@pytest.fixture
def app(walker: Walker, example: Example) -> FastAPI:
    return walker.app_for(example)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(app) as found:
        yield found


of_every_page = pytest.mark.parametrize("example", PAGES, ids=str)


async def _answer(example: Example, client: httpx.AsyncClient, language: str) -> httpx.Response:
    answer = await example.request(client, LANGUAGES[language])
    assert answer.status_code == example.status
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer


def _paths(app: FastAPI) -> list[tuple[str, str]]:
    return [(method, each.path or "") for each in api_routes(app) for method in each.methods or ()]


def test_every_page_has_an_example_and_is_there_in_both_languages() -> None:
    read = {path for method, path in _paths(app_on(answering(ANSWERS))) if method == "GET"}
    english = {each.removeprefix(ENGLISH_PREFIX) for each in read if each.startswith(ENGLISH_PREFIX)}
    indonesian = {each for each in read if not each.startswith(ENGLISH_PREFIX)}
    assert indonesian - NOT_PAGES == english - NOT_PAGES == set(EXAMPLES)
    assert english <= indonesian


@pytest.mark.parametrize("example", [each for each in ALL if each.status == 303], ids=str)
@pytest.mark.parametrize("prefix", LANGUAGES.values())
async def test_a_redirect_stays_in_the_language(client: httpx.AsyncClient, example: Example, prefix: str) -> None:
    answer = await example.request(client, prefix)
    assert answer.status_code == 303
    location = answer.headers["Location"]
    assert location.startswith((f"{prefix}/r", f"{prefix}/console"))


@of_every_page
async def test_a_page_keeps_every_rule_in_both_languages(
    client: httpx.AsyncClient, app: FastAPI, example: Example
) -> None:
    answers = {language: await _answer(example, client, language) for language in LANGUAGES}
    pages = {language: parsed(answer.text) for language, answer in answers.items()}
    _is_in_one_language(pages)
    for language, page in pages.items():
        assert [wrong for rule in RULES for wrong in rule(page)] == []
        assert page.one("html").get("lang") == language
        _leads_somewhere(page, app, example, language)
        if example.form is None:
            _leads_to_the_other_language(page, example, language)
        _is_shown_to_search_engines_if_public(page, example)
        if example.address.startswith(("/r/", "/console")):
            assert answers[language].headers["Cache-Control"] == "no-store"
            assert answers[language].headers["Referrer-Policy"] == "same-origin"


def _is_in_one_language(pages: Mapping[str, Element]) -> None:
    found = {language: texts(page, language) for language, page in pages.items()}
    assert words_of("en", found["id"], DATA) == []
    assert words_of("id", found["en"], DATA) == []
    assert untranslated(found["id"], found["en"], _OF_BOTH) == []


def _leads_somewhere(page: Element, app: FastAPI, example: Example, language: str) -> None:
    assert _leads_nowhere(page, app, LANGUAGES[language] + example.address) == []
    for each in page.all("a"):
        target = each.get("href") or ""
        assert target.startswith(("/", "#", "https://", "ethereum:"))
        if target.startswith("https://"):
            assert "noreferrer" in (each.get("rel") or "")
        elif target.startswith("/") and not target.startswith("/api/") and each.get("hreflang") is None:
            assert target.startswith(f"{ENGLISH_PREFIX}/") == (language == "en")


def _leads_to_the_other_language(page: Element, example: Example, language: str) -> None:
    other = "en" if language == "id" else "id"
    ways = [each for each in page.all("a") if each.get("hreflang") == other]
    ways += [each for each in page.all("button") if each.get("form") == "register" and each.get("lang") == other]
    [way] = ways
    assert (way.get("href") or way.get("formaction")) == LANGUAGES[other] + example.address
    assert way.get("lang") == other


def _is_shown_to_search_engines_if_public(page: Element, example: Example) -> None:
    pairs = {each.get("hreflang"): each.get("href") for each in page.all("link") if each.get("rel") == "alternate"}
    hidden = any(
        each.attributes.items() >= {"name": "robots", "content": "noindex"}.items() for each in page.all("meta")
    )
    is_public = example.form is None and example.status == 200 and not _IS_PRIVATE.match(example.address)
    assert hidden != is_public
    path = urlsplit(example.address).path
    assert pairs == ({name: SITE + prefix + path for name, prefix in LANGUAGES.items()} if is_public else {})


def _leads_nowhere(page: Element, app: FastAPI, own: str) -> list[str]:
    wanted = [("GET", each.get("href")) for each in page.all("a", "link") if not each.get("hreflang")]
    wanted += [("GET", each.get("src")) for each in page.all("img", "script", "source")]
    wanted += [((each.get("method") or "get").upper(), each.get("action") or own) for each in page.all("form")]
    inside = [(method, target) for method, target in wanted if target and target.startswith("/") and target != own]
    return [
        f"{method} {target}"
        for method, target in inside
        if not (path := urlsplit(target).path).startswith(AWAITED) and not _is_served(app, method, path)
    ]


@cache
def _is_served(app: FastAPI, method: str, path: str) -> bool:
    return any(method == allowed and pattern.match(path) for allowed, pattern in _routes(app))


@cache
def _routes(app: FastAPI) -> list[tuple[str, re.Pattern[str]]]:
    return [(method, compile_path(path)[0]) for method, path in _paths(app)]


@pytest.fixture(scope="module")
def app_without_apis() -> FastAPI:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    return app_on(refuse)


@pytest.mark.parametrize("example", [each for each in ALL if each.form is None], ids=str)
async def test_while_no_api_answers_every_address_has_a_page(app_without_apis: FastAPI, example: Example) -> None:
    async with browser(app_without_apis) as client:
        answer = await example.request(client)
    assert answer.status_code in {200, 303, 401, 404, 422, 503}
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) > 0
        assert "Kami segera kembali" in answer.text


@pytest.mark.parametrize(
    ("rule", "html"),
    [
        (has_a_frame, "<html lang='de'><title>x</title><a class=skip href='#m'></a><main id=m><h1></h1></main></html>"),
        (has_a_frame, "<html lang='id'><title></title><main id=m><h1></h1><h1></h1></main></html>"),
        (has_a_frame, _FRAME.format("Verified <span>BIB 1</span>")),
        (has_a_frame, _FRAME.format("Verified &amp;ndash; BIB 1")),
        (nothing_inline, "<p style='color:red'></p>"),
        (nothing_inline, "<script>1</script>"),
        (nothing_inline, "<button onclick='x()'></button>"),
        (unique_ids, "<p id=a></p><p id=a></p>"),
        (targets, "<input aria-describedby='nothing'>"),
        (targets, "<a href='#nothing'>x</a>"),
        (labels, "<label>x</label><input name=a>"),
        (labels, "<a href='/'><img alt=''></a>"),
        (in_order, "<h1></h1><h3></h3>"),
    ],
)
def test_a_rule_finds_what_breaks_it(rule: Rule, html: str) -> None:
    assert list(rule(parsed(html)))


def test_a_frame_with_a_plain_title_is_in_order() -> None:
    assert list(has_a_frame(parsed(_FRAME.format("Verified: BIB 1")))) == []


def test_texts_in_the_wrong_language_are_found() -> None:
    page = parsed("<html lang='id'><p>Semua <b>races</b></p><img alt='Same words'><i lang='en'>the</i></html>")
    assert words_of("en", texts(page, "id"), ()) == ["races"]
    assert untranslated(texts(page, "id"), ["Same words", "races"], ["races"]) == ["Same words"]


def test_a_link_that_leads_nowhere_is_found() -> None:
    page = parsed("<a href='/nowhere'>x</a><form action='/privacy' method=post></form><form method=post></form>")
    found = _leads_nowhere(page, app_on(answering(ANSWERS)), "/recover")
    assert found == ["GET /nowhere", "POST /privacy"]


async def test_parts_are_shown_only_if_a_setting_says_so() -> None:
    async with browser(app_on(answering(ANSWERS), show_parts=False)) as client:
        assert (await client.get("/parts")).status_code == 404
