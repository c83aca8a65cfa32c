"""Categories in the console: their forms, their numbers as a drawing, and where their places are."""

from typing import Any

import httpx
import pytest
from web.console.races.bibs import WIDTH, BibRange, Drawing, next_start
from web.console.races.places import WIDTH as BAR
from web.console.races.places import Count, Places, Summary
from web.console.races.upstream import Category

from .conftest import category
from .markup import parsed
from .races_api import ONE, RacesApi, console, error, fields, opened, sent
from .walk import problem
from .walk_races_answers import staff_category, staff_race

CATEGORY = category()["id"]
EDIT = f"{ONE}/categories/{CATEGORY}"
NEW = {
    "name": "21K",
    "registration_prefix": "FR21K",
    "price_individual": "Rp 350.000",
    "price_collective_5": "",
    "quota": "1.000",
    "bib_start_number": "4001",
    "bib_end_number": "5000",
    "payment_deadline_hours": "24",
    "registration_open_at": "2027-02-01T09:00",
    "is_active": "yes",
}


def _api(**fields: Any) -> RacesApi:
    return RacesApi([staff_race("Jakarta Fun Run", staff_category(**fields))])


async def test_a_category_is_created_from_what_people_type() -> None:
    api = _api()
    async with console(api) as browser:
        answer = await browser.post(f"{ONE}/categories/new", data=NEW)
    assert answer.headers["location"] == f"{ONE}?done=category_created"
    body = sent(api.changes[0])
    assert (body["price_individual"], body["quota"], body["slug"]) == ("350000", 1000, "21k")
    assert body["registration_open_at"] == "2027-02-01T09:00:00+07:00"
    assert "price_collective_5" not in body
    assert body["is_active"] is True


async def test_a_new_category_begins_after_the_highest_number() -> None:
    async with console(_api(bib_end_number=2200)) as browser:
        assert fields(await opened(browser, f"{ONE}/categories/new"))["bib_start_number"] == "3001"


async def test_only_what_was_typed_is_changed_and_an_emptied_price_is_taken_away() -> None:
    api = _api()
    async with console(api) as browser:
        form = fields(await opened(browser, EDIT))
        del form["is_active"]
        await browser.post(EDIT, data={**form, "price_collective_5": "", "quota": "600"})
    assert sent(api.changes[0]) == {"price_collective_5": None, "quota": 600, "is_active": False}


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("quota", "many", "Write a whole number"),
        ("quota", "", "Fill this in."),
        ("price_individual", "a lot", "Write the price in rupiah"),
        ("registration_close_at", "tomorrow", "Choose a day and a time"),
    ],
)
async def test_what_cannot_be_read_is_said_at_its_field(name: str, typed: str, said: str) -> None:
    api = _api()
    async with console(api) as browser:
        answer = await browser.post(EDIT, data={**fields(await opened(browser, EDIT)), name: typed})
    assert (answer.status_code, api.changes) == (422, [])
    assert said in error(answer.text, name)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("quota_below_taken", "quota"),
        ("bibs_already_given", "bib_end_number"),
        ("numbers_already_given", "registration_prefix"),
        ("prefix_taken", "registration_prefix"),
        ("slug_taken", "slug"),
    ],
)
async def test_what_the_api_refuses_is_said_at_its_field(code: str, name: str) -> None:
    api = _api()
    api.refuse = lambda request: problem(409, code, detail="No.") if request.method == "PATCH" else None
    async with console(api) as browser:
        answer = await browser.post(EDIT, data={**fields(await opened(browser, EDIT)), "quota": "10"})
    assert (answer.status_code, error(answer.text, name)) == (409, "Error: No.")


async def test_an_overlap_names_the_others_marks_the_drawing_and_offers_free_numbers() -> None:
    api = _api()
    api.refuse = lambda request: problem(409, "bib_range_overlap", detail="No.") if request.method == "POST" else None
    async with console(api) as browser:
        answer = await browser.post(f"{ONE}/categories/new", data={**NEW, "bib_start_number": "1901"})
    said = error(answer.text, "bib_start_number")
    assert (answer.status_code, "5K (1001-2000)" in said, "3001" in said or "2001" in said) == (409, True, True)
    page = parsed(answer.text)
    assert "5K and 21K have 1901 to 2000 in common." in page.text
    assert len([each for each in page.all("rect") if each.get("class") == "bar-clash"]) == 2


@pytest.mark.parametrize("path", [ONE, EDIT])
async def test_numbers_that_are_never_given_again_are_named_where_ranges_are_drawn(path: str) -> None:
    api = RacesApi([staff_race("Jakarta Fun Run", staff_category(), staff_category("10K", bib_start_number=3001))])
    async with console(api) as browser:
        assert "Never given again" not in (await opened(browser, path)).text
        api.stats["categories"] = [_summary(bibs_burned=7)]
        page = await opened(browser, path)
    [table] = [each for each in page.all("table") if "bibs" in (each.get("class") or "")]
    rows = {each.one("th").text: [cell.text for cell in each.all("td")] for each in table.one("tbody").all("tr")}
    assert [each.text for each in table.all("th")][3:5] == ["Numbers", "Never given again"]
    assert {name: cells[3] for name, cells in rows.items()} == {"5K": "7", "10K": "0"}


async def test_the_form_says_how_many_numbers_a_range_needs_for_all_places() -> None:
    api = _api()
    async with console(api) as browser:
        assert "A number for every place." in (await opened(browser, EDIT)).text
        api.stats["categories"] = [_summary(bibs_burned=7)]
        assert "A number for every place, and 7 more" in (await opened(browser, EDIT)).text
        api.refuse = lambda request: problem(422, "invalid_fields") if request.method == "PATCH" else None
        again = await browser.post(EDIT, data={**fields(await opened(browser, EDIT)), "quota": "10"})
    assert "A number for every place, and 7 more" in parsed(again.text).text


