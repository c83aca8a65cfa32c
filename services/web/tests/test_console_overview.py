"""The console's first page: what needs somebody, how a race stands, and what is shown while APIs are away."""

from datetime import timedelta

import httpx
import pytest
from chassis.auth.principals import Role

from .markup import Element, parsed
from .overview_console import AWAY, PAGE, QUEUES, RACE, Console, local, needs, tiles
from .walk import ANSWERS
from .walk_overview_answers import (
    CHECKINS,
    CONFLICTS,
    KEPT,
    MESSAGES,
    OVERVIEW_ANSWERS,
    PACKS,
    PAYMENTS,
    RUNS,
    STATS,
    TIMELINE,
    ago,
    bucket,
    cancelled_packs,
    conflicts,
    counts,
    json_of,
    kept,
    messages,
    payments,
    reconciled,
    stats,
)
from .walk_staff import CATALOG

MONEY = ("surplus", "surplus", "reconciliation")


@pytest.fixture
def console() -> Console:
    return Console(Role.OWNER)


# --- what needs somebody


async def test_the_owner_sees_everything_that_needs_somebody(console: Console) -> None:
    assert needs(await console.page()) == {
        "review": ("7 hours", "hot"),
        "messages?event_type=registration.confirmed&status=failed": ("3", "hot"),
        "messages?status=failed": ("5", "warm"),
        "refunds": ("2", "hot"),
        "surplus?state=open": ("2", "warm"),
        "surplus?state=refund_due": ("2", "warm"),
        "reconciliation": ("3", "hot"),
        "queues": ("10", "hot"),
        "conflicts": ("4", "hot"),
        "pickup?race=jakarta-fun-run": ("2", "hot"),
    }


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (Role.ADMIN, ["review", "messages", "messages", "refunds", *MONEY, "queues", "conflicts", "pickup"]),
        (Role.FINANCE, ["review", "messages", "messages", "refunds", *MONEY]),
        (Role.CHECKIN, ["messages", "messages"]),
        (Role.VIEWER, ["messages", "messages"]),
    ],
)
async def test_a_role_sees_only_what_it_may_see_to(role: Role, names: list[str]) -> None:
    console = Console(role)
    assert [each.split("?")[0] for each in needs(await console.page())] == names
    paths = {each.url.path.split("/")[-1] for each in console.calls}
    assert ("queues" in paths) == ("checkins" in paths) == ("queues" in names)


async def test_what_is_done_is_calm(console: Console) -> None:
    console.answers |= {PAYMENTS: payments(), MESSAGES: messages()}
    console.answers |= {CHECKINS: cancelled_packs(0), CONFLICTS: conflicts(0), KEPT: kept(0), RUNS: reconciled(0)}
    console.answers |= dict.fromkeys(QUEUES, json_of({"dead_letters": {"count": 0}}))
    page = await console.page()
    assert set(needs(page).values()) == {("0", "calm")}
    assert page.text.count("Nothing waits") == 10


async def test_what_a_service_does_not_say_is_not_called_nothing(console: Console) -> None:
    console.answers |= dict.fromkeys(QUEUES, json_of({"dead_letters": {"count": 0}}))
    console.answers[QUEUES[0]] = AWAY
    assert needs(await console.page())["queues"] != ("0", "calm")
    console.answers[QUEUES[1]] = json_of({"dead_letters": {"count": 2}})
    assert needs(await console.page())["queues"][0] == "2+"


@pytest.mark.parametrize(("days", "heat"), [(2.9, "warm"), (3, "hot")])
async def test_kept_money_that_has_to_go_back_is_added_up_without_the_parts_that_went(
    console: Console, days: float, heat: str
) -> None:
    oldest = {"received_at": ago(days=days), "amount": "150000.00", "gone_back": "50000.00"}
    newest = {"received_at": ago(hours=1), "amount": "200000.00", "gone_back": "0.00"}
    console.answers[KEPT] = json_of({"items": [oldest, newest], "next_cursor": None})
    page = await console.page()
    assert needs(page)["surplus?state=refund_due"] == ("2", heat)
    [tile] = [each for each in page.all("a") if (each.get("href") or "").endswith("surplus?state=refund_due")]
    assert "Rp 300.000" in tile.text.replace("\N{NO-BREAK SPACE}", " ")
    assert {each["state"] for each in console.asked(limit="50") if "event_id" not in each} == {"open", "refund_due"}


@pytest.mark.parametrize(("hours", "heat"), [(5.9, "warm"), (6, "hot")])
async def test_a_proof_that_waits_for_hours_is_urgent(console: Console, hours: float, heat: str) -> None:
    console.answers[PAYMENTS] = payments(waiting={"count": 1, "oldest_at": ago(hours=hours)})
    assert needs(await console.page())["review"][1] == heat


