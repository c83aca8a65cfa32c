"""Races in the console: created, edited without undoing others' work, published after a look, and seen before."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from chassis.auth.principals import Role
from web.console.races.colors import Swatch
from web.console.races.race_forms import slug_of
from web.console.races.values import amount, moment, shown_amount, whole_number

from .markup import parsed
from .races_api import CONSOLE, ONE, RACES, RacesApi, console, error, fields, opened, sent
from .walk import problem
from .walk_races_answers import DRAFT, RACE, staff_category, staff_race

NEW = {"name": "Lari Kota", "event_date": "2027-08-17", "location": "Kota Tua", "timezone": "Asia/Makassar"}


async def test_a_race_is_created_unpublished_with_an_address_from_its_name_and_times_in_its_zone() -> None:
    api = RacesApi()
    async with console(api) as browser:
        answer = await browser.post(f"{CONSOLE}/new", data={**NEW, "changes_until": "2027-08-10T23:59"})
    body = sent(api.changes[0])
    assert (body["slug"], body["is_active"]) == ("lari-kota", False)
    assert body["changes_until"] == "2027-08-10T23:59:00+08:00"
    assert answer.headers["location"] == f"{CONSOLE}/{api.races[-1]['id']}?done=created"


async def test_what_was_typed_is_still_there_after_a_refusal_which_stands_at_its_field() -> None:
    api = RacesApi(refuse=lambda request: problem(409, "slug_taken", detail="Taken.") if request.content else None)
    async with console(api) as browser:
        answer = await browser.post(f"{CONSOLE}/new", data=NEW)
    assert answer.status_code == 409
    assert error(answer.text, "slug") == "Error: Taken."
    assert fields(parsed(answer.text))["location"] == "Kota Tua"
    assert parsed(answer.text).one("form", data_unsaved="typed"), "leaving it now loses something"


async def test_only_what_was_typed_is_changed() -> None:
    api = RacesApi([staff_race(description="Satu\nDua", event_date="2026-01-01")])
    async with console(api) as browser:
        form = fields(await opened(browser, f"{ONE}/edit"))
        answer = await browser.post(f"{ONE}/edit", data={**form, "description": "Satu\r\nDua", "location": "Ancol"})
    assert answer.headers["location"] == f"{ONE}?done=saved"
    assert [sent(each) for each in api.changes] == [{"location": "Ancol"}], "a day that is over would be refused"


async def test_what_somebody_else_changed_in_the_meantime_is_kept() -> None:
    api = RacesApi()
    async with console(api) as browser:
        form = fields(await opened(browser, f"{ONE}/edit"))
        api.race(RACE)["description"] = "Theirs"
        await browser.post(f"{ONE}/edit", data={**form, "location": "Ancol"})
    assert [sent(each) for each in api.changes] == [{"location": "Ancol"}]


async def test_two_changes_of_one_field_are_shown_before_the_second_holds() -> None:
    api = RacesApi([staff_race(rules="1.")])
    async with console(api) as browser:
        form = fields(await opened(browser, f"{ONE}/edit"))
        api.race(RACE).update(location="Theirs", rules="2.")
        refused = await browser.post(f"{ONE}/edit", data={**form, "location": "Mine"})
        assert (refused.status_code, api.changes) == (409, [])
        assert "It is now: Theirs" in error(refused.text, "location")
        again = fields(parsed(refused.text))
        assert (again["location"], again["rules"]) == ("Mine", "2.")
        await browser.post(f"{ONE}/edit", data=again)
    assert [sent(each) for each in api.changes] == [{"location": "Mine"}]


async def test_another_zone_takes_the_time_that_is_typed_in_it_along() -> None:
    api = RacesApi([staff_race(changes_until="2027-08-10T16:59:00Z")])
    async with console(api) as browser:
        form = fields(await opened(browser, f"{ONE}/edit"))
        assert form["changes_until"] == "2027-08-10T23:59"
        await browser.post(f"{ONE}/edit", data={**form, "timezone": "Asia/Jayapura"})
    assert sent(api.changes[0]) == {"timezone": "Asia/Jayapura", "changes_until": "2027-08-10T23:59:00+09:00"}


@pytest.mark.parametrize(
    ("chosen", "notify"), [("", {}), ("yes", {"notify_runners": True}), ("no", {"notify_runners": False})]
)
async def test_runners_get_a_message_as_staff_choose(chosen: str, notify: dict[str, Any]) -> None:
    api = RacesApi()
    async with console(api) as browser:
        form = fields(await opened(browser, f"{ONE}/edit"))
        await browser.post(f"{ONE}/edit", data={**form, "name": "Lain", "notify_runners": chosen})
    assert sent(api.changes[0]) == {"name": "Lain", **notify}


async def test_saving_nothing_changes_nothing() -> None:
    api = RacesApi()
    async with console(api) as browser:
        answer = await browser.post(f"{ONE}/edit", data=fields(await opened(browser, f"{ONE}/edit")))
    assert (answer.status_code, api.changes) == (303, [])


async def test_publishing_names_what_is_missing_and_what_happens() -> None:
    draft = staff_race("Bandung Lari", id=DRAFT, is_active=False)
    api = RacesApi([draft])
    async with console(api) as browser:
        page = await opened(browser, f"{CONSOLE}/{DRAFT}/publish")
        assert "There is no category that runners can choose." in page.text
        assert "What happens when you publish Bandung Lari" in page.text
        answer = await browser.post(f"{CONSOLE}/{DRAFT}/publish")
    assert (answer.status_code, draft["is_active"]) == (303, True)


async def test_taking_a_race_off_the_site_says_what_goes_on() -> None:
    api = RacesApi()
    async with console(api) as browser:
        page = await opened(browser, f"{ONE}/unpublish")
        assert "Registered runners keep their pages" in page.text
        await browser.post(f"{ONE}/unpublish")
    assert sent(api.of("PATCH", f"{RACES}/{RACE}")[0]) == {"is_active": False}


async def test_staff_see_the_public_page_before_it_is_public() -> None:
    api = RacesApi([staff_race("Bandung Lari", staff_category(), id=DRAFT, is_active=False)])
    async with console(api, Role.VIEWER) as browser:
        page = await opened(browser, f"{CONSOLE}/{DRAFT}/preview")
    assert page.one("h1").text == "Bandung Lari"
    assert "The race is not published" in page.text
    assert page.one("meta", name="robots").get("content") == "noindex"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.FINANCE, Role.CHECKIN])
async def test_other_roles_look_and_change_nothing(role: Role) -> None:
    api = RacesApi([staff_race("Jakarta Fun Run", staff_category())])
    async with console(api, role) as browser:
        page = await opened(browser, ONE)
        assert [each.get("href") for each in page.all("main")[0].all("a") if "edit" in (each.get("href") or "")] == []
        for path in ("/edit", "/publish", "/copy", "/pictures/banner", "/categories/new"):
            assert (await browser.get(ONE + path)).status_code == 403, path
        assert (await browser.post(f"{ONE}/unpublish")).status_code == 403
    assert api.changes == []


async def test_the_list_is_filtered_by_words_and_state() -> None:
    over = staff_race("Bandung Lari", id=DRAFT, event_date="2026-08-17", slug="lama")
    async with console(RacesApi([staff_race(), over])) as browser:
        for query, names in (("", 2), ("?q=senayan", 2), ("?q=lama", 1), ("?state=over", 1), ("?state=draft", 0)):
            page = await opened(browser, CONSOLE + query)
            assert len([row for body in page.all("tbody") for row in body.all("tr")]) == names, query


async def test_the_contrast_of_a_colour_is_shown_while_it_is_typed() -> None:
    async with console(RacesApi()) as browser:
        good = await browser.get(f"{CONSOLE}/color", params={"brand_color": "#0B5FFF"})
        bad = await browser.get("/console/races/color", params={"brand_color": "#777777"})
        none = await browser.get(f"{CONSOLE}/color", params={"brand_color": '"><script>'})
    assert "White text, contrast 5.1 to 1." in parsed(good.text).text
    assert 'fill="#0b5fff"' in good.text
    assert "style=" not in good.text
    assert "kontras 4,4 banding 1." in bad.text
    assert "<script" not in none.text


async def test_while_registration_is_away_the_list_says_so() -> None:
    async with console(RacesApi(refuse=lambda _: httpx.Response(502))) as browser:
        page = await opened(browser, CONSOLE)
    assert "Registrations do not answer right now" in page.text


def test_a_contrast_that_is_too_little_never_looks_like_enough() -> None:
    found = Swatch.of("#777777")
    assert found is not None
    assert (found.ratio, found.is_readable) == (4.4, False)


def test_amounts_are_read_as_indonesians_write_them() -> None:
    for text in ("150.000", "150000", "Rp 150.000", "Rp150.000,00", "rp. 150 000"):
        assert amount(text) in ("150000", "150000.00"), text
    assert (amount("1.500.000"), amount("150000,50")) == ("1500000", "150000.50")
    for wrong in ("", "1.5", "x", "1,000", "-5", "1.50.000"):
        with pytest.raises(ValueError, match=r".*"):
            amount(wrong)


def test_what_is_shown_is_read_as_the_same() -> None:
    for text in ("0.00", "150000.00", "1500000.50"):
        assert Decimal(amount(shown_amount(Decimal(text)))) == Decimal(text)
    assert whole_number("1.000") == 1000
    assert moment("2027-08-17T07:00", "Asia/Makassar") == "2027-08-17T07:00:00+08:00"


@pytest.mark.parametrize(
    ("text", "zone"), [("x", "Asia/Jakarta"), ("2027-08-17T07:00Z", "UTC"), ("2027-08-17", "No/Where")]
)
def test_what_is_no_time_of_a_zone_is_refused(text: str, zone: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        moment(text, zone)


def test_an_address_is_made_of_any_name() -> None:
    assert [slug_of(each) for each in ("Lari Kota 2027!", "Café/Run", "跑")] == ["lari-kota-2027", "cafe-run", ""]
