"""Events and categories: what staff may enter, what the public sees, and what the database refuses by itself."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from testkit.driver import Answer
from testkit.polling import eventually

from .registration_driver import RegistrationDriver

_LONG = "x" * 256

_WRONG_EVENT_FIELDS: list[tuple[str, Any]] = [
    ("name", ""),
    ("name", "   "),
    ("name", _LONG),
    ("name", "Fun\x00Run"),
    ("name", "Fun\nRun"),
    ("name", 5),
    ("name", None),
    ("slug", ""),
    ("slug", "fun run"),
    ("slug", "lari/pagi"),
    ("slug", "l\u00e1ri"),
    ("slug", "lari\n"),
    ("slug", _LONG),
    ("slug", None),
    ("description", "x" * 5001),
    ("event_date", "tomorrow"),
    ("event_date", "2031-02-30"),
    ("event_date", "2001-01-01"),
    ("event_date", None),
    ("location", ""),
    ("location", _LONG),
    ("timezone", "Asia/Atlantis"),
    ("timezone", "+07:00"),
    ("timezone", "../etc/passwd"),
    ("timezone", "Factory"),
    ("timezone", "localtime"),
    ("timezone", "posix/Asia/Jakarta"),
    ("timezone", "right/Asia/Jakarta"),
    ("timezone", "EST5EDT"),
    ("timezone", "Asia"),
    ("timezone", None),
    ("is_active", "perhaps"),
    ("id", str(uuid4())),
    ("number", 7),
    ("logo_path", "x" * 256),
]

_WRONG_CATEGORY_FIELDS: list[tuple[str, Any]] = [
    ("name", ""),
    ("name", _LONG),
    ("slug", "5 k"),
    ("slug", _LONG),
    ("description", "x" * 5001),
    ("distance", "x" * 51),
    ("price_individual", "-0.01"),
    ("price_individual", "1.001"),
    ("price_individual", "free"),
    ("price_individual", "NaN"),
    ("price_individual", "Infinity"),
    ("price_individual", "10000000000.00"),
    ("price_individual", None),
    ("price_collective_5", "-1"),
    ("price_collective_10", "-1"),
    ("price_collective_10", "1000000000.00"),
    ("quota", 0),
    ("quota", -1),
    ("quota", 1.5),
    ("quota", "many"),
    ("quota", 1_000_001),
    ("quota", None),
    ("registration_prefix", ""),
    ("registration_prefix", "FR 5K"),
    ("registration_prefix", "F" * 21),
    ("registration_prefix", None),
    ("bib_start_number", 0),
    ("bib_start_number", 2**31 - 1),
    ("bib_end_number", 0),
    ("bib_end_number", 2**31 - 1),
    ("bib_end_number", 99),
    ("bib_end_number", 198),
    ("is_active", None),
    ("registration_open_at", "2030-01-01T00:00:00"),
    ("registration_open_at", "soon"),
    ("registration_close_at", "2030-01-01"),
    ("payment_deadline_hours", 0),
    ("payment_deadline_hours", 721),
    ("payment_deadline_hours", None),
    ("taken", 0),
    ("event_id", str(uuid4())),
]


def _event(driver: RegistrationDriver, **fields: Any) -> dict[str, Any]:
    in_a_month = (driver.clock() + timedelta(days=30)).date().isoformat()
    return {"name": "Bandung Run", "slug": "bandung", "event_date": in_a_month, "location": "Gasibu", **fields}


def _category(**fields: Any) -> dict[str, Any]:
    return {
        "name": "5K",
        "slug": "5k",
        "price_individual": "150000.00",
        "quota": 100,
        "registration_prefix": "FR5K",
        "bib_start_number": 100,
        "bib_end_number": 199,
        **fields,
    }


async def _post_event(driver: RegistrationDriver, body: dict[str, Any]) -> Answer:
    return await driver.call("POST", "/events", by=driver.staff(), json=body)


async def _patch(driver: RegistrationDriver, path: str, body: Any) -> Answer:
    return await driver.call("PATCH", path, by=driver.staff(), json=body)


def _names(answer: Answer, field: str) -> bool:
    return answer.status == 422 and field in answer.wrong_fields


async def test_every_limit_of_an_event_is_kept_and_its_field_named(driver: RegistrationDriver) -> None:
    answers = [
        (name, value, await _post_event(driver, _event(driver, **{name: value}))) for name, value in _WRONG_EVENT_FIELDS
    ]
    assert [(name, value, answer.body) for name, value, answer in answers if not _names(answer, name)] == []
    assert await driver.scalar("SELECT count(*) FROM events") == 0


async def test_every_limit_of_a_category_is_kept_and_its_field_named(driver: RegistrationDriver) -> None:
    await driver.create_event()
    answers = [
        (name, value, await driver.try_create_category(_category(**{name: value})))
        for name, value in _WRONG_CATEGORY_FIELDS
    ]
    assert [(name, value, answer.body) for name, value, answer in answers if not _names(answer, name)] == []
    assert await driver.scalar("SELECT count(*) FROM race_categories") == 0


async def test_an_optional_text_that_is_empty_means_none(driver: RegistrationDriver) -> None:
    event = await _post_event(driver, _event(driver, description="", logo_path=" ", banner_path=""))
    assert (event.status, event.body["description"], event.body["logo_path"]) == (201, None, None)
    driver.event = event.body
    category = await driver.try_create_category(_category(description="\u200b", distance=""))
    assert (category.status, category.body["description"], category.body["distance"]) == (201, None, None)


@pytest.mark.parametrize("price", ["150.000", "150,000", "1.5e5", "150_000", "\uff11\uff15", "150000.0", 150000, 1.5])
async def test_a_price_that_could_be_another_amount_is_refused(driver: RegistrationDriver, price: Any) -> None:
    await driver.create_event()
    answer = await driver.try_create_category(_category(price_individual=price))
    assert answer.status == 422
    assert '"150000.00"' in answer.body["errors"][0]["message"]


async def test_what_reaches_the_limits_is_accepted(driver: RegistrationDriver) -> None:
    limits = {"name": "x" * 255, "slug": "s" * 255, "location": "l" * 255, "description": "d" * 5000}
    event = await _post_event(driver, _event(driver, timezone="Asia/Jayapura", **limits))
    assert event.status == 201, event.body
    category = await driver.try_create_category(
        _category(
            name="n" * 255,
            slug="S_-" * 85,
            distance="d" * 50,
            price_individual="0",
            price_collective_5="0.01",
            price_collective_10="999999999.99",
            quota=1_000_000,
            registration_prefix="P" * 20,
            bib_start_number=1,
            bib_end_number=2**31 - 2,
            payment_deadline_hours=720,
        ),
        event.body["id"],
    )
    assert category.status == 201, category.body
    assert category.body["price_individual"] == "0.00"
    assert category.body["places_left"] == 1_000_000
    driver.category = category.body
    assert (await driver.register(10))["total_amount"] == "9999999999.90"


async def test_a_date_must_be_in_the_future_when_it_is_set_and_when_it_is_changed(driver: RegistrationDriver) -> None:
    today = driver.today
    for late in (today, today - timedelta(days=1)):
        assert _names(await _post_event(driver, _event(driver, event_date=late.isoformat())), "event_date")
    for far in ("2207-03-14", "9999-12-31"):
        assert _names(await _post_event(driver, _event(driver, event_date=far)), "event_date")
    await driver.create_event(event_date=(today + timedelta(days=1)).isoformat())
    path = f"/events/{driver.event['id']}"
    assert _names(await _patch(driver, path, {"event_date": today.isoformat()}), "event_date")
    driver.clock.advance(timedelta(days=5))
    assert (await _patch(driver, path, {"description": "It was a good run."})).status == 200


async def test_an_event_is_changed_field_by_field(driver: RegistrationDriver) -> None:
    before = await driver.create_event(description="Once")
    answer = await _patch(driver, f"/events/{before['id']}", {"name": "Jakarta Night Run", "description": None})
    assert answer.status == 200
    assert answer.body == {**before, "name": "Jakarta Night Run", "description": None}


async def test_a_slug_belongs_to_one_event(driver: RegistrationDriver) -> None:
    first = await driver.create_event()
    assert (await _post_event(driver, _event(driver, slug=first["slug"]))).is_problem(409, "slug_taken")
    second = await driver.create_event()
    assert (await _patch(driver, f"/events/{second['id']}", {"slug": first["slug"]})).is_problem(409, "slug_taken")
    assert (await _patch(driver, f"/events/{first['id']}", {"slug": first["slug"]})).status == 200


async def test_a_category_slug_is_unique_in_its_event_only(driver: RegistrationDriver) -> None:
    await driver.create_event()
    assert (await driver.try_create_category(_category())).status == 201
    again = _category(registration_prefix="B", bib_start_number=300, bib_end_number=399)
    assert (await driver.try_create_category(again)).is_problem(409, "slug_taken")
    await driver.create_event()
    assert (await driver.try_create_category(again)).status == 201


async def test_a_prefix_is_unique_everywhere_in_any_case(driver: RegistrationDriver) -> None:
    await driver.create_event()
    assert (await driver.try_create_category(_category())).status == 201
    await driver.create_event()
    assert (await driver.try_create_category(_category(registration_prefix="fr5k"))).is_problem(409, "prefix_taken")
    await driver.open_category(registration_prefix="other")
    assert driver.category["registration_prefix"] == "OTHER"
    assert (await driver.try_change_category(registration_prefix="Fr5k")).is_problem(409, "prefix_taken")


async def test_a_prefix_stays_once_numbers_were_given_with_it(driver: RegistrationDriver) -> None:
    await driver.open_category(registration_prefix="EARLY")
    await driver.change_category(registration_prefix="MIND")
    await driver.change_category(registration_prefix="EARLY")
    await driver.register()
    assert (await driver.try_change_category(registration_prefix="LATE")).is_problem(409, "numbers_already_given")
    unchanged = await driver.try_change_category(registration_prefix="early", name="Early bird")
    assert (unchanged.status, unchanged.body["name"]) == (200, "Early bird")


async def test_bib_ranges_of_one_event_never_overlap(driver: RegistrationDriver) -> None:
    await driver.create_event()
    assert (await driver.try_create_category(_category())).status == 201
    for start, end in ((100, 199), (50, 100), (199, 250), (120, 130), (1, 500)):
        other = {"slug": "x", "registration_prefix": "X", "quota": 1}
        overlapping = _category(**other, bib_start_number=start, bib_end_number=end)
        assert (await driver.try_create_category(overlapping)).is_problem(409, "bib_range_overlap"), (start, end)


async def test_neighbouring_bib_ranges_and_those_of_other_events_are_fine(driver: RegistrationDriver) -> None:
    await driver.create_event()
    assert (await driver.try_create_category(_category())).status == 201
    for slug, start, end in (("before", 1, 99), ("after", 200, 299)):
        body = _category(slug=slug, registration_prefix=slug, quota=50, bib_start_number=start, bib_end_number=end)
        assert (await driver.try_create_category(body)).status == 201
    await driver.create_event()
    assert (await driver.try_create_category(_category(registration_prefix="OTHER"))).status == 201


async def test_a_change_cannot_make_bib_ranges_overlap(driver: RegistrationDriver) -> None:
    first = await driver.open_category(quota=10, bibs=100)
    second = await driver.open_category(quota=10, bibs=100)
    answer = await driver.try_change_category(first["id"], bib_end_number=second["bib_start_number"])
    assert answer.is_problem(409, "bib_range_overlap")
    assert (await driver.places(first["id"]))["bib_end"] == first["bib_end_number"]


async def test_there_are_never_fewer_bibs_than_places(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=10)
    assert _names(await driver.try_change_category(quota=11), "bib_end_number")
    assert _names(
        await driver.try_change_category(bib_end_number=driver.category["bib_end_number"] - 1), "bib_end_number"
    )
    both = await driver.try_change_category(quota=11, bib_end_number=driver.category["bib_end_number"] + 1)
    assert (both.status, both.body["places_left"]) == (200, 11)


async def test_the_quota_cannot_fall_below_what_is_taken(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=10)
    await driver.register(5)
    assert (await driver.try_change_category(quota=4)).is_problem(409, "quota_below_taken")
    answer = await driver.try_change_category(quota=5)
    assert (answer.status, answer.body["places_left"]) == (200, 0)


async def test_raising_the_quota_opens_sales_again(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=1, bibs=2)
    await driver.register()
    await driver.change_category(quota=2)

    async def sold() -> bool:
        return bool((await driver.try_register()).status == 201)

    await eventually(sold, every=0.1)
    assert (await driver.places())["taken"] == 2
    assert (await driver.try_register()).code == "category_full"


async def test_a_bib_range_may_move_until_the_first_bib_is_given(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=2, bib_start_number=500, bib_end_number=509)
    moved = await driver.try_change_category(bib_start_number=600, bib_end_number=609)
    assert moved.status == 200, moved.body
    entry = await driver.register()
    await driver.verify(entry)
    assert (await driver.show(entry["registration_id"]))["participants"][0]["bib_number"] == 600
    assert (await driver.try_change_category(bib_start_number=700, bib_end_number=709)).is_problem(
        409, "bibs_already_given"
    )
    assert (await driver.try_change_category(bib_start_number=601)).is_problem(409, "bibs_already_given")
    await driver.change_category(bib_end_number=650)
    assert (await driver.places())["bib_end"] == 650


async def test_a_range_cannot_shrink_below_the_bibs_that_are_still_owed(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=2, bibs=4)
    for _ in range(2):
        entry = await driver.register()
        await driver.verify(entry)
        await driver.cancel(entry["registration_id"])
    shorter = driver.category["bib_end_number"] - 1  # still as many BIBs as places, but two are spent
    assert (await driver.try_change_category(bib_end_number=shorter)).is_problem(409, "bibs_already_given")


async def test_a_category_with_registrations_cannot_be_deleted_even_if_they_ended(
    driver: RegistrationDriver,
) -> None:
    await driver.open_category()
    path = f"/categories/{driver.category['id']}"
    entry = await driver.register()
    assert (await driver.call("DELETE", path, by=driver.staff())).is_problem(409, "category_has_registrations")
    await driver.cancel(entry["registration_id"])
    assert (await driver.call("DELETE", path, by=driver.staff())).is_problem(409, "category_has_registrations")


async def test_a_category_without_registrations_can_be_deleted(driver: RegistrationDriver) -> None:
    await driver.open_category()
    path = f"/categories/{driver.category['id']}"
    assert (await driver.call("DELETE", path, by=driver.staff())).status == 204
    assert await driver.scalar("SELECT count(*) FROM category_places") == 0
    again = await driver.call("DELETE", path, by=driver.staff())
    assert again.is_problem(404, "unknown_category")


async def test_what_does_not_exist_cannot_be_changed(driver: RegistrationDriver) -> None:
    answers = {
        "unknown_event": await _patch(driver, f"/events/{uuid4()}", {"name": "x"}),
        "unknown_category": await _patch(driver, f"/categories/{uuid4()}", {"name": "x"}),
    }
    assert {code: answer.code for code, answer in answers.items()} == {code: code for code in answers}
    assert (await driver.try_create_category(_category(), str(uuid4()))).code == "unknown_event"
    assert (await _patch(driver, "/events/not-an-id", {"name": "x"})).status == 422


async def test_a_change_of_nothing_is_refused(driver: RegistrationDriver) -> None:
    await driver.open_category()
    nothing: list[Any] = [{}, [], None, "x"]
    for body in nothing:
        for path in (f"/events/{driver.event['id']}", f"/categories/{driver.category['id']}"):
            answer = await _patch(driver, path, body)
            assert answer.status == 422, (path, body, answer.body)


async def test_what_must_have_a_value_cannot_be_emptied(driver: RegistrationDriver) -> None:
    await driver.open_category(description="x", distance="5 km", registration_open_at="2030-01-01T00:00:00+07:00")
    event, category = f"/events/{driver.event['id']}", f"/categories/{driver.category['id']}"
    wanted = {
        event: ["name", "slug", "event_date", "location", "timezone", "is_active"],
        category: [
            *("name", "slug", "price_individual", "quota", "registration_prefix"),
            *("bib_start_number", "bib_end_number", "is_active", "payment_deadline_hours"),
        ],
    }
    for path, fields in wanted.items():
        for field in fields:
            assert _names(await _patch(driver, path, {field: None}), field), (path, field)
    optional = ["description", "distance", "price_collective_5", "price_collective_10", "registration_open_at"]
    answer = await _patch(driver, category, dict.fromkeys([*optional, "registration_close_at"]))
    assert answer.status == 200
    assert {answer.body[field] for field in optional} == {None}


async def test_registration_closes_after_it_opens(driver: RegistrationDriver) -> None:
    await driver.open_category(registration_open_at="2030-01-02T00:00:00+07:00")
    earlier = {"registration_close_at": "2030-01-01T17:00:00Z"}  # the same moment, elsewhere
    assert _names(await driver.try_change_category(**earlier), "registration_close_at")
    await driver.change_category(registration_close_at="2030-01-01T17:00:01Z")
