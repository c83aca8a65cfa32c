"""What changes about a race, who hears of it, and whose days count."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from contracts import RaceChanged, RegistrationCreated
from registration.worker import announce_races


async def _patch(race: Any, path: str, **fields: Any) -> Any:
    return await race.http.patch(race.url(path), json=fields, headers=race.staff())


async def test_a_moved_race_is_an_event_with_a_newer_revision(race: Any) -> None:
    category = await race.open()
    await race.registered()
    path = f"/events/{race.event['id']}"
    [before] = await race.service.published(RegistrationCreated)

    day = (race.today + timedelta(days=120)).isoformat()
    assert (await _patch(race, path, name="Lari Baru", location="Stadion", event_date=day)).status_code == 200

    [changed] = await race.service.published(RaceChanged)
    said = changed.payload
    assert (said.event.name, said.event.location, said.event.event_date.isoformat()) == ("Lari Baru", "Stadion", day)
    assert said.changed == ("event_date", "location", "name")
    assert said.event.revision > before.payload.event.revision == 1
    assert said.event.timezone == before.payload.event.timezone == "Asia/Jakarta"
    assert [(str(each.category_id), each.name) for each in said.categories] == [(category["id"], category["name"])]
    assert str(changed.subject) == race.event["id"]


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
async def test_runners_hear_of_a_new_day_or_place_unless_staff_say_otherwise(
    race: Any, fields: dict[str, Any], published: bool, notified: bool
) -> None:
    await race.open()

    assert (await _patch(race, f"/events/{race.event['id']}", **fields)).status_code == 200

    told = [event.payload.notify_runners for event in await race.service.published(RaceChanged)]
    assert told == ([notified] if published else [])
    assert await race.scalar("SELECT details->'notified' FROM audit_log WHERE action = 'event.change'") is notified


async def test_a_renamed_category_is_told_without_a_message_to_runners(race: Any) -> None:
    category = await race.open()

    await _patch(race, f"/categories/{category['id']}", name="5K Umum")
    await _patch(race, f"/categories/{category['id']}", description="Datar")

    [changed] = await race.service.published(RaceChanged)
    assert [each.name for each in changed.payload.categories] == ["5K Umum"]
    assert (changed.payload.changed, changed.payload.notify_runners) == (("categories",), False)


async def test_a_change_that_is_refused_publishes_nothing(race: Any) -> None:
    await race.open()
    past = (race.today - timedelta(days=1)).isoformat()

    answer = await _patch(race, f"/events/{race.event['id']}", location="Stadion", event_date=past)

    assert answer.status_code == 422
    assert await race.service.published(RaceChanged) == []


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Asia/Calcutta", "UTC", "Etc/GMT+12"])
async def test_after_today_is_judged_where_the_race_is(race: Any, zone: str) -> None:
    today = race.clock().astimezone(ZoneInfo(zone)).date()
    body = {"name": "Lari", "location": "Sana", "timezone": zone}

    refused = await race.http.post(
        race.url("/events"), json={**body, "slug": "a", "event_date": str(today)}, headers=race.staff()
    )
    taken = await race.http.post(
        race.url("/events"),
        json={**body, "slug": "b", "event_date": str(today + timedelta(days=1))},
        headers=race.staff(),
    )

    assert (refused.status_code, taken.status_code) == (422, 201)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
async def test_registration_is_open_until_the_day_of_the_race_ends_there(race: Any, zone: str) -> None:
    day = race.clock().astimezone(ZoneInfo(zone)).date() + timedelta(days=2)
    await race.create_event(timezone=zone, event_date=day.isoformat())
    await race.open()
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)

    race.clock.advance(end - race.clock() - timedelta(minutes=1))
    assert (await race.register()).status_code == 201
    race.clock.advance(timedelta(minutes=2))
    assert (await race.register()).json()["code"] == "registration_closed"


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
async def test_a_picture_of_a_race_is_an_https_address_or_a_path(race: Any, address: str | None, status: int) -> None:
    await race.create_event()

    answer = await _patch(race, f"/events/{race.event['id']}", logo_path=address)

    assert answer.status_code == status, answer.text


async def test_a_race_from_before_is_published_once(race: Any, second_process: Any) -> None:
    await race.open()
    await race.execute("UPDATE events SET revision = 0")

    await asyncio.gather(*(announce_races(each.database) for each in (race, second_process) * 2))

    [published] = await race.service.published(RaceChanged)
    assert (published.payload.event.revision, published.payload.changed) == (1, ())
    assert not published.payload.notify_runners
