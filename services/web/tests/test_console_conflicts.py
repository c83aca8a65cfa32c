"""Conflicts of hand-outs: what staff see of them, and how they decide."""

import json
from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import Element, parsed
from .ops_console import Apis, page, post
from .runner_apis import at, problem
from .walk_ops_answers import (
    CHECKIN,
    CONFLICT,
    CONFLICTS,
    DECIDED,
    EVENT,
    HANDOUTS,
    REVOKED,
    UNKNOWN,
    conflict,
    conflicts,
    handout,
)
from .walk_staff import CATALOG, OWNER, json_of

RESOLVE = ("POST", f"{CHECKIN}/conflicts/{CONFLICT}/resolve")
COUNT = ("POST", f"{CHECKIN}/conflicts/{REVOKED['id']}/resolve")
MINE = f"/conflicts/{CONFLICT}"
REVOKED_PAGE = f"/conflicts/{REVOKED['id']}"


def _sent(apis: Apis, method: str, path: str) -> dict[str, Any]:
    [request] = apis.asked(method, path)
    body: dict[str, Any] = json.loads(request.content)
    return body


def _rows(shown: Element) -> list[list[str]]:
    return [[each.text for each in row.all("td", "th")] for row in shown.one("tbody").all("tr")]


async def test_the_list_has_the_scan_beside_the_hand_out_that_holds_in_the_zone_of_the_race() -> None:
    # given a race in another zone than the console's
    apis = Apis({CONFLICTS: conflicts(conflict(collected_by="Rina Lestari", handed_size="xl"))})
    catalog = json.loads(apis.answers[CATALOG].content)
    catalog["items"] = [{**catalog["items"][0], "timezone": "Asia/Makassar"}]
    apis.answers[CATALOG] = json_of(catalog)

    # when
    async with apis.browser() as browser:
        [[bib, runner, happened, scan, holds]] = _rows(await page(browser, "/conflicts"))

    # then
    assert (bib, runner) == ("1042", "Budi Santoso 5K · FR5K-2027-00001")
    assert happened.startswith("Two desks handed this pack out: the earlier scan holds. Ask both desks")
    assert happened.endswith("Decide : Budi Santoso")
    assert scan == "4 Jan 2027, 09:00 WITA Meja 2 GBK · Sari Dewi Collected by Rina Lestari Size XL"
    assert holds == "4 Jan 2027, 08:00 WITA Meja 1 GBK"


async def test_a_conflict_names_both_devices_and_times_with_seconds() -> None:
    # given two scans within a minute
    holder = {"checked_in_at": "2027-01-04T01:00:07.5Z", "station_name": "Meja 1", "location_name": "GBK"}
    found = conflict(scanned_at="2027-01-04T01:00:31Z", handed_out={**holder, "device_name": "Ponsel Rina"})

    # when
    async with Apis({CONFLICTS: conflicts(found)}).browser() as browser:
        shown = (await page(browser, MINE)).text

    # then the page says which came first, with whose phone, and what a decision does
    assert "Scanned 4 Jan 2027, 08:00:31 WIB" in shown
    assert "Scanned 4 Jan 2027, 08:00:07 WIB" in shown
    assert "Device Ponsel Rina" in shown
    assert "Your decision is a note with its reason: it does not change what is counted." in shown
    assert "undo the one that holds, and this one counts" in shown


@pytest.mark.parametrize("has_holder", [True, False])
async def test_a_scan_that_may_count_is_no_mere_note(*, has_holder: bool) -> None:
    fields = {} if has_holder else {"handed_out": None}
    apis = Apis({CONFLICTS: conflicts(conflict(kind="device_revoked", **fields))})
    async with apis.browser() as browser:
        shown = (await page(browser, MINE)).text
    assert ("Your decision is a note" in shown) == has_holder
    assert "undo the one that holds" not in shown


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("handed_out_twice", "Two desks handed this pack out"),
        ("not_valid", "The registration was cancelled before this scan"),
        ("other_event", "packs of another race"),
        ("device_revoked", "The device had been logged out"),
        ("of_a_newer_release", "of_a_newer_release"),
    ],
)
async def test_what_happened_is_said_in_words(kind: str, said: str) -> None:
    async with Apis({CONFLICTS: conflicts(conflict(kind=kind))}).browser() as browser:
        [row] = _rows(await page(browser, "/conflicts"))
    assert said in row[2]


