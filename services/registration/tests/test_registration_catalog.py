"""Events and categories: what staff may enter, what the public sees, and what the database refuses by itself."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from testkit.polling import eventually

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


def _event(race: Any, **fields: Any) -> dict[str, Any]:
    in_a_month = (race.clock() + timedelta(days=30)).date().isoformat()
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


async def _post_event(race: Any, body: dict[str, Any]) -> httpx.Response:
    answer: httpx.Response = await race.http.post(race.url("/events"), json=body, headers=race.staff())
    return answer


async def _post_category(race: Any, body: dict[str, Any], event_id: str | None = None) -> httpx.Response:
    path = race.url(f"/events/{event_id or race.event['id']}/categories")
    answer: httpx.Response = await race.http.post(path, json=body, headers=race.staff())
    return answer


async def _patch(race: Any, path: str, body: Any) -> httpx.Response:
    answer: httpx.Response = await race.http.patch(race.url(path), json=body, headers=race.staff())
    return answer


async def _change(race: Any, **fields: Any) -> httpx.Response:
    return await _patch(race, f"/categories/{race.category['id']}", fields)


def _refused(answer: httpx.Response, code: str) -> bool:
    return (answer.status_code, answer.json()["code"]) == (409, code)


def _names(answer: httpx.Response, field: str) -> bool:
    named = [error["field"] for error in answer.json().get("errors", [])]
    return answer.status_code == 422 and field in named


async def test_every_limit_of_an_event_is_kept_and_its_field_named(race: Any) -> None:
    answers = [
        (name, value, await _post_event(race, _event(race, **{name: value}))) for name, value in _WRONG_EVENT_FIELDS
    ]
    assert [(name, value, answer.text) for name, value, answer in answers if not _names(answer, name)] == []
    assert await race.scalar("SELECT count(*) FROM events") == 0


async def test_every_limit_of_a_category_is_kept_and_its_field_named(race: Any) -> None:
    await race.create_event()
    answers = [
        (name, value, await _post_category(race, _category(**{name: value}))) for name, value in _WRONG_CATEGORY_FIELDS
    ]
    assert [(name, value, answer.text) for name, value, answer in answers if not _names(answer, name)] == []
    assert await race.scalar("SELECT count(*) FROM race_categories") == 0


async def test_an_optional_text_that_is_empty_means_none(race: Any) -> None:
    event = await _post_event(race, _event(race, description="", logo_path=" ", banner_path=""))
    assert (event.status_code, event.json()["description"], event.json()["logo_path"]) == (201, None, None)
    race.event = event.json()
    category = await _post_category(race, _category(description="\u200b", distance=""))
    assert (category.status_code, category.json()["description"], category.json()["distance"]) == (201, None, None)


@pytest.mark.parametrize("price", ["150.000", "150,000", "1.5e5", "150_000", "\uff11\uff15", "150000.0", 150000, 1.5])
async def test_a_price_that_could_be_another_amount_is_refused(race: Any, price: Any) -> None:
    await race.create_event()
    answer = await _post_category(race, _category(price_individual=price))
    assert answer.status_code == 422
    assert '"150000.00"' in answer.json()["errors"][0]["message"]


async def test_what_reaches_the_limits_is_accepted(race: Any) -> None:
    limits = {"name": "x" * 255, "slug": "s" * 255, "location": "l" * 255, "description": "d" * 5000}
    event = await _post_event(race, _event(race, timezone="Asia/Jayapura", **limits))
    assert event.status_code == 201, event.text
    category = await _post_category(
        race,
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
        event.json()["id"],
    )
    assert category.status_code == 201, category.text
    assert category.json()["price_individual"] == "0.00"
    assert category.json()["places_left"] == 1_000_000
    race.category = category.json()
    assert (await race.registered(10))["total_amount"] == "9999999999.90"


async def test_a_date_must_be_in_the_future_when_it_is_set_and_when_it_is_changed(race: Any) -> None:
    today = race.today
    for late in (today, today - timedelta(days=1)):
        assert _names(await _post_event(race, _event(race, event_date=late.isoformat())), "event_date")
    await race.create_event(event_date=(today + timedelta(days=1)).isoformat())
    path = f"/events/{race.event['id']}"
    assert _names(await _patch(race, path, {"event_date": today.isoformat()}), "event_date")
    race.clock.advance(timedelta(days=5))
    assert (await _patch(race, path, {"description": "It was a good run."})).status_code == 200


async def test_an_event_is_changed_field_by_field(race: Any) -> None:
    before = await race.create_event(description="Once")
    answer = await _patch(race, f"/events/{before['id']}", {"name": "Jakarta Night Run", "description": None})
    assert answer.status_code == 200
    assert answer.json() == {**before, "name": "Jakarta Night Run", "description": None}


async def test_a_slug_belongs_to_one_event(race: Any) -> None:
    first = await race.create_event()
    assert _refused(await _post_event(race, _event(race, slug=first["slug"])), "slug_taken")
    second = await race.create_event()
    assert _refused(await _patch(race, f"/events/{second['id']}", {"slug": first["slug"]}), "slug_taken")
    assert (await _patch(race, f"/events/{first['id']}", {"slug": first["slug"]})).status_code == 200


async def test_a_category_slug_is_unique_in_its_event_only(race: Any) -> None:
    await race.create_event()
    assert (await _post_category(race, _category())).status_code == 201
    again = _category(registration_prefix="B", bib_start_number=300, bib_end_number=399)
    assert _refused(await _post_category(race, again), "slug_taken")
    await race.create_event()
    assert (await _post_category(race, again)).status_code == 201


async def test_a_prefix_is_unique_everywhere_whatever_its_case(race: Any) -> None:
    await race.create_event()
    assert (await _post_category(race, _category())).status_code == 201
    await race.create_event()
    assert _refused(await _post_category(race, _category(registration_prefix="fr5k")), "prefix_taken")
    await race.open(registration_prefix="other")
    assert race.category["registration_prefix"] == "OTHER"
    assert _refused(await _change(race, registration_prefix="Fr5k"), "prefix_taken")


async def test_a_prefix_stays_once_numbers_were_given_with_it(race: Any) -> None:
    await race.open(registration_prefix="EARLY")
    assert (await _change(race, registration_prefix="MIND")).status_code == 200
    assert (await _change(race, registration_prefix="EARLY")).status_code == 200
    await race.registered()
    assert _refused(await _change(race, registration_prefix="LATE"), "numbers_already_given")
    unchanged = await _change(race, registration_prefix="early", name="Early bird")
    assert (unchanged.status_code, unchanged.json()["name"]) == (200, "Early bird")


async def test_bib_ranges_of_one_event_never_overlap(race: Any) -> None:
    await race.create_event()
    assert (await _post_category(race, _category())).status_code == 201
    for start, end in ((100, 199), (50, 100), (199, 250), (120, 130), (1, 500)):
        other = {"slug": "x", "registration_prefix": "X", "quota": 1}
        overlapping = _category(**other, bib_start_number=start, bib_end_number=end)
        assert _refused(await _post_category(race, overlapping), "bib_range_overlap"), (start, end)


async def test_neighbouring_bib_ranges_and_those_of_other_events_are_fine(race: Any) -> None:
    await race.create_event()
    assert (await _post_category(race, _category())).status_code == 201
    for slug, start, end in (("before", 1, 99), ("after", 200, 299)):
        body = _category(slug=slug, registration_prefix=slug, quota=50, bib_start_number=start, bib_end_number=end)
        assert (await _post_category(race, body)).status_code == 201
    await race.create_event()
    assert (await _post_category(race, _category(registration_prefix="OTHER"))).status_code == 201


async def test_a_change_cannot_make_bib_ranges_overlap(race: Any) -> None:
    first = await race.open(quota=10, bibs=100)
    second = await race.open(quota=10, bibs=100)
    answer = await _patch(race, f"/categories/{first['id']}", {"bib_end_number": second["bib_start_number"]})
    assert _refused(answer, "bib_range_overlap")
    assert (await race.places(first["id"]))["bib_end"] == first["bib_end_number"]


async def test_there_are_never_fewer_bibs_than_places(race: Any) -> None:
    await race.open(quota=10)
    assert _names(await _change(race, quota=11), "bib_end_number")
    assert _names(await _change(race, bib_end_number=race.category["bib_end_number"] - 1), "bib_end_number")
    both = await _change(race, quota=11, bib_end_number=race.category["bib_end_number"] + 1)
    assert (both.status_code, both.json()["places_left"]) == (200, 11)


async def test_the_quota_cannot_fall_below_what_is_taken(race: Any) -> None:
    await race.open(quota=10)
    await race.registered(5)
    assert _refused(await _change(race, quota=4), "quota_below_taken")
    answer = await _change(race, quota=5)
    assert (answer.status_code, answer.json()["places_left"]) == (200, 0)


async def test_raising_the_quota_opens_sales_again(race: Any) -> None:
    await race.open(quota=1, bibs=2)
    await race.registered()
    assert (await _change(race, quota=2)).status_code == 200

    async def sold() -> bool:
        return bool((await race.register()).status_code == 201)

    await eventually(sold, every=0.1)
    assert (await race.places())["taken"] == 2
    assert (await race.register()).json()["code"] == "category_full"


async def test_a_bib_range_may_move_until_the_first_bib_is_given(race: Any) -> None:
    await race.open(quota=2, bib_start_number=500, bib_end_number=509)
    moved = await _change(race, bib_start_number=600, bib_end_number=609)
    assert moved.status_code == 200, moved.text
    entry = await race.registered()
    await race.verify(entry)
    assert (await race.show(entry["registration_id"]))["participants"][0]["bib_number"] == 600
    assert _refused(await _change(race, bib_start_number=700, bib_end_number=709), "bibs_already_given")
    assert _refused(await _change(race, bib_start_number=601), "bibs_already_given")
    assert (await _change(race, bib_end_number=650)).status_code == 200
    assert (await race.places())["bib_end"] == 650


async def test_a_range_cannot_shrink_below_the_bibs_that_are_still_owed(race: Any) -> None:
    await race.open(quota=2, bibs=4)
    for _ in range(2):
        entry = await race.registered()
        await race.verify(entry)
        await race.cancel(entry["registration_id"])
    shorter = race.category["bib_end_number"] - 1  # still as many BIBs as places, but two are spent
    assert _refused(await _change(race, bib_end_number=shorter), "bibs_already_given")


async def test_a_category_with_registrations_cannot_be_deleted_whatever_became_of_them(race: Any) -> None:
    await race.open()
    path = race.url(f"/categories/{race.category['id']}")
    entry = await race.registered()
    assert _refused(await race.http.delete(path, headers=race.staff()), "category_has_registrations")
    await race.cancel(entry["registration_id"])
    assert _refused(await race.http.delete(path, headers=race.staff()), "category_has_registrations")


async def test_a_category_nobody_registered_for_can_be_deleted(race: Any) -> None:
    await race.open()
    path = race.url(f"/categories/{race.category['id']}")
    assert (await race.http.delete(path, headers=race.staff())).status_code == 204
    assert await race.scalar("SELECT count(*) FROM category_places") == 0
    again = await race.http.delete(path, headers=race.staff())
    assert (again.status_code, again.json()["code"]) == (404, "unknown_category")


async def test_what_does_not_exist_cannot_be_changed(race: Any) -> None:
    answers = {
        "unknown_event": await _patch(race, f"/events/{uuid4()}", {"name": "x"}),
        "unknown_category": await _patch(race, f"/categories/{uuid4()}", {"name": "x"}),
    }
    assert {code: answer.json()["code"] for code, answer in answers.items()} == {code: code for code in answers}
    assert (await _post_category(race, _category(), str(uuid4()))).json()["code"] == "unknown_event"
    assert (await _patch(race, "/events/not-an-id", {"name": "x"})).status_code == 422


async def test_a_change_of_nothing_is_refused(race: Any) -> None:
    await race.open()
    nothing: list[Any] = [{}, [], None, "x"]
    for body in nothing:
        for path in (f"/events/{race.event['id']}", f"/categories/{race.category['id']}"):
            answer = await _patch(race, path, body)
            assert answer.status_code == 422, (path, body, answer.text)


async def test_what_must_have_a_value_cannot_be_emptied(race: Any) -> None:
    await race.open(description="x", distance="5 km", registration_open_at="2030-01-01T00:00:00+07:00")
    event, category = f"/events/{race.event['id']}", f"/categories/{race.category['id']}"
    wanted = {
        event: ["name", "slug", "event_date", "location", "timezone", "is_active"],
        category: [
            *("name", "slug", "price_individual", "quota", "registration_prefix"),
            *("bib_start_number", "bib_end_number", "is_active", "payment_deadline_hours"),
        ],
    }
    for path, fields in wanted.items():
        for field in fields:
            assert _names(await _patch(race, path, {field: None}), field), (path, field)
    optional = ["description", "distance", "price_collective_5", "price_collective_10", "registration_open_at"]
    answer = await _patch(race, category, dict.fromkeys([*optional, "registration_close_at"]))
    assert answer.status_code == 200
    assert {answer.json()[field] for field in optional} == {None}


async def test_registration_closes_after_it_opens(race: Any) -> None:
    await race.open(registration_open_at="2030-01-02T00:00:00+07:00")
    earlier = {"registration_close_at": "2030-01-01T17:00:00Z"}  # the same moment, elsewhere
    assert _names(await _change(race, **earlier), "registration_close_at")
    assert (await _change(race, registration_close_at="2030-01-01T17:00:01Z")).status_code == 200
