"""Jersey stock: what is left for those who still come, and the numbers that were brought."""

import json
from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role
from web.console.merging import fingerprints

from .markup import Element, parsed
from .ops_console import Apis, page, post
from .runner_apis import problem
from .walk_ops_answers import EVENT, SET_STOCK, STOCK, size, stock

RACE = {"race": "jakarta-fun-run"}


def _form(shown: Element) -> dict[str, str]:
    """Return the fields of the form as a browser would send them."""
    form = next(each for each in shown.all("form") if each.get("method") == "post" and each.all("table"))
    return {each.get("name") or "": each.get("value") or "" for each in form.all("input")}


def _rows(shown: Element) -> list[list[str]]:
    return [[each.text for each in row.all("td", "th")] for row in shown.one("tbody").all("tr")]


def _sent(apis: Apis) -> list[dict[str, Any]]:
    [request] = apis.asked(*SET_STOCK)
    sizes: list[dict[str, Any]] = json.loads(request.content)["sizes"]
    return sizes


async def test_the_page_says_what_is_left_and_warns_where_it_is_too_little() -> None:
    sizes = size("m", 10, handed_out=3, waiting=10), size("l", 4, waiting=4), size("xl", handed_out=2, waiting=9)
    apis = Apis({STOCK: stock(*sizes)})
    async with apis.browser() as browser:
        shown = await page(browser, "/stock?race=jakarta-fun-run")
    rows = _rows(shown)
    assert [[row[0], *row[2:]] for row in rows[:3]] == [
        ["M", "3", "3 too few 7", "10"],
        ["L", "0", "4", "4"],
        ["XL", "2", "\N{EN DASH}", "9"],
    ]
    assert "fewer jerseys left than runners who wait for them: M (3 too few)" in shown.text
    assert apis.query(STOCK[1]) == {"event_id": EVENT}


async def test_numbers_are_typed_on_a_pad_of_digits() -> None:
    async with Apis().browser() as browser:
        shown = await page(browser, "/stock")
    field = shown.one("input", id="brought-m")
    assert (field.get("value"), field.get("inputmode"), field.get("type")) == ("10", "numeric", None)
    assert shown.one("input", id="brought-l").get("value") == ""


async def test_only_the_numbers_that_were_typed_are_stored() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        fields = _form(await page(browser, "/stock?race=jakarta-fun-run"))
        answer = await post(browser, "/stock", **{**fields, "brought-m": "1.200", "brought-xl": ""})
    assert answer.headers["Location"] == "/en/console/stock?race=jakarta-fun-run&done=saved"
    assert _sent(apis) == [{"jersey_size": "m", "brought": 1200}, {"jersey_size": "xl", "brought": None}]


async def test_a_form_without_changes_stores_nothing() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        fields = _form(await page(browser, "/stock"))
        answer = await post(browser, "/stock", **fields)
    assert (answer.status_code, apis.asked(*SET_STOCK)) == (303, [])


