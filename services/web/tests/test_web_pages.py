"""What holds for every page: language, policy, caching, errors, weight."""

import re
from io import BytesIO

import httpx
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from chassis.wording import Language
from web.static_files import load
from web.texts import LOCALE, catalogs, translations

from .conftest import Registration, category, race
from .own_app import SITE

PAGES = ("/", "/?q=lari", "/?q=nothing", "/races/jakarta-fun-run", "/nowhere")
TEMPLATES = LOCALE.parent / "templates"


@pytest.fixture(autouse=True)
def two_races(registration: Registration) -> None:
    soon = category("10K", registration_open_at="2027-02-01T00:00:00Z")
    full, last = category("21K", left=0), category("42K", left=3)
    registration.races = [race("Jakarta Fun Run", category(), soon, full, last), race("Bandung Lari")]


def test_every_text_of_the_templates_is_translated() -> None:
    options = {"**.html": {"newstyle_gettext": "true", "trimmed": "true"}}
    found = extract_from_dir(TEMPLATES, [("**.html", "jinja2")], options_map=options)
    used = {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}
    entries = [each for file in catalogs() for each in read_po(BytesIO(file.read_bytes()), locale="id") if each.id]
    translated = [each.id if isinstance(each.id, str) else each.id[0] for each in entries if each.string]
    assert len(used) > 40
    assert used == set(translated)
    assert len(translated) == len(set(translated)), "a text stands in both catalogs"
    assert not any(each.fuzzy for each in entries)


def test_indonesian_has_one_form_for_all_numbers() -> None:
    """Babel's own header for `id` says two, and `ngettext` then answers in English."""
    both = ("%(shown)s race found", "%(shown)s races found")
    assert {translations(Language.INDONESIAN).ngettext(*both, number) for number in (0, 1, 2)} == {
        "%(shown)s lomba ditemukan"
    }


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_has_anything_inline(site: httpx.AsyncClient, path: str) -> None:
    answer = await site.get(path)
    assert (
        re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*(\ssrc=|\stype=\"application/ld\+json\"))", answer.text)
        == []
    )
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", PAGES[:-1])
async def test_a_page_is_the_same_for_all_visitors_and_may_be_kept_briefly(site: httpx.AsyncClient, path: str) -> None:
    answer = await site.get(path, headers={"Cookie": "mine=1"})
    assert answer.headers["Cache-Control"] == "public, max-age=5, stale-while-revalidate=30"
    assert "Set-Cookie" not in answer.headers
    assert answer.text == (await site.get(path)).text


@pytest.mark.parametrize(("path", "language"), [("/races/none", "id"), ("/en/races/none", "en"), ("/nowhere", "id")])
async def test_an_unknown_address_has_a_page_with_the_number_for_questions(
    site: httpx.AsyncClient, path: str, language: str
) -> None:
    answer = await site.get(path, headers={"X-Correlation-Id": "mine-1"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    assert f'<html lang="{language}">' in answer.text
    assert "mine-1" in answer.text
    assert "Halaman ini tidak ada" in answer.text or "This page does not exist" in answer.text


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.Response(503),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"items": [{"name": "half a race"}]}),
    ],
    ids=["down", "slow", "busy", "not JSON", "not races"],
)
async def test_while_the_api_cannot_be_reached_a_page_says_so_and_it_is_asked_again(
    site: httpx.AsyncClient, registration: Registration, failure: Exception | httpx.Response
) -> None:
    registration.failure = failure
    answer = await site.get("/")
    assert answer.status_code == 503
    assert "Kami segera kembali" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    registration.failure = None
    assert (await site.get("/")).status_code == 200


async def test_the_api_gets_the_correlation_id_of_the_page(site: httpx.AsyncClient, registration: Registration) -> None:
    await site.get("/", headers={"X-Correlation-Id": "page-7"})
    assert registration.requests[0].headers["X-Correlation-Id"] == "page-7"


async def test_static_files_are_kept_for_a_year_under_the_address_of_their_content(site: httpx.AsyncClient) -> None:
    page = await site.get("/")
    stylesheet, _ = re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)
    answer = await site.get(stylesheet)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    plain = await site.get(stylesheet, headers={"Accept-Encoding": "identity"})
    assert plain.content == answer.content == load()["look.css"].content
    for wrong in ("/static/0000000000.look.css", "/static/look.css", "/static/..%2fapp.py", "/static/x.app.py"):
        assert (await site.get(wrong)).status_code == 404


@pytest.mark.parametrize(("path", "at_most"), [("/", 20_000), ("/races/jakarta-fun-run", 20_000)])
async def test_a_page_with_all_it_needs_is_light(site: httpx.AsyncClient, path: str, at_most: int) -> None:
    """Bytes over the wire, gzipped, without pictures of the race."""
    page = await site.get(path)
    files = [await site.get(address) for address in set(re.findall(r'"(/static/[^"]+)"', page.text))]
    assert len(files) <= 4
    names = [str(each.request.url).partition("/static/")[2].partition(".")[2] for each in files]
    assert len(page.content) + sum(len(load()[name].compressed) for name in names) < at_most


async def test_search_engines_find_all_pages_in_both_languages(site: httpx.AsyncClient) -> None:
    robots, sitemap = await site.get("/robots.txt"), await site.get("/sitemap.xml")
    assert f"Sitemap: {SITE}/sitemap.xml" in robots.text
    for path in ("/r/", "/en/r/", "/t/", "/en/t/", "/api/"):
        assert f"Disallow: {path}" in robots.text.splitlines()
    assert re.findall("<loc>(.*?)</loc>", sitemap.text) == [
        f"{SITE}{prefix}{path}"
        for path in ("/", "/races/jakarta-fun-run", "/races/bandung-lari")
        for prefix in ("", "/en")
    ]
    page = await site.get("/en/races/jakarta-fun-run")
    assert f'<link rel="canonical" href="{SITE}/en/races/jakarta-fun-run">' in page.text
    assert f'hreflang="id" href="{SITE}/races/jakarta-fun-run"' in page.text


@pytest.mark.parametrize("path", ["/health/live", "/metrics"])
async def test_the_process_can_be_watched(site: httpx.AsyncClient, path: str) -> None:
    assert (await site.get(path)).status_code == 200
