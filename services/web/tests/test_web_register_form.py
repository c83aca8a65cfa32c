"""The page of the form: the same for all visitors, light, and right before, during and after registration."""

import gzip
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from chassis.wording import Language
from web.kept import KeptPages
from web.pages import Pages
from web.register.texts import messages
from web.static_files import FOLDER, load

from .conftest import NOW, Clock, category, race
from .registration_api import Page, RegistrationApi, browser_of

FORM = "/races/jakarta-fun-run/register/5k/10"
SOON = "2027-01-04T03:01:00Z"
WORDS = re.compile(r"\b(the|and|of|is|are|with|your|you|runner|place|places|registration|page|send|form|again)\b")


@pytest.fixture
def api() -> RegistrationApi:
    ten: dict[str, Any] = {"price_collective_10": "130000.00"}
    few = category("10K", left=3, **ten)
    full = category("21K", left=0, price_individual="0.00")
    soon = category("42K", registration_open_at=SOON)
    past = category("1K", registration_close_at="2027-01-01T00:00:00Z")
    return RegistrationApi(
        races=[race("Jakarta Fun Run", category("5K", **ten), few, full, soon, past, rules="No dogs.")]
    )


@pytest.fixture
async def browser(api: RegistrationApi, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    async with browser_of(api, clock) as client:
        yield client


async def test_the_form_holds_nothing_of_its_visitor_and_is_rendered_once_for_five_seconds(
    browser: httpx.AsyncClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given pages that count how often they are rendered
    rendered = []
    render = Pages.render

    def counted(*args: Any, **values: Any) -> str:
        rendered.append(args)
        return render(*args, **values)

    monkeypatch.setattr(Pages, "render", counted)

    # when many ask for the form
    answers = [await browser.get(FORM, headers={"Cookie": f"form={number}"}) for number in range(3)]

    # then they get the same page, compressed, and may keep it
    assert len(rendered) == 1
    assert {each.text for each in answers} == {answers[0].text}
    assert answers[0].headers["Cache-Control"] == "public, max-age=5, stale-while-revalidate=30"
    assert answers[0].headers["Content-Encoding"] == "gzip"
    assert not any("Set-Cookie" in each.headers for each in answers)
    plain = await browser.get(FORM, headers={"Accept-Encoding": "identity"})
    assert (plain.text, plain.headers.get("Content-Encoding")) == (answers[0].text, None)

    # and after five seconds it is rendered again
    clock.advance(timedelta(seconds=5))
    await browser.get(FORM)
    assert len(rendered) == 2


async def test_the_form_of_ten_with_all_it_needs_is_below_20_kb(browser: httpx.AsyncClient) -> None:
    page = await browser.get(FORM)
    files = load()
    names = [each.partition(".")[2] for each in re.findall(r'"/static/([^"]+)"', page.text)]
    assert {"look.css", "register.js", "mark.svg"} <= set(names)
    sizes = {name: len(files[name].compressed) for name in names}
    total = int(page.headers["Content-Length"]) + sum(sizes.values())
    assert len(page.text) > 40_000
    assert total <= 20_000, (page.headers["Content-Length"], sizes)


@pytest.mark.parametrize("size", [1, 5, 10])
async def test_one_form_has_the_fields_of_every_runner(browser: httpx.AsyncClient, size: int) -> None:
    answer = await browser.get(f"/races/jakarta-fun-run/register/5k/{size}")
    page = Page(answer)
    named = {each.get("name") for each in page.tags if each[""] == "input"}
    for number in range(1, size + 1):
        assert {f"p{number}-{name}" for name in ("full_name", "whatsapp", "email", "gender", "jersey_size")} <= named
        autocomplete = {each.get("autocomplete") for each in page.tags}
        assert {
            f"section-p{number} {each}" for each in ("name", "tel", "email", "bday-day", "bday-year")
        } <= autocomplete
    assert f"p{size + 1}-full_name" not in named
    assert page.opened == (["p1"] if size > 1 else [])
    total = {1: "150.000", 5: "700.000", 10: "1.300.000"}[size]
    assert f"Rp {total}" in page.text


async def test_categories_types_rules_and_privacy_are_links(browser: httpx.AsyncClient) -> None:
    links = Page(await browser.get(FORM)).links
    base = "/races/jakarta-fun-run"
    assert {
        f"{base}/register/5k/1",
        f"{base}/register/5k/5",
        f"{base}/register/10k/10",
        f"{base}/register/21k/1",
    } <= set(links)
    assert {f"{base}#rules", "/privacy", base} <= set(links)
    english = Page(await browser.get(f"/en{FORM}")).links
    assert {f"/en{base}/register/5k/1", "/en/privacy"} <= set(english)


async def test_before_the_opening_a_page_says_when_and_then_becomes_the_form(
    browser: httpx.AsyncClient, clock: Clock
) -> None:
    path = "/races/jakarta-fun-run/register/42k/1"
    early = await browser.get(path)
    assert "Senin, 4 Januari 2027 pukul 10.01 WIB" in Page(early).text
    assert 'data-opens="2027-01-04T03:01:00+00:00"' in early.text
    assert early.headers["Cache-Control"] == "public, max-age=5, stale-while-revalidate=30"

    clock.advance(timedelta(seconds=58))
    last = await browser.get(path)
    assert last.headers["Cache-Control"] == "public, max-age=1"

    clock.advance(timedelta(seconds=2))
    assert "register" in Page(await browser.get(path)).ids


@pytest.mark.parametrize(
    ("path", "words", "link"),
    [
        ("register/21k/1", "Semua tempat sudah terisi", "/races/jakarta-fun-run/waitlist/21k/1"),
        ("register/10k/5", "Tempat yang tersisa tidak cukup", "/races/jakarta-fun-run/register/10k/1"),
        ("register/10k/5", "Sekitar 3 tempat tersisa", "/races/jakarta-fun-run/waitlist/10k/5"),
        ("register/1k/1", "Pendaftaran ditutup", "/"),
        ("waitlist/5k/1", "Masih ada tempat", "/races/jakarta-fun-run/register/5k/1"),
    ],
)
async def test_without_a_form_the_page_says_why_and_leads_on(
    browser: httpx.AsyncClient, path: str, words: str, link: str
) -> None:
    page = Page(await browser.get(f"/races/jakarta-fun-run/{path}"))
    assert words in page.text
    assert link in page.links
    assert "register" not in page.ids


async def test_the_waiting_list_of_a_full_category_has_the_same_form(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/races/jakarta-fun-run/waitlist/21k/1")
    page = Page(answer)
    assert "Daftar tunggu 21K" in page.text
    assert "gratis" in page.text
    assert 'data-api="/api/registration/v1/waitlist"' in answer.text


@pytest.mark.parametrize(
    "path",
    ["register/5k/2", "register/5k/x", "register/3k/1", "wait/5k/1", "register/42k/10", "register/3k", "nothing"],
)
async def test_what_is_not_offered_is_not_found(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(f"/races/jakarta-fun-run/{path}")).status_code == 404
    assert (await browser.get(f"/races/no-race/{path}")).status_code == 404


@pytest.mark.parametrize("prefix", ["", "/en"])
async def test_without_a_category_or_size_the_visitor_is_led_on(browser: httpx.AsyncClient, prefix: str) -> None:
    base = f"{prefix}/races/jakarta-fun-run"
    assert (await browser.get(f"{base}/register")).headers["Location"] == base
    assert (await browser.get(f"{base}/waitlist/5k")).headers["Location"] == f"{base}/waitlist/5k/1"


@pytest.mark.parametrize(
    "path", ["register/5k/1", "register/5k/10", "register/10k/5", "register/42k/1", "waitlist/21k/1"]
)
async def test_the_form_is_indonesian_or_english_and_has_nothing_inline(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(f"/races/jakarta-fun-run/{path}")
    shown = re.sub(r'<a [^>]*lang="en"[^>]*>.*?</a>|<[^>]+>', " ", answer.text).replace("Jakarta Fun Run", "")
    assert WORDS.findall(shown.lower()) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text) == []
    english = await browser.get(f"/en/races/jakarta-fun-run/{path}")
    assert '<html lang="en">' in english.text
    assert WORDS.findall(english.text.lower())


def test_every_text_of_the_script_is_in_the_page() -> None:
    source = "".join(script.read_text() for script in FOLDER.glob("register*.js"))
    used = set(re.findall(r"texts\.(\w+)|say\('(\w+)'", source))
    used |= set(re.findall(r"return '(birth\w*)'|(?:name|phone)\('(\w+)'\)|: '(\w+)'\)", source))
    names = {name for found in used for name in found if name}
    assert len(names) > 15
    for language in Language:
        assert names <= set(messages(language, has_challenge=False))
        assert all(messages(language, has_challenge=False).values())


@pytest.mark.parametrize("name", sorted(each.name for each in FOLDER.glob("*.js")))
def test_scripts_are_served_as_they_are_in_the_repository(name: str) -> None:
    assert load()[name].content == (FOLDER / name).read_bytes()


def test_kept_pages_are_bounded_and_end_when_the_page_changes(clock: Clock) -> None:
    pages = KeptPages(clock)
    pages.keep("/a", "a", changes_at=NOW + timedelta(seconds=2))
    clock.advance(timedelta(seconds=2))
    assert pages.find("/a") is None
    for number in range(3_000):
        pages.keep(f"/{number}", "x")
    found = pages.find("/2999")
    assert found is not None
    assert gzip.decompress(found.compressed) == b"x"
    assert pages.find("/0") is None


async def test_the_page_of_the_race_leads_to_the_forms(browser: httpx.AsyncClient) -> None:
    links = Page(await browser.get("/en/races/jakarta-fun-run")).links
    base = "/en/races/jakarta-fun-run"
    forms = ("register/5k/1", "register/5k/5", "register/5k/10", "register/10k/1", "waitlist/21k/1", "register/42k/1")
    assert {f"{base}/{each}" for each in forms} <= set(links)
    assert {f"{base}/register/10k/5", f"{base}/register/21k/1", f"{base}/register/1k/1"}.isdisjoint(links)