async def test_a_channel_in_trouble_is_named_though_nothing_failed_yet(console: Console) -> None:
    console.answers[MESSAGES] = messages(troubles=("whatsapp",))
    page = await console.page()
    assert needs(page)["messages?status=failed"] == ("0", "warm")
    assert "In trouble: WhatsApp" in page.text


async def test_what_is_more_than_was_counted_says_so(console: Console) -> None:
    console.answers |= {
        MESSAGES: messages(lost={"count": 1000, "oldest_at": ago(days=1)}),
        CHECKINS: cancelled_packs(50, more=True),
        CONFLICTS: conflicts(50, more=True),
        KEPT: kept(50, more=True),
    }
    found = needs(await console.page())
    assert found["messages?event_type=registration.confirmed&status=failed"][0] == "1,000+"
    counted = ("pickup?race=jakarta-fun-run", "conflicts", "surplus?state=open", "surplus?state=refund_due")
    assert {found[each][0] for each in counted} == {"50+"}


async def test_without_a_race_the_work_is_shown_and_admins_may_create_one() -> None:
    for role, buttons in ((Role.ADMIN, ["/en/console/races"]), (Role.VIEWER, [])):
        console = Console(role)
        console.answers[CATALOG] = json_of({"items": []})
        page = await console.page()
        assert "There is no race yet" in page.text
        assert [each.get("href") for each in page.all("a") if each.get("class") == "button"] == buttons
        assert not any(each.startswith("pickup") for each in needs(page))
        assert needs(page)


# --- how the race stands


async def test_tiles_add_up_all_categories(console: Console) -> None:
    numbers = {"registered": 10, "payment_verified": 4, "expired": 1, "pending_payment": 3, "payment_uploaded": 2}
    sums = {"amount_expected": "1350000.00", "amount_verified": "600000.00", "waitlist_participants": 6}
    console.answers[STATS] = stats(
        counts("5K", **numbers, **sums, participants=9, participants_paid=4, places_taken=9, places_left=491),
        counts("10K", quota=100, places_left=100),
    )
    found = tiles(await console.page())
    assert found["All registrations"].startswith("10 9 runners hold a place")
    assert found["Paid"].startswith("4 4 runners")
    assert "Rp 750.000 not paid yet" in found["Verified payments"]
    assert found["Waiting"] == "5 Waiting for payment: 3 Proof in review: 2"
    assert found["Expired"].startswith("1 ")
    assert found["Places left"] == "591 Quota: 600 Waiting list: 6"


async def test_categories_have_their_own_counts_and_bars(console: Console) -> None:
    full = counts("10K", quota=100, places_taken=100, places_left=0, participants_paid=60, places_offered=10)
    console.answers[STATS] = stats(counts("5K"), full)
    page = await console.page()
    five, ten = [each for each in page.all("tr") if each.all("svg") and "/" in each.text][:2]
    assert "0 / 500" in five.text
    assert _marks(five) == ["chart-rest", "chart-rest 100.0%"]
    assert ten.text.startswith("10K Off 100 / 100 Full")
    assert _marks(ten) == ["chart-rest", "chart-paid 60.0%", "chart-waiting 30.0%", "chart-offered 10.0%"]


def _marks(row: Element) -> list[str]:
    """Return the marks of a bar with their widths; the first is its ground."""
    ground, *parts = row.all("rect")
    return [ground.get("class") or "", *(f"{each.get('class')} {each.get('width')}" for each in parts)]


async def test_today_stands_beside_yesterday_until_the_last_full_hour(console: Console) -> None:
    console.hours = [
        bucket(local(2, 10), 70),
        bucket(local(3, 10), 4, 1),
        bucket(local(3, 11), 5, 2),
        bucket(local(4, 9), 6, 3),
        bucket(local(4, 11), 1),
    ]
    page = await console.page()
    found = tiles(page)
    assert "7 today yesterday until 11:00: 4" in found["All registrations"]
    assert "3 today yesterday until 11:00: 1" in found["Paid"]
    assert "All times are in WITA." in page.text
    assert console.asked(interval="hour")[0]["from"] == "2027-01-03T00:00:00+08:00"


async def test_in_the_first_hour_of_a_day_nothing_is_compared(console: Console) -> None:
    console.clock.now = local(4) + timedelta(minutes=20)
    console.hours = [bucket(local(3), 5), bucket(local(4), 2)]
    page = await console.page()
    assert "2 today yesterday, all day: 5" in tiles(page)["All registrations"]


