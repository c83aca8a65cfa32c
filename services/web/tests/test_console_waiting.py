"""Waiting lists in the console: their order, places offered by hand, and removals."""

from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role

from . import walk_registration_answers as given
from .conftest import category
from .markup import Element
from .own_console import own_console
from .walk import Answers, problem
from .walk_money_answers import at
from .walk_registration_answers import API, WAITING

LINE = f"/console/waitlist/{WAITING}"
OFFER = ("POST", f"{API}/waitlist/{WAITING}/offer")
REMOVE = ("POST", f"{API}/waitlist/{WAITING}/remove")
LATE = problem(409, "not_waiting", detail="It does not wait.")


def _of_status(*entries: dict[str, Any]) -> Answers:
    return {given.LINE: given.page(*entries)}


def _orders(page: Element) -> list[str]:
    table = page.all("table")[-1]
    return [row.all("td")[0].text for row in table.all("tr")[1:]]


async def test_the_category_for_which_most_wait_is_shown_first() -> None:
    async with own_console(role=Role.VIEWER) as console:
        page = await console.open("/console/waitlist")
        asked = console.asked(f"{API}/waitlist")
    assert {(each["category_id"], each["status"]) for each in asked} == {
        (category()["id"], "waiting"),
        (category()["id"], "offered"),
    }
    [current] = [each.text for each in page.all("a") if each.get("class") == "tab" and each.get("aria-current")]
    assert current == "5K 3"


async def test_the_order_goes_on_over_pages() -> None:
    async with own_console() as console:
        first = await console.open("/console/waitlist")
        [following] = [each.get("href") or "" for each in first.all("a") if each.get("rel") == "next"]
        second = await console.open(following.removeprefix("/en"))
        assert console.asked(f"{API}/waitlist")[-1]["cursor"] == "x"
    assert (_orders(first), _orders(second)) == (["1", "2"], ["3", "4"])


async def test_open_offers_beyond_the_first_have_a_list_of_their_own() -> None:
    more = given.page(given.in_line(status="offered", offered_at=at(-1)), next_cursor="x")
    async with own_console({given.LINE: more}) as console:
        first = await console.open("/console/waitlist")
        [address] = [each.get("href") or "" for each in first.all("a") if each.text == "All open offers"]
        own = await console.open(address.removeprefix("/en"))
        assert console.asked(f"{API}/waitlist")[-1]["status"] == "offered"
    assert "To be accepted until" in own.one("table").text
    [following] = [each.get("href") or "" for each in own.all("a") if each.get("rel") == "next"]
    assert "status=offered" in following


async def test_viewers_see_the_list_without_actions() -> None:
    async with own_console(role=Role.VIEWER) as console:
        page = await console.open("/console/waitlist")
        assert not [each for each in page.all("a") if WAITING in (each.get("href") or "")]
        await console.open(f"{LINE}/offer", status=403)
        await console.send(f"{LINE}/remove", status=403, reason="x")
        assert not console.bodies(*REMOVE)


@pytest.mark.parametrize(("status", "done"), [("offered", "offered"), ("waiting", "preferred")])
async def test_an_offer_says_whether_a_place_was_free(status: str, done: str) -> None:
    answers = {OFFER: given.json_of({}), given.IN_LINE: given.entry(status)}
    async with own_console(answers) as console:
        following = await console.sent_to(f"{LINE}/offer")
        assert following == f"/en/console/waitlist?race=jakarta-fun-run&category=5k&done={done}"
        words = (await console.open(following.removeprefix("/en"))).text
    assert ("A place is offered." in words) == (status == "offered")
    assert ("No place is free now." in words) == (status == "waiting")


@pytest.mark.parametrize("action", ["offer", "remove"])
async def test_if_it_was_accepted_meanwhile_the_registration_is_shown(action: str) -> None:
    answers = {OFFER: LATE, REMOVE: LATE, given.IN_LINE: given.entry("accepted")}
    async with own_console(answers) as console:
        page = await console.send(f"{LINE}/{action}", status=409, reason="x")
    assert "Somebody else was quicker: nothing was changed now." in page.text
    assert "Accepted the offer" in page.text
    assert f"/en/console/registrations/{WAITING}" in [each.get("href") for each in page.all("a")]


async def test_an_offer_by_somebody_else_is_shown_with_its_end() -> None:
    async with own_console({OFFER: LATE, given.IN_LINE: given.entry("offered")}) as console:
        page = await console.send(f"{LINE}/offer", status=409)
    assert "This entry has an offer already" in page.text
    assert "It can be accepted until" in page.text


async def test_a_removal_takes_a_reason() -> None:
    async with own_console({REMOVE: httpx.Response(204)}) as console:
        asked = await console.open(f"{LINE}/remove")
        assert "The entry loses its place 12 in the line." in asked.text
        following = await console.sent_to(f"{LINE}/remove", reason="Asked for it")
        assert following.endswith("&done=removed")
        assert console.bodies(*REMOVE) == [{"reason": "Asked for it"}]


async def test_a_removal_without_a_reason_says_so_at_the_field() -> None:
    wrong = problem(422, "invalid_fields", errors=[{"field": "reason", "message": "Write a reason."}])
    async with own_console({REMOVE: wrong}) as console:
        page = await console.send(f"{LINE}/remove", status=422, reason="")
    assert page.one("textarea", id="reason").get("aria-invalid") == "true"


async def test_while_counts_are_away_the_list_is_shown() -> None:
    async with own_console({given.STATS: httpx.Response(502), **_of_status(given.in_line())}) as console:
        page = await console.open("/console/waitlist")
    assert "Counts do not answer right now." in page.text
    assert "Sari Dewi" in page.text
