"""The table of a race's participants."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from chassis.auth.principals import Role

from . import walk_registration_answers as given
from .conftest import category
from .markup import Element
from .own_console import own_console
from .walk import problem
from .walk_registration_answers import API, ID, PERSON

PATH = f"{API}/participants"


def _query(target: str | None) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(target or "").query).items()}


def _heads(page: Element) -> dict[str, Element]:
    """Return the heads of the table by their words, without the arrow."""
    return {each.text.split(" \N{UPWARDS ARROW}")[0].split(" \N{DOWNWARDS ARROW}")[0]: each for each in page.all("th")}


async def test_filters_of_the_address_are_asked_of_the_api() -> None:
    async with own_console(role=Role.VIEWER) as console:
        address = "q=budi&category=5k&status=payment_verified&gender=male&jersey=xl&cursor=c"
        page = await console.open(f"/console/participants?race=jakarta-fun-run&{address}")
        [asked] = console.asked(PATH)
    expected = {"status": "payment_verified", "gender": "male", "jersey_size": "xl", "q": "budi", "cursor": "c"}
    assert expected.items() <= asked.items()
    assert asked["category_id"] == category()["id"]
    chips = [each.text for each in page.all("a") if each.get("class") == "chip"]
    assert [each.partition(" \N{MULTIPLICATION SIGN}")[0] for each in chips] == [
        "Search: budi",
        "Category: 5K",
        "State: Paid",
        "Gender: Male",
        "Jersey size: XL",
    ]


async def test_a_chip_takes_its_filter_away_and_keeps_the_others() -> None:
    async with own_console() as console:
        page = await console.open("/console/participants?race=jakarta-fun-run&q=budi&gender=male&cursor=c")
    [chip] = [each for each in page.all("a") if each.get("class") == "chip" and each.text.startswith("Search")]
    assert chip.get("href") == "/en/console/participants?race=jakarta-fun-run&gender=male"


async def test_values_that_no_filter_has_are_not_asked() -> None:
    async with own_console() as console:
        await console.open("/console/participants?gender=x&jersey=y&status=z&category=none")
        [asked] = console.asked(PATH)
    assert asked.keys() == {"event_id", "limit"}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.VIEWER])
async def test_only_who_may_correct_has_the_link_for_it(role: Role) -> None:
    async with own_console(role=role) as console:
        page = await console.open("/console/participants")
    link = f"/en/console/registrations/{ID}/participants/{PERSON}"
    assert (link in [each.get("href") for each in page.all("a")]) == (role is Role.ADMIN)


async def test_a_page_without_matches_leads_on_while_there_are_older_ones() -> None:
    async with own_console({("GET", PATH): given.page(next_cursor="more")}) as console:
        page = await console.open("/console/participants?jersey=xxxl")
    assert "Not found among the newest registrations" in page.text
    [following] = [each.get("href") for each in page.all("a") if each.get("rel") == "next"]
    assert following == "/en/console/participants?jersey=xxxl&cursor=more"


async def test_a_refused_filter_is_said_in_words() -> None:
    wrong = problem(422, "invalid_fields", errors=[{"field": "cursor", "message": "This page is gone."}])
    async with own_console({("GET", PATH): wrong}) as console:
        page = await console.open("/console/participants?cursor=x", status=422)
    assert "This page is gone." in page.text


async def test_while_registrations_are_away_the_page_says_so() -> None:
    async with own_console({("GET", PATH): httpx.Response(502)}) as console:
        await console.open("/console/participants", status=503)


async def test_columns_are_chosen_in_the_address_in_their_order() -> None:
    async with own_console() as console:
        page = await console.open("/console/participants?columns=type&columns=bib&columns=x")
        usual = await console.open("/console/participants?columns=bib,category,jersey,gender,registration,status")
    assert [each.text for each in page.one("thead").all("th")] == ["Name", "BIB", "Type", "Action"]
    assert len(usual.one("thead").all("th")) == 8
    assert [each.get("href") for each in usual.all("a") if each.get("rel") == "next"] == [
        "/en/console/participants?cursor=x"
    ]


async def test_the_state_of_the_list_is_saved_as_a_view_of_participants() -> None:
    async with own_console() as console:
        page = await console.open("/console/participants?race=jakarta-fun-run&gender=male&columns=bib&cursor=x")
        [form] = [each for each in page.all("form") if each.get("action") == "/en/console/views/participants"]
        fields = {each.attributes["name"]: each.get("value") or "" for each in form.all("input")}
        following = await console.sent_to("/console/views/participants", **{**fields, "name": "Putra"})
        whole = await console.open("/console/participants")
    assert (fields["query"], fields["race"]) == ("gender=male&columns=bib", "jakarta-fun-run")
    assert following == "/en/console/participants?race=jakarta-fun-run&gender=male&columns=bib&done=saved"
    assert "/en/console/views/participants" not in [each.get("action") for each in whole.all("form")]


@pytest.mark.parametrize("sort", ["created_at", "name", "-name", "bib", "-bib"])
async def test_the_order_of_the_address_is_asked_of_the_api_and_said(sort: str) -> None:
    async with own_console(role=Role.VIEWER) as console:
        page = await console.open(f"/console/participants?sort={sort}&gender=male&cursor=c")
        [asked] = console.asked(PATH)
    assert {"sort": sort, "gender": "male", "cursor": "c"}.items() <= asked.items()
    [chosen] = [each for each in page.one("select", id="sort").all("option") if "selected" in each.attributes]
    assert chosen.get("value") == sort
    assert chosen.text in page.one("p", class_="list-count small muted").text
    assert ("Those without a BIB come last" in page.text) == sort.endswith("bib")


async def test_heads_sort_up_and_down_keep_the_rest_and_begin_at_the_first_page() -> None:
    kept = {"race": "jakarta-fun-run", "gender": "male", "columns": "bib,registered"}
    async with own_console() as console:
        by_name = await console.open(
            "/console/participants?race=jakarta-fun-run&gender=male&columns=bib,registered&sort=name&cursor=c"
        )
        by_bib = await console.open("/console/participants?sort=-bib")
        usual = await console.open("/console/participants?columns=registered")
    heads = _heads(by_name)
    assert {name: head.get("aria-sort") for name, head in heads.items() if head.get("aria-sort")} == {
        "Name": "ascending"
    }
    targets = {name: _query(heads[name].one("a").get("href")) for name in ("Name", "BIB", "Registered")}
    assert targets == {
        "Name": {**kept, "sort": "-name"},
        "BIB": {**kept, "sort": "bib"},
        "Registered": {**kept, "sort": "created_at"},
    }
    assert _heads(by_bib)["BIB"].get("aria-sort") == "descending"
    assert _heads(usual)["Registered"].get("aria-sort") == "descending", "the usual order"


async def test_the_order_stays_with_page_filters_columns_and_view() -> None:
    async with own_console() as console:
        page = await console.open("/console/participants?race=jakarta-fun-run&q=budi&gender=male&sort=name&columns=bib")
    links = [each.get("href") for each in page.all("a")]
    assert _query(next(each.get("href") for each in page.all("a") if each.get("rel") == "next"))["sort"] == "name"
    kept = "/en/console/participants?race=jakarta-fun-run&columns=bib&sort=name"
    assert kept in links, "without any filter"
    assert "/en/console/participants?race=jakarta-fun-run&gender=male&columns=bib&sort=name" in links, "without one"
    hidden = [each.get("value") for each in page.all("input") if each.get("name") == "sort"]
    assert hidden == ["name"] * 2, "of the forms that choose race and columns"
    [saved] = [each.get("value") for each in page.all("input") if each.get("name") == "query"]
    assert _query(f"?{saved}") == {"q": "budi", "gender": "male", "columns": "bib", "sort": "name"}


async def test_an_order_that_there_is_not_is_not_asked() -> None:
    async with own_console() as console:
        page = await console.open("/console/participants?sort=jersey")
        [asked] = console.asked(PATH)
    assert "sort" not in asked
    assert "/en/console/views/participants" not in [each.get("action") for each in page.all("form")]


async def test_an_empty_page_of_an_order_leads_on_in_its_own_words() -> None:
    async with own_console({("GET", PATH): given.page(next_cursor="more")}) as console:
        page = await console.open("/console/participants?jersey=xxxl&sort=name")
    assert "Not found among the first of this order" in page.text
    [following] = [each.get("href") for each in page.all("a") if each.get("rel") == "next"]
    assert following == "/en/console/participants?jersey=xxxl&sort=name&cursor=more"


async def test_the_time_of_a_registration_is_a_column() -> None:
    answers = {("GET", PATH): given.page(given.participant(), given.participant(1, created_at=None))}
    async with own_console(answers) as console:
        page = await console.open("/console/participants?columns=registered")
    cells = [each.text for each in page.all("td") if each.get("class") == "when-cell"]
    assert cells[0].startswith("4 Jan")
    assert cells[1] == "\N{EN DASH}", "an API of the release before gives none"