async def test_verified_payments_are_those_of_the_ways_of_paying_and_of_today(console: Console) -> None:
    console.answers[PAYMENTS] = payments(refunds=1, qris=3, bank_transfer=1, verified={"today": 2, "yesterday": 1})
    console.of_all_races[PAYMENTS] = payments(refunds=5, qris=30, verified={"today": 9, "yesterday": 8})
    console.answers[STATS] = stats(counts("5K", amount_expected="150000.00", amount_verified="150000.00", cancelled=3))
    page = await console.page()
    tile = tiles(page)["Verified payments"]
    assert tile.startswith("Rp 600.000 by price, without unique amounts; refunds are not taken off")
    assert "Rp 150.000 still to be paid back" in tile
    assert tile.endswith("Rp 300.000 today yesterday, all day: Rp 150.000")
    assert page.one("section", aria_labelledby="methods").one("tfoot").text == "Verified payments Rp 600.000"


async def test_packs_have_a_tile_once_one_is_handed_out(console: Console) -> None:
    assert "12 Not collected yet: 326" in tiles(await console.page())["Race packs handed out"]
    console.answers[PACKS] = json_of({"handed_out": 0, "waiting": 338})
    assert "Race packs handed out" not in tiles(await console.page())


# --- charts


@pytest.mark.parametrize(
    ("span", "unit", "rows", "first"),
    [
        ("24h", "Hour", 24, "Mon 11:00"),
        ("7d", "Day", 7, "Monday, 4 January 2027"),
        ("30d", "Day", 30, "Monday, 4 January 2027"),
        ("nonsense", "Day", 30, "Monday, 4 January 2027"),
    ],
)
async def test_a_span_shows_hours_or_days_of_the_zone(
    console: Console, span: str, unit: str, rows: int, first: str
) -> None:
    console.hours = [bucket(local(4, 11) - timedelta(hours=each), 1) for each in reversed(range(36))]
    console.days = [bucket(local(4) - timedelta(days=each), 2, 1) for each in reversed(range(30))]
    page = await console.page(f"{PAGE}?span={span}")
    table = page.one("details", class_="numbers").one("table")
    assert table.all("th")[0].text == unit
    assert table.one("tbody").all("th")[0].text == first
    assert len(table.one("tbody").all("tr")) == rows
    assert len([each for each in page.all("g") if each.get("class") == "chart-group"]) == rows
    current = [each.text for each in page.all("a") if each.get("aria-current") == "true"]
    assert current == [{"24h": "24 hours", "7d": "7 days"}.get(span, "30 days")]


@pytest.mark.parametrize(
    ("days", "unit", "columns", "name"),
    [
        (0, "Day", 7, "Monday, 4 January 2027"),
        (45, "Day", 45, "Monday, 4 January 2027"),
        (46, "Week from", 8, "Monday, 4 January 2027"),
        (365, "Month", 13, "January 2027"),
    ],
)
async def test_everything_is_shown_in_days_weeks_or_months(
    console: Console, days: int, unit: str, columns: int, name: str
) -> None:
    console.days = [bucket(local(4) - timedelta(days=each), 2 if each < days else 0) for each in reversed(range(740))]
    page = await console.page(f"{PAGE}?span=all")
    table = page.one("details", class_="numbers").one("table")
    rows = table.one("tbody").all("tr")
    assert (table.all("th")[0].text, len(rows), rows[0].all("th")[0].text) == (unit, columns, name)
    assert sum(int(each.all("td")[0].text) for each in rows) == 2 * days
    [asked] = console.asked(interval="day")
    assert asked["from"] == "2024-12-26T00:00:00+08:00"


async def test_the_chart_says_what_it_shows(console: Console) -> None:
    console.days = [bucket(local(3), 0, 2), bucket(local(4), 5, 0)]
    page = await console.page()
    chart = page.one("svg", class_="chart")
    assert chart.one("title", id="chart-title").text == "Registrations over time"
    assert chart.one("desc").text.endswith("Most registrations: Monday, 4 January 2027, 5.")
    before, today = [each for each in page.all("g") if each.get("class") == "chart-group"]
    assert today.one("title").text == "Monday, 4 January 2027. Registered: 5. Paid: 0"
    assert [each.get("class") for each in before.all("rect")] == ["chart-slot", "chart-paid"]
    assert [each.get("class") for each in today.all("rect")] == ["chart-slot", "chart-registered"]


async def test_states_and_ways_of_paying_are_of_this_race(console: Console) -> None:
    page = await console.page()
    states = {
        each.all("th")[0].text: each.all("td")[1].text
        for each in page.one("section", aria_labelledby="states").all("tr")[1:]
    }
    assert states == {
        "Paid": "85 %",
        "Proof in review": "4 %",
        "Waiting for payment": "5 %",
        "Expired": "4 %",
        "Cancelled": "2 %",
    }
    assert "QRIS 200 Rp 30.000.000 Bank transfer 50" in page.one("section", aria_labelledby="methods").text
    payment = [each.url.params for each in console.calls if each.url.path == PAYMENTS[1]]
    assert sorted(each.get("event_id", "all") for each in payment) == [RACE["id"], "all"]


