"""Searching races: what finds which, pages, ranges of days, bad input and limits."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.web.cursors import CursorOf
from sqlalchemy.exc import ProgrammingError
from testkit.driver import Answer

from .registration_driver import RegistrationDriver

_SILENT: dict[str, Any] = {"name": "Lari", "location": "Kota", "description": None}


async def _search(driver: RegistrationDriver, **asked: Any) -> Answer:
    params = {name.rstrip("_"): value for name, value in asked.items()}
    return await driver.call("GET", "/events", params=params)


async def _found(driver: RegistrationDriver, **asked: Any) -> list[str]:
    return [each["slug"] for each in (await _search(driver, **asked)).require(200)["items"]]


@pytest.mark.parametrize(
    ("written", "q"),
    [
        ({"name": "Jakarta Night Run"}, "jakarta night"),
        ({"name": "Jakarta Night Run"}, "NIGHT jak"),
        ({"name": "Jakarta Night Run"}, "j"),
        ({"description": "Kaki gunung.\n\nRute baru"}, "rute gunung"),
        ({"location": "Lapangan Banteng, Jakarta"}, "banteng"),
        ({"name": "Semarang Run", "location": "Simpang Lima", "description": "pagi"}, "pagi lima semarang"),
        ({"name": "S\u00e9hat Caf\u00e9 Run"}, "sehat cafe"),
        ({"name": "Sehat Cafe Run"}, "S\u00c9HAT caf\u00e9"),
        ({"name": "Se\u0301hat"}, "s\u00e9hat"),
        ({"name": "\u0141\u00f3d\u017a, \u00d8resund, \u0110\u00e0 N\u1eb5ng"}, "da nang lodz ores"),
        ({"name": "Jum'at Sehat"}, "jumat"),
        ({"name": "Jumat Sehat"}, "jum\u2019at"),
        ({"name": "Trail 5K\u201310K (21.1K)"}, "10k 5k 21.1"),
        ({"name": "Kota-Tua/Run.id"}, "run tua kota id"),
        ({"name": "\uff26\uff35\uff2c\uff2c Run"}, "full"),
        ({"name": "\u738b\u4f1f Run"}, "\u738b"),
        ({"name": "Run & Fun | (Ride)"}, "fun & !ride:*"),
    ],
)
async def test_words_are_found_whatever_their_order_case_and_accents(
    driver: RegistrationDriver, written: dict[str, Any], q: str
) -> None:
    event = await driver.create_event(**{**_SILENT, **written})
    await driver.create_event(**_SILENT)
    assert await _found(driver, q=q) == [event["slug"]]


@pytest.mark.parametrize(
    "q", ["jakarta dayrun", "akarta", "jak night", "!!!", "\U0001f3c3", "':*", "night\u2019 x", "jakarta-1"]
)
async def test_what_does_not_have_all_words_is_not_found(driver: RegistrationDriver, q: str) -> None:
    await driver.create_event(name="Jakarta Night Run")
    assert await _found(driver, q=q) == []


async def test_a_search_knows_every_change_whoever_makes_it(driver: RegistrationDriver) -> None:
    event = await driver.create_event(name="Sebelum")
    await driver.change_event(name="Sesudah")
    assert (await _found(driver, q="sebelum"), await _found(driver, q="sesudah")) == ([], [event["slug"]])
    await driver.execute("UPDATE events SET location = 'Puncak'")  # as a process of an older release does
    assert await _found(driver, q="puncak") == [event["slug"]]
    with pytest.raises(ProgrammingError, match="can only be updated to DEFAULT"):
        await driver.execute("UPDATE events SET search_words = ''")


async def test_only_active_races_and_categories_are_found(driver: RegistrationDriver) -> None:
    shown = await driver.open_category()
    await driver.open_category(is_active=False)
    slug = driver.event["slug"]
    [found] = (await _search(driver, q="jakarta")).body["items"]
    assert [each["id"] for each in found["categories"]] == [shown["id"]]
    assert found == (await driver.call("GET", f"/events/{slug}")).body
    await driver.change_event(is_active=False)
    assert await _found(driver, q="jakarta") == []


async def test_the_days_of_a_range_are_included(driver: RegistrationDriver) -> None:
    days = [(driver.today + timedelta(days=10 + number)).isoformat() for number in range(4)]
    slugs = [(await driver.create_event(event_date=day, name=f"Run {day}"))["slug"] for day in days]
    assert await _found(driver, from_=days[1], to=days[2]) == slugs[1:3]
    assert await _found(driver, from_=days[2]) == slugs[2:]
    assert await _found(driver, to=days[0]) == slugs[:1]
    assert await _found(driver, from_=days[3], to=days[3], q="run") == slugs[3:]


async def test_pages_lead_through_all_races_even_on_one_day(driver: RegistrationDriver) -> None:
    for number in range(7):
        day = (driver.today + timedelta(days=10 + number // 4)).isoformat()
        await driver.create_event(event_date=day)
    expected = [each["slug"] for each in (await driver.call("GET", "/events")).body["items"]]
    for asked in ({"limit": 3}, {"limit": 3, "q": "jakarta"}):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        for size in (3, 3, 1):
            page = (await _search(driver, **asked, **cursor)).require(200)
            assert len(page["items"]) == size
            seen += [each["slug"] for each in page["items"]]
            cursor = {"cursor": page["next_cursor"]}
        assert (seen, page["next_cursor"]) == (expected, None)


async def test_a_search_that_fits_one_page_has_no_next(driver: RegistrationDriver) -> None:
    await driver.create_event()
    await driver.create_event()
    assert (await _search(driver, limit=2)).body["next_cursor"] is None


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("q", {"q": "x" * 101}),
        ("q", {"q": "a\x00b"}),
        ("from", {"from": "tomorrow"}),
        ("from", {"from": "2027-02-30"}),
        ("to", {"to": "1700000000"}),
        ("to", {"from": "2027-02-02", "to": "2027-02-01"}),
        ("limit", {"limit": "0"}),
        ("limit", {"limit": "201"}),
        ("limit", {"limit": "many"}),
        ("cursor", {"cursor": "nonsense"}),
        ("cursor", {"cursor": ""}),
        ("cursor", {"cursor": CursorOf.encode("2027-02-30", uuid4())}),
        ("cursor", {"cursor": CursorOf.encode("2027-02-01")}),
        ("cursor", {"cursor": "x" * 501}),
    ],
)
async def test_bad_input_is_refused_and_named(driver: RegistrationDriver, field: str, asked: dict[str, str]) -> None:
    answer = await _search(driver, **asked)
    assert (answer.status, answer.code, answer.wrong_fields) == (422, "invalid_fields", [field])


async def test_an_empty_form_is_the_cached_list_and_a_search_is_not_stored(driver: RegistrationDriver) -> None:
    """A gateway stores by path, so an answer to a search must not be taken for the list."""
    await driver.create_event()
    listed = await driver.call("GET", "/events")
    empty = await _search(driver, q="", from_="", to=" ")
    assert (empty.content, empty.headers["ETag"]) == (listed.content, listed.headers["ETag"])
    for asked in ({"q": "jakarta"}, {"limit": "1"}, {"q": "nothing"}):
        answer = await _search(driver, **asked)
        assert (answer.headers["Cache-Control"], "ETag" in answer.headers) == ("no-store", False)


async def test_an_address_that_searches_without_end_is_slowed_and_may_read_the_list(driver: RegistrationDriver) -> None:
    edge = driver.another_process(trusted_proxies=1, rate_search_burst=2, rate_search_per_minute=1)
    caller = {"X-Forwarded-For": "203.0.113.7"}
    answers = [await edge.call("GET", "/events?q=run", headers=caller) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[-1].is_problem(429, "too_many_requests")
    assert (await edge.call("GET", "/events", headers=caller)).status == 200
    assert (await edge.call("GET", "/events?q=run", headers={"X-Forwarded-For": "203.0.113.8"})).status == 200
    await edge.close()