async def test_a_ticket_that_no_runner_has_is_shown_without_a_name() -> None:
    async with Apis({CONFLICTS: conflicts(UNKNOWN)}).browser() as browser:
        [row] = _rows(await page(browser, "/conflicts"))
        alone = await page(browser, f"/conflicts/{UNKNOWN['id']}")
    assert (row[0], row[1], row[4]) == ("\N{EN DASH}", "Ticket of no runner", "None")
    assert "The ticket belongs to no runner" in alone.text


async def test_those_to_be_decided_are_listed_first_and_of_all_races() -> None:
    apis = Apis({CONFLICTS: conflicts(conflict(), next_cursor="more")})
    async with apis.browser() as browser:
        await page(browser, "/conflicts")
    assert apis.query(CONFLICTS[1]) == {"state": "open", "limit": "50"}


async def test_the_list_passes_its_filters_on_and_keeps_them_on_the_next_page() -> None:
    apis = Apis({CONFLICTS: conflicts(DECIDED, next_cursor="more")})
    async with apis.browser() as browser:
        shown = await page(browser, "/conflicts?race=jakarta-fun-run&state=resolved&cursor=c")
    asked = {"state": "resolved", "event_id": EVENT, "limit": "50", "cursor": "c"}
    assert apis.query(CONFLICTS[1]) == asked
    following = next(each.get("href") for each in shown.all("a") if each.get("rel") == "next")
    assert following == "/en/console/conflicts?race=jakarta-fun-run&state=resolved&cursor=more"
    assert "123" in _rows(shown)[0][2]
    assert "You, 4 Jan 2027" in _rows(shown)[0][2]


async def test_without_conflicts_the_page_says_so() -> None:
    async with Apis({CONFLICTS: conflicts()}).browser() as browser:
        assert "There is no conflict to decide" in (await page(browser, "/conflicts")).text
        assert "No conflict was decided yet" in (await page(browser, "/conflicts?state=resolved")).text


async def test_a_decision_needs_a_reason_and_leads_back_to_the_list() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        refused = await post(browser, MINE, reason="  ")
        assert (refused.status_code, "Write what you found out" in refused.text) == (422, True)
        assert apis.asked(*RESOLVE) == []

        answer = await post(browser, MINE, reason="one came back")
    assert answer.headers["Location"] == "/en/console/conflicts?done=resolved"
    assert _sent(apis, *RESOLVE) == {"reason": "one came back", "accept": False}


@pytest.mark.parametrize(("chosen", "accept"), [("yes", True), ("no", False)])
async def test_the_scan_of_a_revoked_device_is_counted_or_left(chosen: str, *, accept: bool) -> None:
    apis = Apis()
    async with apis.browser() as browser:
        asked = await page(browser, REVOKED_PAGE)
        assert [each.get("value") for each in asked.all("input") if each.get("name") == "accept"] == ["yes", "no"]
        await post(browser, REVOKED_PAGE, reason="the phone was found", accept=chosen)
    assert _sent(apis, *COUNT) == {"reason": "the phone was found", "accept": accept}


async def test_nothing_is_decided_before_it_is_chosen_whether_the_scan_counts() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        answer = await post(browser, REVOKED_PAGE, reason="the phone was found")
    shown = parsed(answer.text)
    assert (answer.status_code, apis.asked(*COUNT)) == (422, [])
    assert "Choose whether the hand-out counts" in shown.text
    assert shown.one("textarea").text == "the phone was found"


@pytest.mark.parametrize(
    "fields", [{}, {"kind": "device_revoked"}, {"kind": "device_revoked", "handed_out": None, "full_name": None}]
)
async def test_other_scans_cannot_be_counted(fields: dict[str, Any]) -> None:
    apis = Apis({CONFLICTS: conflicts(conflict(**fields))})
    async with apis.browser() as browser:
        assert "accept" not in [each.get("name") for each in (await page(browser, MINE)).all("input")]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("cannot_accept", "This hand-out cannot count: the registration was cancelled"),
        ("already_checked_in", "Another desk has handed this pack out in the meantime"),
    ],
)
async def test_why_a_hand_out_cannot_count_is_said_with_what_was_typed(code: str, said: str) -> None:
    apis = Apis({COUNT: problem(409, code)})
    async with apis.browser() as browser:
        answer = await post(browser, REVOKED_PAGE, reason="the phone was found", accept="yes")
    shown = parsed(answer.text)
    assert (answer.status_code, said in shown.text) == (409, True)
    assert shown.one("textarea").text == "the phone was found"


