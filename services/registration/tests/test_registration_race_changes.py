"""Changes of a race, what is published about them, and whose time zone counts."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from contracts import RaceChanged, RegistrationCreated
from registration.worker import announce_races

from .registration_driver import RegistrationDriver


async def test_a_moved_race_is_an_event_with_a_newer_revision(driver: RegistrationDriver) -> None:
    category = await driver.open_category()
    await driver.register()
    [before] = await driver.published(RegistrationCreated)

    day = (driver.today + timedelta(days=120)).isoformat()
    await driver.change_event(name="Lari Baru", location="Stadion", event_date=day)

    [changed] = await driver.published(RaceChanged)
    payload = changed.payload
    assert (payload.event.name, payload.event.location, payload.event.event_date.isoformat()) == (
        "Lari Baru",
        "Stadion",
        day,
    )
    assert payload.changed == ("event_date", "location", "name")
    assert payload.event.revision > before.payload.event.revision == 1
    assert payload.event.timezone == before.payload.event.timezone == "Asia/Jakarta"
    assert [(str(each.category_id), each.name) for each in payload.categories] == [(category["id"], category["name"])]
    assert str(changed.subject) == driver.event["id"]


@pytest.mark.parametrize(
    ("fields", "published", "notified"),
    [
        ({"location": "Stadion"}, True, True),
        ({"location": "Stadion", "notify_runners": False}, True, False),
        ({"name": "Lari Baru"}, True, False),
        ({"name": "Lari Baru", "notify_runners": True}, True, True),
        ({"description": "Seru", "notify_runners": True}, True, True),
        ({"description": "Seru"}, False, False),
        ({"location": "Senayan"}, False, False),
    ],
)
async def test_runners_are_notified_of_a_new_day_or_place_unless_staff_decide_otherwise(
    driver: RegistrationDriver, fields: dict[str, Any], published: bool, notified: bool
) -> None:
    await driver.open_category()

    await driver.change_event(**fields)

    notifying = [event.payload.notify_runners for event in await driver.published(RaceChanged)]
    assert notifying == ([notified] if published else [])
    [logged] = await driver.audit_log("event.change")
    assert logged["details"]["notified"] is notified
    changed = {name: value for name, value in fields.items() if name != "notify_runners" and value != "Senayan"}
    assert logged["details"]["after"] == changed
    assert logged["details"]["before"].keys() == changed.keys()


async def test_a_renamed_category_is_published_without_a_message_to_runners(driver: RegistrationDriver) -> None:
    await driver.open_category()

    await driver.change_category(name="5K Umum")
    await driver.change_category(description="Datar")

    [changed] = await driver.published(RaceChanged)
    assert [each.name for each in changed.payload.categories] == ["5K Umum"]
    assert (changed.payload.changed, changed.payload.notify_runners) == (("categories",), False)


async def test_a_change_that_is_refused_publishes_nothing(driver: RegistrationDriver) -> None:
    await driver.open_category()
    past = (driver.today - timedelta(days=1)).isoformat()

    answer = await driver.try_change_event(location="Stadion", event_date=past)

    assert answer.status == 422
    assert await driver.published(RaceChanged) == []


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Asia/Calcutta", "UTC", "Etc/GMT+12"])
async def test_after_today_is_judged_where_the_race_is(driver: RegistrationDriver, zone: str) -> None:
    today = driver.clock().astimezone(ZoneInfo(zone)).date()
    body = {"name": "Lari", "location": "Sana", "timezone": zone}

    refused = await driver.call(
        "POST", "/events", by=driver.staff(), json={**body, "slug": "a", "event_date": str(today)}
    )
    taken = await driver.call(
        "POST", "/events", by=driver.staff(), json={**body, "slug": "b", "event_date": str(today + timedelta(days=1))}
    )

    assert (refused.status, taken.status) == (422, 201)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
async def test_registration_is_open_until_the_day_of_the_race_ends_there(driver: RegistrationDriver, zone: str) -> None:
    day = driver.clock().astimezone(ZoneInfo(zone)).date() + timedelta(days=2)
    await driver.create_event(timezone=zone, event_date=day.isoformat())
    await driver.open_category()
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)

    driver.clock.advance(end - driver.clock() - timedelta(minutes=1))
    await driver.register()
    driver.clock.advance(timedelta(minutes=2))
    assert (await driver.try_register()).code == "registration_closed"


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("https://cdn.example/logo.png", 200),
        ("/media/logo.png", 200),
        (None, 200),
        ("javascript:alert(1)", 422),
        ("//evil.example/x.png", 422),
        ("http://cdn.example/logo.png", 422),
        ("data:image/png;base64,AAAA", 422),
        ('https://evil.example/"><script>', 422),
        ("https://user:pass@evil.example/x.png", 422),
        (" javascript:alert(1)", 422),
    ],
)
async def test_a_picture_of_a_race_is_an_https_address_or_a_path(
    driver: RegistrationDriver, address: str | None, status: int
) -> None:
    await driver.create_event()

    answer = await driver.try_change_event(logo_path=address)

    assert answer.status == status, answer.body


async def test_a_race_of_the_previous_release_is_published_once(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.open_category()
    await driver.execute("UPDATE events SET revision = 0")

    await asyncio.gather(*(announce_races(each.database) for each in (driver, second_driver) * 2))

    [published] = await driver.published(RaceChanged)
    assert (published.payload.event.revision, published.payload.changed) == (1, ())
    assert not published.payload.notify_runners


async def test_runners_cannot_correct_their_data_after_the_day_of_the_race(driver: RegistrationDriver) -> None:
    day = (driver.clock() + timedelta(days=30)).date()
    last, too_late = f"{day}T23:59:59+08:00", f"{day + timedelta(days=1)}T00:00:00+08:00"
    await driver.create_event(timezone="Asia/Makassar", event_date=str(day), changes_until=last)
    for fields in (
        {"changes_until": too_late},
        {"changes_until": "9999-12-31T23:59:59Z"},
        {"event_date": str(day - timedelta(days=1))},
        {"timezone": "Asia/Jayapura"},
    ):
        answer = await driver.try_change_event(**fields)
        assert answer.is_problem(422, "invalid_fields")
        assert answer.wrong_fields == ["changes_until"]
    await driver.change_event(event_date=str(day - timedelta(days=1)), changes_until=None)
    await driver.change_event(name="Lari Baru")
