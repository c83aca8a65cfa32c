"""Light and dark pages of the console: the choice of a browser, and where it leads."""

from http.cookies import SimpleCookie

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import Element, parsed
from .messages_desk import Desk, desk
from .walk import ANSWERS, answering, app_on, browser

SESSION = f"__Host-staff={'k' * 43}"
PAGE = "/sessions"


async def _seen(at_desk: Desk, theme: str) -> Element:
    return parsed((await at_desk.see(PAGE, Cookie=f"{SESSION}; theme={theme}")).text)


def _kept(answer: httpx.Response) -> dict[str, dict[str, str]]:
    """Return the cookies of an answer by path: value, and what says how long and where it is kept."""
    found = [SimpleCookie(each)["theme"] for each in answer.headers.get_list("set-cookie")]
    return {
        each["path"]: {"value": each.value, **{name: str(each[name]) for name in ("max-age", "samesite")}}
        for each in found
    }


def _metas(page: Element, name: str) -> list[tuple[str | None, str | None]]:
    return [(each.get("content"), each.get("media")) for each in page.all("meta") if each.get("name") == name]


def _pressed(page: Element) -> list[str | None]:
    return [each.get("value") for each in page.all("button") if each.get("aria-pressed") == "true"]


@pytest.mark.parametrize(("theme", "ground"), [("light", "#f5f3ee"), ("dark", "#0c0f13")])
async def test_a_page_has_the_theme_of_the_cookie(theme: str, ground: str) -> None:
    async with desk(role=Role.VIEWER) as staff:
        page = await _seen(staff, theme)
    assert page.one("html").get("data-theme") == theme
    assert _metas(page, "color-scheme") == [(theme, None)]
    assert _metas(page, "theme-color") == [(ground, None)]
    assert _pressed(page) == [theme]


@pytest.mark.parametrize("theme", ["", "system", "DARK", "dark%22%3E", "sepia"])
async def test_without_a_known_choice_a_page_follows_the_device(theme: str) -> None:
    async with desk() as staff:
        page = await _seen(staff, theme)
    assert "data-theme" not in page.one("html").attributes
    assert _metas(page, "color-scheme") == [("light dark", None)]
    assert [media for _, media in _metas(page, "theme-color")] == [
        "(prefers-color-scheme: light)",
        "(prefers-color-scheme: dark)",
    ]
    assert _pressed(page) == ["system"]


@pytest.mark.parametrize(("path", "status"), [("/sessions-of-none", 404), ("/staff", 403)])
async def test_an_error_has_the_theme_too(path: str, status: int) -> None:
    async with desk(role=Role.VIEWER) as staff:
        answer = await staff.see(path, Cookie=f"{SESSION}; theme=dark")
        other = await staff.see(path)
    assert (answer.status_code, parsed(answer.text).one("html").get("data-theme")) == (status, "dark")
    assert "data-theme" not in parsed(other.text).one("html").attributes


async def test_the_login_has_the_theme_too() -> None:
    async with desk() as staff:
        answer = await staff.see("/login", Cookie="theme=dark")
    assert parsed(answer.text).one("html").get("data-theme") == "dark"


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_chooses_for_both_languages_for_a_year(role: Role) -> None:
    async with desk(role=role) as staff:
        answer = await staff.send("/theme", {"theme": "dark", "to": "/console/sessions"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/console/sessions")
    year = {"value": "dark", "max-age": str(365 * 24 * 60 * 60), "samesite": "lax"}
    assert _kept(answer) == {"/console": year, "/en/console": year}
    assert all("Secure" in each for each in answer.headers.get_list("set-cookie"))


async def test_like_the_device_deletes_the_choice_and_an_unknown_word_changes_nothing() -> None:
    async with desk() as staff:
        like_device = await staff.send("/theme", {"theme": "system"})
        unknown = await staff.send("/theme", {"theme": "sepia", "to": "/console/password"})
    assert {(each["value"], each["max-age"]) for each in _kept(like_device).values()} == {("", "0")}
    assert set(_kept(like_device)) == {"/console", "/en/console"}
    assert _kept(unknown) == {}
    assert unknown.headers["location"] == "/en/console/password"


@pytest.mark.parametrize(
    "target", ["", "https://attacker.example", "//attacker.example", "/console\\@x", "/r/X", "/consolex", "/console//x"]
)
async def test_the_choice_leads_nowhere_else(target: str) -> None:
    async with desk() as staff:
        answer = await staff.send("/theme", {"theme": "dark", "to": target})
    assert answer.headers["location"] == "/en/console"


async def test_the_form_leads_back_to_the_page_and_after_another_form_to_the_first_page() -> None:
    async with desk(role=Role.OWNER) as staff:
        read = parsed((await staff.see("/audit?service=payment&action=payment.verify")).text)
        sent = parsed((await staff.send("/password", {})).text)
        ways = [_return_of(each) for each in (read, sent)]
        answer = await staff.send("/theme", {"theme": "light", "to": ways[0]})
    assert ways == ["/console/audit?service=payment&action=payment.verify", "/console"]
    assert answer.headers["location"] == "/en/console/audit?service=payment&action=payment.verify"


def _return_of(page: Element) -> str:
    form = next(each for each in page.all("form") if each.get("action") == "/en/console/theme")
    return next(each.get("value") or "" for each in form.all("input") if each.get("name") == "to")


async def test_another_site_cannot_choose() -> None:
    async with desk() as staff:
        answer = await staff.send("/theme", {"theme": "dark"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_pages_of_runners_do_not_know_the_choice() -> None:
    async with browser(app_on(answering(ANSWERS))) as client:
        answer = await client.get("/en/recover", headers={"Cookie": "theme=dark"})
    assert answer.status_code == 200
    assert "data-theme" not in answer.text