# --- refreshing, and APIs that are away


async def test_the_part_that_refreshes_is_no_page_and_no_use_of_the_session(console: Console) -> None:
    page = await console.page()
    live = page.one("div", id="live")
    assert live.get("hx-get") == "/en/console/tiles?race=jakarta-fun-run"
    assert live.get("hx-headers") == '{"X-Refresh": "1"}'
    answer = await console.get("/en/console/tiles?race=jakarta-fun-run", **{"X-Refresh": "1"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    part = parsed(answer.text)
    assert not part.all("html", "h1", "main", "script")
    assert (needs(part), tiles(part)) == (needs(page), tiles(page))
    assert console.staff.uses == [True, False]


async def test_who_is_not_logged_in_is_led_to_the_login(console: Console) -> None:
    answer = await console.get(Cookie="")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/console/login?to=%2Fconsole")


@pytest.mark.parametrize(
    "path", [STATS, TIMELINE, PAYMENTS, MESSAGES, PACKS, CHECKINS, CONFLICTS, KEPT, RUNS, CATALOG, *QUEUES], ids=str
)
async def test_while_an_api_is_away_its_last_values_are_shown_with_their_time(
    console: Console, path: tuple[str, str]
) -> None:
    console.hours = console.days = [bucket(local(3), 1, 1), bucket(local(4), 1, 1)]
    before = await console.page()
    console.answers[path] = AWAY
    console.clock.advance(timedelta(minutes=12))
    after = await console.page()
    assert needs(after).keys() == needs(before).keys()
    assert [each.split()[0] for each in tiles(after).values()] == [each.split()[0] for each in tiles(before).values()]
    times = {each.text for each in after.all("span") if each.get("class") == "as-of"}
    assert times == (set() if path == CATALOG else {"As of 11:00"})
    console.answers[path] = {**ANSWERS, **OVERVIEW_ANSWERS, CATALOG: json_of({"items": [RACE]})}[path]
    assert "As of" not in (await console.page()).text


async def test_values_of_yesterday_are_not_shown_again(console: Console) -> None:
    await console.page()
    console.answers[PAYMENTS] = AWAY
    console.clock.advance(timedelta(hours=13))
    assert needs(await console.page())["review"] == ("\N{EN DASH}", "unknown")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (STATS, "Counts do not answer right now."),
        (TIMELINE, "The timeline does not answer right now."),
        (PAYMENTS, "Payments do not answer right now."),
        (MESSAGES, "Does not answer right now"),
    ],
    ids=str,
)
@pytest.mark.parametrize("answer", [AWAY, httpx.Response(403, json={"code": "forbidden", "detail": "-"})])
async def test_what_was_never_read_is_left_out_in_words(
    console: Console, path: tuple[str, str], said: str, answer: httpx.Response
) -> None:
    console.answers[path] = answer
    page = await console.page()
    assert said in page.text
    assert tiles(page) or path == STATS


async def test_a_refresh_without_a_known_race_leaves_what_is_shown(console: Console) -> None:
    console.answers[CATALOG] = AWAY
    assert (await console.get("/en/console/tiles")).status_code == 503
    assert "Registrations do not answer right now." in (await console.page()).text


async def test_the_end_of_a_session_is_not_taken_for_an_api_that_is_away(console: Console) -> None:
    console.answers[MESSAGES] = httpx.Response(401, json={"code": "session_ended", "detail": "-"})
    answer = await console.get()
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/console/login?to=%2Fconsole")


@pytest.mark.parametrize(
    ("role", "address", "most"),
    [
        (Role.OWNER, PAGE, 19),
        (Role.OWNER, f"{PAGE}?span=all", 19),
        (Role.OWNER, f"{PAGE}/tiles", 19),
        (Role.VIEWER, PAGE, 8),
        (Role.VIEWER, f"{PAGE}/tiles", 8),
    ],
)
async def test_all_apis_are_asked_at_once_as_soon_as_the_race_is_known(role: Role, address: str, most: int) -> None:
    console = Console(role)
    assert (await console.get(address)).status_code == 200
    assert len(console.calls) == most
    first = [each for each, before in zip(console.calls, console.finished_before, strict=True) if not before]
    assert all("event_id" not in each.url.params for each in first)
    assert len(set(console.finished_before)) == 2, "the catalog and what needs no race, then everything about the race"
