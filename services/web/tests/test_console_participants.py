"""The table of a race's participants."""

import httpx
import pytest
from chassis.auth.principals import Role

from . import walk_registration_answers as given
from .conftest import category
from .own_console import own_console
from .walk import problem
from .walk_registration_answers import API, ID, PERSON

PATH = f"{API}/participants"


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
