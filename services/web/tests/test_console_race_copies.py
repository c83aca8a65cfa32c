"""Copies of a race: shown first, made with a result for each category, and safe to repeat."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from web.console.races.copying import for_year, free_prefix, moved, next_day, plan
from web.console.races.upstream import Race

from .markup import parsed
from .races_api import API, CONSOLE, ONE, RACES, RacesApi, console, error, fields, opened, sent
from .walk import problem
from .walk_prices import phase
from .walk_races_answers import staff_category, staff_race

COPY = f"{ONE}/copy"
UUID_OF_OTHER = UUID(int=9)


def _source(**fields: Any) -> dict[str, Any]:
    opens = {"registration_open_at": "2027-01-01T02:00:00Z", "registration_close_at": "2027-08-01T16:59:00Z"}
    five = staff_category(**opens)
    ten = staff_category("10K", bib_start_number=3001, bib_end_number=3500, is_active=False, quota=300)
    return staff_race(
        "Lari 2027", five, ten, slug="lari-2027", rules="1.", changes_until="2027-08-10T16:59:00Z", **fields
    )


async def _planned(browser: httpx.AsyncClient, **typed: str) -> dict[str, str]:
    """Return the form of a copy as it is sent once it was looked at."""
    return {**fields(await opened(browser, COPY)), "do": "make", **typed}


async def test_a_copy_is_shown_with_its_times_moved_before_it_is_made() -> None:
    api = RacesApi([_source()])
    async with console(api) as browser:
        page = await opened(browser, COPY)
    form = fields(page)
    assert (form["name"], form["slug"], form["event_date"]) == ("Lari 2028", "lari-2028", "2028-08-15")
    assert [text for name, text in form.items() if name.startswith("prefix-")] == ["FR5K-28", "FR10K-28"]
    assert "31 Dec 2027, 09:00 WIB before: 1 Jan 2027, 09:00 WIB" in page.text
    assert api.changes == []


async def test_a_copy_has_all_but_pictures_and_is_not_published() -> None:
    api = RacesApi([_source()])
    async with console(api) as browser:
        answer = await browser.post(COPY, data=await _planned(browser))
    race = api.races[-1]
    assert (race["name"], race["is_active"], race["rules"]) == ("Lari 2028", False, "1.")
    assert race["changes_until"] == "2028-08-08T23:59:00+07:00"
    five, ten = race["categories"]
    assert five["registration_open_at"] == "2027-12-31T09:00:00+07:00"
    assert (five["registration_prefix"], five["price_individual"]) == ("FR5K-28", "150000.00")
    assert (ten["quota"], ten["is_active"], ten["bib_start_number"]) == (300, False, 3001)
    page = parsed(answer.text)
    assert (answer.status_code, page.text.count("Created")) == (200, 2)
    assert f"{CONSOLE}/{race['id']}" in [each.get("href") for each in page.all("a")]


async def test_a_copy_has_links_the_course_and_the_phases_of_prices() -> None:
    source = _source(strava_club_url="https://www.strava.com/clubs/lari", has_course=True, course_meters=5000)
    own = source["categories"][0]["id"]
    off = phase(name="Presale", is_active=False, max_participants=None, code_required=True)
    api = RacesApi([source], phases={own: [phase(ends_at="2027-02-01T16:59:00Z"), off]}, course=b"<gpx>5</gpx>")
    async with console(api) as browser:
        form = await _planned(browser)
        answer = await browser.post(COPY, data=form)
        assert answer.status_code == 200
        await browser.post(COPY, data=form)
    race = api.races[-1]
    assert race["strava_club_url"] == "https://www.strava.com/clubs/lari"
    [course] = api.of("PUT", f"{RACES}/{race['id']}/course")
    assert b"<gpx>5</gpx>" in course.content
    first, second = api.phases[race["categories"][0]["id"]]
    assert (first["name"], first["ends_at"]) == ("Early bird", "2028-01-31T23:59:00+07:00")
    assert (first["price_individual"], first["max_participants"]) == ("100000.00", 100)
    assert (second["name"], second["is_active"], second["code_required"]) == ("Presale", False, True)


async def test_attempts_that_do_not_see_each_other_ask_for_the_same_phases() -> None:
    source = _source()
    both = [phase(), phase(name="Presale", id=str(UUID_OF_OTHER))]
    api = RacesApi([source], phases={source["categories"][0]["id"]: both})
    async with console(api) as browser:
        form = await _planned(browser)
        await browser.post(COPY, data=form)
        path = f"{API}/categories/{api.races[-1]['categories'][0]['id']}/price-phases"
        nothing_yet = httpx.Response(200, json={"items": []})
        api.refuse = lambda request: nothing_yet if (request.method, request.url.path) == ("GET", path) else None
        await browser.post(COPY, data=form)
    ids = [sent(each)["id"] for each in api.of("POST", path)]
    assert (len(ids), len({*ids})) == (4, 2)
    assert ids[:2] == ids[2:]


async def test_phases_and_a_course_that_are_missing_are_made_when_the_copy_is_repeated() -> None:
    source = _source(has_course=True, course_meters=5000)
    own = source["categories"][0]["id"]
    api = RacesApi([source], phases={own: [phase(), phase(name="Presale", id=str(UUID_OF_OTHER))]})

    def refuse(request: httpx.Request) -> httpx.Response | None:
        is_phase = request.method == "POST" and request.url.path.endswith("/price-phases")
        is_second = is_phase and sent(request)["name"] == "Presale"
        return httpx.Response(502) if is_second or request.url.path.endswith("/course") else None

    api.refuse = refuse
    async with console(api) as browser:
        half = await browser.post(COPY, data=await _planned(browser))
        assert (half.status_code, "Presale" in parsed(half.text).text) == (409, True)
        api.refuse = lambda _: None
        whole = await browser.post(COPY, data={**fields(parsed(half.text)), "do": "make"})
    assert whole.status_code == 200
    race = api.races[-1]
    assert race["has_course"] is True
    assert [each["name"] for each in api.phases[race["categories"][0]["id"]]] == ["Early bird", "Presale"]


async def test_a_phase_of_the_copy_that_got_another_name_is_not_made_again() -> None:
    source = _source()
    both = [phase(), phase(name="Presale", id=str(UUID_OF_OTHER))]
    api = RacesApi([source], phases={source["categories"][0]["id"]: both})
    async with console(api) as browser:
        form = await _planned(browser)
        await browser.post(COPY, data=form)
        made = api.phases[api.races[-1]["categories"][0]["id"]]
        made[1]["name"] = "Flash sale"
        again = await browser.post(COPY, data=form)
    assert (again.status_code, [each["name"] for each in made]) == (200, ["Early bird", "Flash sale"])


_AWAY = httpx.Response(502)


@pytest.mark.parametrize(
    ("method", "end", "answer", "reason"),
    [
        ("GET", "/price-phases", _AWAY, "Not created"),
        ("GET", "/price-phases", problem(404, "unknown_category", detail="No such category."), "No such category."),
        ("GET", "/course.gpx", _AWAY, "not all of its categories"),
        ("GET", "/course.gpx", problem(404, "no_course", detail="There is no course."), "There is no course."),
        ("PUT", "/course", problem(422, "x", errors=[{"field": "file", "message": "Not GPX."}]), "Not GPX."),
        ("GET", "/catalog", _AWAY, "not all of its categories"),
    ],
)
async def test_once_the_race_is_there_what_cannot_be_copied_is_said_in_the_result(
    method: str, end: str, answer: httpx.Response, reason: str
) -> None:
    api = RacesApi([_source(has_course=True, course_meters=5000)])

    def refuse(request: httpx.Request) -> httpx.Response | None:
        is_there = len(api.races) == 2 and len(api.races[-1]["categories"]) == 2
        return answer if is_there and request.method == method and request.url.path.endswith(end) else None

    async with console(api) as browser:
        form = await _planned(browser)
        api.refuse = refuse
        half = await browser.post(COPY, data=form)
        api.refuse = lambda _: None
        whole = await browser.post(COPY, data={**fields(parsed(half.text)), "do": "make"})
    page = parsed(half.text)
    assert (half.status_code, reason in page.text) == (409, True)
    assert f"{CONSOLE}/{api.races[-1]['id']}" in [each.get("href") for each in page.all("a")]
    assert (whole.status_code, len(api.races)) == (200, 2)


async def test_a_race_that_is_made_but_cannot_be_read_is_completed_by_the_next_attempt() -> None:
    api = RacesApi([_source()])

    def refuse(request: httpx.Request) -> httpx.Response | None:
        return _AWAY if len(api.races) == 2 and request.url.path.endswith("/catalog") else None

    async with console(api) as browser:
        form = await _planned(browser)
        api.refuse = refuse
        first = await browser.post(COPY, data=form)
        api.refuse = lambda _: None
        whole = await browser.post(COPY, data={**fields(parsed(first.text)), "do": "make"})
    assert (first.status_code, "The race is created" in first.text) == (503, True)
    assert (whole.status_code, len(api.races), len(api.races[-1]["categories"])) == (200, 2, 2)


async def test_another_day_is_shown_before_it_holds() -> None:
    api = RacesApi([_source()])
    async with console(api) as browser:
        first = await browser.post(COPY, data=await _planned(browser, event_date="2027-08-18"))
        assert (first.status_code, api.changes) == (422, [])
        assert "Look at them, then make the copy." in first.text
        assert "2 Jan 2027, 09:00 WIB" in parsed(first.text).text
        again = await browser.post(COPY, data={**fields(parsed(first.text)), "do": "make"})
    assert (again.status_code, api.races[-1]["event_date"]) == (200, "2027-08-18")


async def test_a_copy_that_failed_half_way_is_completed_and_nothing_is_made_twice() -> None:
    def refuse(request: httpx.Request) -> httpx.Response | None:
        is_ten = request.url.path.endswith("/categories") and sent(request)["slug"] == "10k"
        return httpx.Response(502) if is_ten else None

    api = RacesApi([_source()], refuse=refuse)
    async with console(api) as browser:
        half = await browser.post(COPY, data=await _planned(browser))
        assert (half.status_code, "Created" in half.text, "Not created" in half.text) == (409, True, True)
        api.refuse = lambda _: None
        whole = await browser.post(COPY, data={**fields(parsed(half.text)), "do": "make"})
        third = await browser.post(COPY, data={**fields(parsed(half.text)), "do": "make"})
    assert ("There already" in whole.text, whole.status_code, third.status_code) == (True, 200, 200)
    assert len(api.races) == 2
    assert [each["slug"] for each in api.races[-1]["categories"]] == ["5k", "10k"]


async def test_a_lost_answer_is_repeated_without_a_second_race() -> None:
    api = RacesApi([_source()])
    api.after = lambda request: httpx.Response(502) if request.url.path == RACES else None
    async with console(api) as browser:
        lost = await browser.post(COPY, data=await _planned(browser))
        assert lost.status_code == 503
        api.after = lambda _: None
        await browser.post(COPY, data={**fields(parsed(lost.text)), "do": "make"})
    assert len(api.races) == 2
    assert len(api.races[-1]["categories"]) == 2


async def test_two_browsers_at_once_make_one_copy() -> None:
    api = RacesApi([_source()])
    async with console(api) as browser:
        form = await _planned(browser)

        def other_first(request: httpx.Request) -> httpx.Response | None:
            if request.method == "POST" and request.url.path == RACES and len(api.races) == 1:
                api.races.append({**_source(), **sent(request), "id": str(UUID_OF_OTHER), "categories": []})
            return None

        api.refuse = other_first
        answer = await browser.post(COPY, data=form)
    assert (answer.status_code, len(api.races)) == (200, 2)


async def test_the_slug_of_another_race_is_refused_at_its_field() -> None:
    api = RacesApi([_source(), staff_race("Bandung Lari", slug="lari-2028", id=str(UUID_OF_OTHER))])
    async with console(api) as browser:
        answer = await browser.post(COPY, data=await _planned(browser))
    assert (answer.status_code, error(answer.text, "slug")) == (409, "Error: Another one has this slug already.")
    assert len(api.races) == 2


async def test_a_prefix_in_use_is_said_at_its_field_and_can_be_corrected() -> None:
    source = _source()
    first = source["categories"][0]
    api = RacesApi([source])
    async with console(api) as browser:
        field = f"prefix-{first['id']}"
        half = await browser.post(COPY, data=await _planned(browser, **{field: "FR5K"}))
        assert (half.status_code, error(half.text, field)) == (409, "Error: Another category has this prefix already.")
        whole = await browser.post(COPY, data={**fields(parsed(half.text)), field: "FR5K-B", "do": "make"})
    assert whole.status_code == 200
    prefixes = {each["slug"]: each["registration_prefix"] for each in api.races[-1]["categories"]}
    assert prefixes == {"5k": "FR5K-B", "10k": "FR10K-28"}


async def test_without_a_day_nothing_is_made() -> None:
    api = RacesApi([_source()], refuse=lambda request: problem(500, "x") if request.method == "POST" else None)
    async with console(api) as browser:
        answer = await browser.post(COPY, data=await _planned(browser, event_date="soon"))
    assert (answer.status_code, "Choose the day" in error(answer.text, "event_date"), api.changes) == (422, True, [])


def test_a_time_keeps_its_place_on_the_clock_where_the_race_is() -> None:
    source = Race.model_validate(staff_race(timezone="Europe/Berlin", event_date="2027-03-20"))
    at = datetime.fromisoformat("2027-03-10T09:00:00+01:00")
    assert moved(at, source, date(2027, 4, 20)) == datetime.fromisoformat("2027-04-10T09:00:00+02:00")
    assert moved(None, source, date(2027, 4, 20)) is None


def test_a_copy_does_not_take_a_time_for_corrections_that_is_after_the_race() -> None:
    for until, copied in (("2027-08-17T16:59:00Z", True), ("2027-08-17T17:01:00Z", False)):
        source = Race.model_validate(staff_race(event_date="2027-08-17", changes_until=until))
        made = plan(source, name="B", slug="b", day=date(2028, 8, 15), prefixes={})
        assert (made.changes_until is not None) == copied


def test_the_suggested_day_is_the_same_day_of_the_week_and_ahead() -> None:
    source = Race.model_validate(staff_race(event_date="2020-08-16"))
    day = next_day(source, date(2027, 1, 4))
    assert (day > date(2027, 1, 4), day.weekday()) == (True, date(2020, 8, 16).weekday())


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Lari 2027", "Lari 2028"),
        ("lari", "lari-2028"),
        ("Lari Kota", "Lari Kota 2028"),
        ("Menuju 2030", "Menuju 2030"),
    ],
)
def test_a_name_has_the_year_of_its_race(text: str, new: str) -> None:
    assert for_year(text, 2027, 2028) == new


@pytest.mark.parametrize(
    ("prefix", "taken", "found"),
    [
        ("FR5K", (), "FR5K-28"),
        ("FR5K-27", (), "FR5K-28"),
        ("FR5K2027", (), "FR5K-28"),
        ("FR5K", ("FR5K-28",), "FR5K-28-2"),
        ("FR5K", ("FR5K-28", "FR5K-28-2"), "FR5K-28-3"),
        ("21", (), "21-28"),
        ("ABCDEFGHIJKLMNOPQRST", ("ABCDEFGHIJKLMNOPQ-28",), "ABCDEFGHIJKLMNO-28-2"),
    ],
)
def test_a_prefix_that_no_category_has_is_suggested(prefix: str, taken: tuple[str, ...], found: str) -> None:
    assert free_prefix(prefix, 2028, taken) == found
