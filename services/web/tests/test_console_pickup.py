"""Progress of the hand-out: counts that refresh themselves, packs to look at, and undoing a hand-out."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
from chassis.auth.principals import Role
from web.console.pickup.hours import ByHour, HourCount

from .markup import parsed
from .ops_console import REFRESH, Apis, page, post
from .runner_apis import problem
from .walk_ops_answers import CHECKIN, EVENT, HANDOUTS, OF_CANCELLED, PACKS, RUNNER, UNDONE, packs
from .walk_staff import CATALOG, json_of

UNDO = ("DELETE", f"{CHECKIN}/checkins/{RUNNER}")


async def test_the_page_counts_the_packs_of_its_race() -> None:
    apis = Apis({PACKS: json_of(packs(1, 2))})
    async with apis.browser() as browser:
        tiles = (await page(browser, "/pickup?race=jakarta-fun-run")).one("dl", class_="tiles").text
    assert "Handed out 1 33% of all packs" in tiles
    assert "Not collected yet 2" in tiles
    assert apis.query(PACKS[1]) == {"event_id": EVENT}


async def test_a_hundred_per_cent_is_said_only_when_no_pack_is_left() -> None:
    async with Apis({PACKS: json_of(packs(999, 1))}).browser() as browser:
        assert "99% of all packs" in (await page(browser, "/pickup")).text


async def test_a_refresh_gets_the_counts_only_and_says_that_it_is_one() -> None:
    async with Apis().browser() as browser:
        whole = await page(browser, "/pickup?race=jakarta-fun-run")
        live = whole.one("div", id="live")
        assert live.get("hx-get") == "/en/console/pickup?race=jakarta-fun-run"
        assert "every 15s" in (live.get("hx-trigger") or "")
        assert json.loads(live.get("hx-headers") or "") == {"X-Refresh": "1"}
        part = await browser.get(live.get("hx-get") or "", headers=REFRESH)
    assert part.status_code == 200
    assert "<html" not in part.text
    assert parsed(part.text).text == live.text


async def test_a_refresh_while_check_in_is_away_fails_so_that_the_page_keeps_its_counts() -> None:
    async with Apis({PACKS: httpx.Response(502)}).browser() as browser:
        assert (await browser.get("/en/console/pickup", headers=REFRESH)).status_code == 503
        assert "do not answer right now" in (await page(browser, "/pickup")).text


async def test_without_registration_the_packs_of_all_races_are_counted() -> None:
    apis = Apis({CATALOG: httpx.Response(502)})
    async with apis.browser() as browser:
        assert "The packs of all races are counted" in (await page(browser, "/pickup")).text
    assert apis.query(PACKS[1]) == {}


async def test_packs_of_cancelled_registrations_are_to_be_looked_at_by_those_who_may() -> None:
    apis = Apis({HANDOUTS: json_of({"items": [OF_CANCELLED], "next_cursor": None})})
    async with apis.browser(Role.ADMIN) as browser:
        shown = await page(browser, "/pickup")
    assert "To be looked at" in shown.text
    assert "Agus Salim" in shown.text
    assert apis.query(HANDOUTS[1]) == {"event_id": EVENT, "state": "cancelled", "limit": "10"}

    other = Apis(apis.answers)
    async with other.browser(Role.CHECKIN) as browser:
        shown = await page(browser, "/pickup")
    assert "Agus Salim" not in shown.text
    assert other.asked(*HANDOUTS) == []


async def test_the_list_passes_its_filters_on_and_keeps_them_on_the_next_page() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        shown = await page(browser, "/pickup/handouts?race=jakarta-fun-run&state=undone&q=Budi+S&cursor=c")
    asked = {"event_id": EVENT, "state": "undone", "q": "Budi S", "limit": "50", "cursor": "c"}
    assert apis.query(HANDOUTS[1]) == asked
    following = next(each.get("href") for each in shown.all("a") if each.get("rel") == "next")
    assert following == "/en/console/pickup/handouts?race=jakarta-fun-run&state=undone&q=Budi+S&cursor=x"


async def test_undoing_names_the_runner_and_the_effect_and_needs_a_reason() -> None:
    apis = Apis()
    async with apis.browser() as browser:
        asked = await page(browser, f"/pickup/handouts/{RUNNER}/undo")
        assert asked.one("h1").text == "Budi Santoso"
        assert "every station can hand it out again" in asked.text

        refused = await post(browser, f"/pickup/handouts/{RUNNER}/undo", reason="  ")
        assert refused.status_code == 422
        assert "Write why it is undone" in refused.text
        assert apis.asked(*UNDO) == []

        answer = await post(browser, f"/pickup/handouts/{RUNNER}/undo", reason="wrong runner")
    assert answer.headers["Location"] == f"/en/console/pickup/handouts/{RUNNER}/undo?done=undone"
    [request] = apis.asked(*UNDO)
    assert json.loads(request.content) == {"reason": "wrong runner"}
    assert request.headers["Authorization"] == "Bearer token-of-staff"


async def test_if_somebody_else_undid_it_just_now_that_is_said_with_the_new_state() -> None:
    async with Apis().browser() as browser:
        answer = await post(browser, f"/pickup/handouts/{UNDONE}/undo", reason="wrong runner")
    assert answer.status_code == 409
    shown = parsed(answer.text)
    assert "Somebody else has undone this hand-out just now" in shown.text
    assert "You: 123" in shown.text
    assert shown.all("textarea") == []


async def test_a_reason_that_check_in_refuses_is_kept_with_what_is_wrong() -> None:
    errors = [{"field": "reason", "message": "too long"}]
    async with Apis({UNDO: problem(422, "invalid_fields", errors=errors)}).browser() as browser:
        answer = await post(browser, f"/pickup/handouts/{RUNNER}/undo", reason="x" * 20)
    shown = parsed(answer.text)
    assert (answer.status_code, "too long" in shown.text) == (422, True)
    assert shown.one("textarea").text == "x" * 20


def _counted(*hours: tuple[str, int]) -> list[HourCount]:
    return [HourCount(at=datetime.fromisoformat(at).replace(tzinfo=UTC), handed_out=count) for at, count in hours]


def test_hours_are_those_of_the_race_and_the_same_for_all_days() -> None:
    counted = _counted(("2027-01-02T02:00", 3), ("2027-01-02T04:00", 1), ("2027-01-03T17:00", 2))
    found = ByHour.of(counted, ZoneInfo("Asia/Makassar"))
    assert (found.hours, found.most) == (range(1, 13), 3)
    assert [(each.day.isoformat(), each.total) for each in found.days] == [("2027-01-02", 4), ("2027-01-04", 2)]
    assert found.days[0].counts == [0] * 9 + [3, 0, 1]
    assert found.days[1].counts == [2] + [0] * 11


def test_hours_of_the_last_days_only_are_shown_and_of_none_if_nothing_was_handed_out() -> None:
    counted = _counted(*((f"2027-01-{day:02}T02:00", day) for day in range(1, 10)))
    found = ByHour.of(counted, ZoneInfo("Asia/Jakarta"))
    assert [each.total for each in found.days] == [5, 6, 7, 8, 9]
    assert ByHour.of([], ZoneInfo("Asia/Jakarta")).days == []
