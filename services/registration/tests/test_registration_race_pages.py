"""What the page of a race shows besides its description: rules, collection of race packs, a contact and a colour."""

from typing import Any

import pytest
from contracts import RaceChanged

from .registration_driver import RegistrationDriver

_WRONG: list[tuple[str, Any]] = [
    ("rules", "x" * 20_001),
    ("rules", "Lari\u202e"),
    ("pickup_info", "x" * 4001),
    ("contact_whatsapp", "021 555 1234"),
    ("contact_whatsapp", "panitia"),
    ("contact_whatsapp", 81234567890),
    ("brand_color", "blue"),
    ("brand_color", "#00f"),
    ("brand_color", "0b5fff"),
    ("brand_color", "#0b5ffg"),
    ("brand_color", "#0b5fff\n"),
    ("brand_color", "#e0393e"),
]


@pytest.mark.parametrize(("field", "value"), _WRONG, ids=lambda each: str(each)[:12])
async def test_every_limit_is_kept_and_its_field_named(driver: RegistrationDriver, field: str, value: Any) -> None:
    await driver.create_event()
    answer = await driver.try_change_event(**{field: value})
    assert (answer.status, answer.wrong_fields) == (422, [field])


async def test_what_the_page_of_a_race_shows_is_set_changed_and_emptied(driver: RegistrationDriver) -> None:
    page = {"rules": "1. Tepat waktu.\n2. Pakai BIB.", "pickup_info": "Gate 3, 10-18", "brand_color": "#0B5FFF"}
    made = await driver.create_event(**page, contact_whatsapp="+62 812-3456-7890")
    shown = {**page, "brand_color": "#0b5fff", "contact_whatsapp": "6281234567890"}
    public = await driver.call("GET", f"/events/{made['slug']}")
    [for_staff] = (await driver.call("GET", "/catalog", by=driver.staff())).body["items"]
    for answered in (made, public.body, for_staff):
        assert {name: answered[name] for name in shown} == shown

    again = await driver.change_event(**shown)  # as it was answered
    assert {name: again[name] for name in shown} == shown
    emptied = await driver.change_event(rules="", pickup_info=" ", contact_whatsapp=None, brand_color="")
    assert {name: emptied[name] for name in shown} == dict.fromkeys(shown)
    assert await driver.published(RaceChanged) == [], "no other service shows them"


async def test_the_texts_of_a_page_may_be_long(driver: RegistrationDriver) -> None:
    longest = {"rules": "r" * 20_000, "pickup_info": "p" * 4000}
    made = await driver.create_event(**longest)
    assert {name: made[name] for name in longest} == longest


async def test_a_colour_that_text_cannot_be_read_on_is_refused_in_words(driver: RegistrationDriver) -> None:
    await driver.create_event()
    answer = await driver.try_change_event(brand_color="#e0393e")
    [error] = answer.body["errors"]
    assert (answer.status, error["field"]) == (422, "brand_color")
    assert "darker or a lighter" in error["message"]


async def test_a_summary_leaves_out_the_texts_whether_searched_or_not(driver: RegistrationDriver) -> None:
    await driver.create_event(rules="No dogs.", pickup_info="Hall A", description="Along the river")
    for query in ("fields=summary", "fields=summary&q=jakarta"):
        [event] = (await driver.call("GET", f"/events?{query}")).require(200)["items"]
        assert event["name"] == driver.event["name"]
        assert {"rules", "pickup_info", "description"} & event.keys() == set()
    for query in ("", "q=jakarta"):
        [event] = (await driver.call("GET", f"/events?{query}")).require(200)["items"]
        assert (event["rules"], event["pickup_info"]) == ("No dogs.", "Hall A")
    assert (await driver.call("GET", "/events?fields=all")).status == 422