async def test_another_size_is_added_in_the_last_row() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        fields = _form(await page(browser, "/stock"))
        await post(browser, "/stock", **{**fields, "new_size": "XXL", "new_brought": "20"})
    assert _sent(apis) == [{"jersey_size": "xxl", "brought": 20}]


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"brought-m": "ten"}, "brought-m", "Write a whole number, like 500"),
        ({"brought-m": "-1"}, "brought-m", "Write a whole number, like 500"),
        ({"new_size": "", "new_brought": "5"}, "new_size", "Write the size without spaces"),
        ({"new_size": "kids m", "new_brought": "5"}, "new_size", "Write the size without spaces"),
        ({"new_size": "M", "new_brought": "5"}, "new_size", "This size has a row already"),
        ({"new_size": "XXL", "new_brought": ""}, "new_brought", "Write how many you brought"),
    ],
)
async def test_what_cannot_be_read_is_said_at_its_field_and_kept(typed: dict[str, str], field: str, said: str) -> None:
    apis = Apis()
    async with apis.browser() as browser:
        fields = _form(await page(browser, "/stock"))
        answer = await post(browser, "/stock", **{**fields, "brought-l": "7", **typed})
    shown = parsed(answer.text)
    assert (answer.status_code, apis.asked(*SET_STOCK)) == (422, [])
    assert said in shown.one("p", id=f"{field}-error").text
    kept = {each.get("name"): each.get("value") for each in shown.all("input")}
    assert {name: kept[name] for name in typed} == typed
    assert kept["brought-l"] == "7"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("sizes.0.brought", "brought-xl"),
        ("sizes.1.jersey_size", "new_size"),
        ("sizes.1.brought", "new_brought"),
    ],
)
async def test_what_check_in_refuses_is_said_at_the_field_that_it_is_about(name: str, field: str) -> None:
    refused = problem(422, "invalid_fields", errors=[{"field": name, "message": "too many"}])
    async with Apis({SET_STOCK: refused}).browser() as browser:
        fields = _form(await page(browser, "/stock"))
        added = {"brought-xl": "9000000", "new_size": "XXL", "new_brought": "20"}
        answer = await post(browser, "/stock", **{**fields, **added})
    shown = parsed(answer.text)
    assert answer.status_code == 422
    assert "too many" in shown.one("p", id=f"{field}-error").text
    assert shown.one("input", id="brought-xl").get("value") == "9000000"


async def test_what_check_in_refuses_of_the_whole_form_stands_above_it() -> None:
    refused = problem(422, "invalid_fields", errors=[{"field": "sizes", "message": "too many sizes"}])
    async with Apis({SET_STOCK: refused}).browser() as browser:
        answer = await post(browser, "/stock", **RACE, **{"brought-m": "12"})
    assert "too many sizes" in parsed(answer.text).one("p", class_="banner banner-bad").text


async def test_a_number_that_others_changed_meanwhile_is_asked_about_once() -> None:
    # given a form that began with 8 shirts, of which another person has made 10 since
    apis = Apis()
    began = {**RACE, "base": fingerprints({"brought-m": "8", "brought-xl": "5"})}
    async with apis.browser() as browser:
        # when
        answer = await post(browser, "/stock", **began, **{"brought-m": "12", "brought-xl": "5"})

        # then
        shown = parsed(answer.text)
        assert (answer.status_code, apis.asked(*SET_STOCK)) == (409, [])
        assert "It is now: 10" in shown.one("p", id="brought-m-error").text
        assert (await post(browser, "/stock", **_form(shown))).status_code == 303
    assert _sent(apis) == [{"jersey_size": "m", "brought": 12}]


async def test_what_others_changed_or_added_meanwhile_stays() -> None:
    # given that another person has changed M and added XL since the form was shown
    apis = Apis()
    began = {**RACE, "base": fingerprints({"brought-m": "8", "brought-l": ""})}
    async with apis.browser() as browser:
        await post(browser, "/stock", **began, **{"brought-m": "8", "brought-l": "30"})
    assert _sent(apis) == [{"jersey_size": "l", "brought": 30}]


async def test_a_form_about_a_race_that_is_gone_stores_nothing() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        answer = await post(browser, "/stock", race="none", **{"brought-m": "12"})
    assert (answer.status_code, apis.asked(*SET_STOCK)) == (404, [])


async def test_while_check_in_is_away_the_page_says_so() -> None:
    async with Apis({STOCK: httpx.Response(502)}).browser() as browser:
        shown = await page(browser, "/stock")
    assert "Race packs do not answer right now" in shown.text
    assert shown.all("table") == []


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_other_roles_may_not_open_the_stock(role: Role) -> None:
    apis = Apis()
    async with apis.browser(role) as browser:
        assert (await browser.get("/en/console/stock")).status_code == 403
        assert (await post(browser, "/stock", **RACE)).status_code == 403
        assert "Jersey stock" not in (await page(browser, "/pickup")).one("nav", class_="console-menu").text
    assert apis.asked(*STOCK) == []