@pytest.mark.parametrize("path", [ONE, EDIT])
async def test_a_race_and_its_forms_stand_without_the_counts(path: str) -> None:
    api = _api()
    api.refuse = lambda request: httpx.Response(502) if request.url.path.endswith("/stats") else None
    async with console(api) as browser:
        page = await opened(browser, path)
    assert "Never given again" not in page.text


async def test_a_category_with_registrations_is_not_offered_for_deletion() -> None:
    api = _api()
    api.stats["categories"] = [_summary(registered=3, waitlist_entries=1)]
    async with console(api) as browser:
        page = await opened(browser, f"{EDIT}/delete")
    assert "It has 3 registrations. 1 entry waits on its waiting list." in page.text
    assert [each for each in page.all("form") if (each.get("action") or "").endswith("/delete")] == []


async def test_deleting_says_what_it_does_and_may_be_repeated() -> None:
    api = _api()
    api.refuse = lambda request: problem(404, "unknown_category") if request.method == "DELETE" else None
    async with console(api) as browser:
        assert "This cannot be undone." in (await opened(browser, f"{EDIT}/delete")).text
        answer = await browser.post(f"{EDIT}/delete")
    assert answer.headers["location"] == f"{ONE}?done=category_deleted"


async def test_a_registration_that_came_first_keeps_the_category() -> None:
    api = _api()
    api.refuse = lambda request: (
        problem(409, "category_has_registrations", detail="Deactivate it.") if request.method == "DELETE" else None
    )
    async with console(api) as browser:
        answer = await browser.post(f"{EDIT}/delete")
    assert answer.status_code == 409
    assert "Deactivate it." in answer.text
    assert "Switch it off instead" in answer.text


async def test_an_outage_does_not_say_that_the_category_is_in_use() -> None:
    api = _api()
    api.refuse = lambda request: problem(503, "unavailable") if request.method == "DELETE" else None
    async with console(api) as browser:
        answer = await browser.post(f"{EDIT}/delete")
    assert answer.status_code == 503
    assert "Switch it off instead" not in answer.text
    forms = [each.get("action") or "" for each in parsed(answer.text).all("form")]
    assert [each for each in forms if each.endswith("/delete")]


async def test_the_quota_page_adds_up() -> None:
    api = _api()
    api.stats = {
        "items": [
            _count(payment_verified=300),
            _count(payment_uploaded=10),
            _count(pending_payment=21),
            _count(expired=9),
        ],
        "categories": [_summary(places_left=162, places_offered=5, places_burned=2)],
    }
    async with console(api) as browser:
        page = await opened(browser, f"{ONE}/quota")
    [table] = page.all("table")
    lines = [int(each.text) for each in table.all("tbody")[0].all("td")]
    assert lines == [300, 10, 21, 5, 2, 162]
    assert sum(lines) == int(table.all("tfoot")[0].all("td")[0].text) == 500


@pytest.mark.parametrize(("left", "uncounted"), [(162, 0), (160, 2), (165, -3)])
def test_places_always_add_up_to_the_quota(left: int, uncounted: int) -> None:
    counts = [_count(payment_verified=300), _count(payment_uploaded=10), _count(pending_payment=28)]
    places = Places(Summary.model_validate(_summary(places_left=left)), _counts(counts))
    parts = {part.name: part.places for part in places.parts}
    assert sum(parts.values()) == 500
    assert parts.get("uncounted", 0) == uncounted
    assert sum(part.width for part in places.parts) == BAR
    assert all(one.x + one.width == other.x for one, other in zip(places.parts, places.parts[1:], strict=False))


def test_ranges_are_drawn_to_scale_and_tiny_ones_are_seen() -> None:
    whole, tiny = BibRange("5K", 1, 50_000), BibRange("VIP", 99_999, 100_000)
    drawing = Drawing([whole, tiny])
    (_, first, _), (_, last, shared) = drawing.rows
    assert (first.x, first.width, shared) == (0, WIDTH // 2, [])
    assert (last.width > 1, last.x + last.width) == (True, WIDTH)


def test_touching_ranges_do_not_overlap() -> None:
    assert Drawing([BibRange("5K", 1, 10), BibRange("10K", 11, 20)]).overlaps == []
    [overlap] = Drawing([BibRange("5K", 1, 10), BibRange("10K", 10, 20)]).overlaps
    assert (overlap.first, overlap.last) == (10, 10)


@pytest.mark.parametrize(("last", "start"), [(None, 1), (2000, 2001), (2001, 3001)])
def test_free_numbers_begin_at_a_thousand(last: int | None, start: int) -> None:
    found = [Category.model_validate(staff_category(bib_end_number=last))] if last else []
    assert next_start(found) == start


def _summary(**fields: Any) -> dict[str, Any]:
    none = dict.fromkeys(
        ("registered", "places_offered", "places_burned", "waitlist_entries", "waitlist_participants"), 0
    )
    return {**none, "category_id": CATEGORY, "category_name": "5K", "quota": 500, "places_left": 500, **fields}


def _count(**participants: int) -> dict[str, Any]:
    [(status, count)] = participants.items()
    return {"category_id": CATEGORY, "status": status, "participants": count}


def _counts(found: list[dict[str, Any]]) -> Any:
    return [Count.model_validate(each) for each in found]