class _Faster(Apis):
    """The APIs as another member of staff decides between the page and the form."""

    by = "staff:0190c0de-0000-7000-8000-0000000000aa"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            decided = {"state": "resolved", "resolved_at": at(0), "resolved_by": self.by, "resolution": "both came"}
            self.answers |= {RESOLVE: problem(409, "conflict_resolved"), CONFLICTS: conflicts(conflict(**decided))}
        return super().__call__(request)


async def test_if_another_person_decided_just_now_the_page_says_who_and_how() -> None:
    async with _Faster().browser() as browser:
        answer = await post(browser, MINE, reason="one came back")
    shown = parsed(answer.text)
    assert answer.status_code == 409
    assert "Another member of staff has decided about this already" in shown.text
    assert "both came" in shown.text
    assert "Somebody else, 4 Jan 2027, 10:00 WIB" in shown.text
    assert shown.all("textarea") == []


async def test_a_form_that_a_browser_sends_twice_decides_once() -> None:
    apis = _Faster()
    apis.by = f"staff:{OWNER}"
    async with apis.browser() as browser:
        answer = await post(browser, MINE, reason="both came")
    assert answer.headers["Location"] == "/en/console/conflicts?done=resolved"


async def test_what_is_decided_is_not_sent_again() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        answer = await post(browser, f"/conflicts/{DECIDED['id']}", reason="one came back")
    assert answer.status_code == 409
    assert [each.method for each in apis.requests if each.method != "GET"] == []


async def test_a_conflict_on_a_later_page_is_found() -> None:
    class Paged(Apis):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == CONFLICTS[1] and "cursor" not in request.url.params:
                return conflicts(UNKNOWN, next_cursor="more")
            return super().__call__(request)

    async with Paged({CONFLICTS: conflicts(conflict())}).browser() as browser:
        assert (await page(browser, MINE)).one("h1").text == "Budi Santoso"


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CHECKIN, Role.VIEWER])
async def test_other_roles_may_not_decide(role: Role) -> None:
    apis = Apis()
    async with apis.browser(role) as browser:
        for path in ("/conflicts", MINE):
            assert (await browser.get(f"/en/console{path}")).status_code == 403
        assert (await post(browser, MINE, reason="one came back")).status_code == 403
    assert apis.requests == []


async def test_hand_outs_say_who_collected_what_they_showed_and_another_size() -> None:
    # given a pack that a friend collected, and one in the size that was ordered
    proxy = {"collected_by": "Rina Lestari", "letter_seen": True, "identity_seen": False, "handed_size": "xl"}
    found = [handout(**proxy), handout(handed_size="l")]
    apis = Apis({HANDOUTS: json_of({"items": found, "next_cursor": None})})

    # when
    async with apis.browser() as browser:
        rows = _rows(await page(browser, "/pickup/handouts"))
        alone = (await page(browser, f"/pickup/handouts/{found[0]['participant_id']}/undo")).text

    # then
    assert "Collected by Rina Lestari (letter seen, no identity card seen) Jersey size: XL instead of L" in rows[0][1]
    assert "Collected by" not in rows[1][1]
    assert "Jersey size" not in rows[1][1]
    assert "Collected by Rina Lestari (letter seen, no identity card seen)" in alone


async def test_while_races_are_away_no_conflict_is_shown_under_the_name_of_one() -> None:
    apis = Apis({CATALOG: problem(503, "unavailable")})
    async with apis.browser() as browser:
        every = await page(browser, "/conflicts")
        assert len(apis.asked(*CONFLICTS)) == 1
        one = await page(browser, "/conflicts?race=jakarta-fun-run")
    assert every.all("table")
    assert len(apis.asked(*CONFLICTS)) == 1
    assert "nothing can be shown for one race alone" in one.text
    assert (one.all("table"), "do not answer right now. Please" in one.text) == ([], False)
    form = one.one("form", class_="filters card")
    assert form.one("input", name="race").get("value") == "jakarta-fun-run", "the filter stays for the next attempt"
