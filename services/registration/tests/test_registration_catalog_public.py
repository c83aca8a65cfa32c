"""The catalog as the public reads it, and what the database keeps when the API is bypassed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from testkit.driver import Answer

from .registration_driver import RegistrationDriver


async def _public(driver: RegistrationDriver, slug: str | None = None, **headers: str) -> Answer:
    path = f"/events/{slug}" if slug else "/events"
    return await driver.call("GET", path, headers={name.replace("_", "-"): v for name, v in headers.items()})


async def test_places_left_follow_what_is_taken_and_given_back(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=20)

    async def left() -> int:
        driver.clock.advance(timedelta(seconds=1))
        shown = (await _public(driver, driver.event["slug"])).body
        return int(shown["categories"][0]["places_left"])

    assert await left() == 20
    entry = await driver.register(5)
    await driver.register()
    assert await left() == 14
    await driver.cancel(entry["registration_id"])
    assert await left() == 19


async def test_the_public_sees_active_events_and_categories_only(driver: RegistrationDriver) -> None:
    shown = await driver.open_category()
    hidden = await driver.open_category(is_active=False)
    event = driver.event
    withdrawn = await driver.create_event()
    await driver.open_category()
    await driver.change_event(is_active=False)
    found = (await _public(driver)).body["items"]
    assert [each["id"] for each in found] == [event["id"]]
    assert [each["id"] for each in found[0]["categories"]] == [shown["id"]]
    answer = await _public(driver, withdrawn["slug"])
    assert answer.is_problem(404, "unknown_event")
    everything = (await driver.call("GET", "/catalog", by=driver.staff())).body["items"]
    assert {each["id"] for each in everything} == {event["id"], withdrawn["id"]}
    [with_hidden] = [each for each in everything if each["id"] == event["id"]]
    assert [each["id"] for each in with_hidden["categories"]] == [shown["id"], hidden["id"]]


async def test_events_come_soonest_first_and_categories_by_bib(driver: RegistrationDriver) -> None:
    today = driver.clock().date()
    far = await driver.create_event(event_date=today.replace(year=today.year + 2, day=1).isoformat())
    near = await driver.create_event(event_date=today.replace(year=today.year + 1, day=1).isoformat())
    high = await driver.open_category(bib_start_number=9000, bib_end_number=9999)
    low = await driver.open_category(bib_start_number=10, bib_end_number=500)
    found = (await _public(driver)).body
    assert [each["id"] for each in found["items"]] == [near["id"], far["id"]]
    assert [each["id"] for each in found["items"][0]["categories"]] == [low["id"], high["id"]]
    assert found["next_cursor"] is None


async def test_prices_are_strings_and_times_carry_an_offset(driver: RegistrationDriver) -> None:
    await driver.open_category(price_individual="99000", registration_open_at="2030-01-01T00:00:00+07:00")
    [category] = (await _public(driver, driver.event["slug"])).body["categories"]
    assert (category["price_individual"], category["currency"]) == ("99000.00", "IDR")
    opens = datetime.fromisoformat(category["registration_open_at"])
    assert opens == datetime.fromisoformat("2030-01-01T00:00:00+07:00")
    assert opens.tzinfo is not None


@pytest.mark.parametrize("one", [False, True])
async def test_public_reads_may_be_cached_for_seconds_and_are_not_sent_twice(
    driver: RegistrationDriver, one: bool
) -> None:
    await driver.open_category()
    slug = driver.event["slug"] if one else None
    first = await _public(driver, slug)
    assert first.headers["Cache-Control"] == "public, max-age=1, stale-while-revalidate=5"
    etag = first.headers["ETag"]
    for existing in (etag, f"W/{etag}", f'"other", {etag}', "*"):  # a compressing gateway makes an ETag weak
        again = await _public(driver, slug, if_none_match=existing)
        assert (again.status, again.content, again.headers["ETag"]) == (304, b"", etag), existing
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    await driver.register()
    driver.clock.advance(timedelta(seconds=1))
    changed = await _public(driver, slug, if_none_match=etag)
    assert changed.status == 200
    assert changed.headers["ETag"] != etag


async def test_what_staff_read_is_not_cached(driver: RegistrationDriver) -> None:
    answer = await driver.call("GET", "/catalog", by=driver.staff())
    assert answer.headers["Cache-Control"] == "no-store"


_BYPASSES = {
    "ck_events_slug_form": "UPDATE events SET slug = 'a b'",
    "ck_events_name_not_empty": "UPDATE events SET name = ''",
    "ck_events_contact_whatsapp": "UPDATE events SET contact_whatsapp = '+62812'",
    "ck_events_brand_color": "UPDATE events SET brand_color = '#0B5FFF'",
    "ck_race_categories_prefix_form": "UPDATE race_categories SET registration_prefix = 'F 5'",
    "ck_race_categories_price_individual": "UPDATE race_categories SET price_individual = -1",
    "ck_race_categories_price_collective_5": "UPDATE race_categories SET price_collective_5 = -1",
    "ck_race_categories_quota": "UPDATE race_categories SET quota = 0",
    "ck_race_categories_bib_range": "UPDATE race_categories SET bib_start_number = 0",
    "ck_race_categories_bibs_for_all": "UPDATE race_categories SET quota = 1000000",
    "ck_race_categories_payment_deadline_hours": "UPDATE race_categories SET payment_deadline_hours = 0",
    "ck_category_places_never_oversold": "UPDATE category_places SET taken = quota + 1",
    "ck_category_places_counts": "UPDATE category_places SET confirmed = taken + 1",
    "ck_category_places_bib_for_every_place": "UPDATE category_places SET next_bib = next_bib + 99",
    "ck_registrations_status": "UPDATE registrations SET status = 'paid'",
    "ck_registrations_registration_type": "UPDATE registrations SET registration_type = 'collective_7'",
    "ck_registrations_total_participants": "UPDATE registrations SET total_participants = 5",
    "ck_registrations_total_amount": "UPDATE registrations SET total_amount = -1",
    "ck_registrations_verified_has_payment": "UPDATE registrations SET status = 'payment_verified'",
    "ck_participants_gender": "UPDATE participants SET gender = 'x'",
    "ck_participants_jersey_size": "UPDATE participants SET jersey_size = 'big'",
    "ck_participants_whatsapp": "UPDATE participants SET whatsapp = '+62812'",
    "ck_participants_reachable": "UPDATE participants SET full_name = ''",
    "ck_participants_bib_with_ticket": "UPDATE participants SET bib_number = 1",
    "fk_registrations_race_category_id_event_id": "DELETE FROM race_categories",
    "fk_race_categories_event_id_event_number": "UPDATE race_categories SET event_number = event_number + 1",
}

_COPIES = {
    "ex_race_categories_bib_range": ("race_categories", "slug = 'copy', registration_prefix = 'COPY'"),
    "uq_race_categories_registration_prefix": (
        "race_categories",
        "slug = 'copy', registration_prefix = lower(registration_prefix), bib_start_number = 1, bib_end_number = 100",
    ),
    "uq_race_categories_event_id_slug": (
        "race_categories",
        "registration_prefix = 'COPY', bib_start_number = 1, bib_end_number = 100",
    ),
    "uq_registrations_registration_number": ("registrations", "status = 'expired'"),
    "uq_participants_live_person": ("participants", "position = 1, is_pic = false"),
    "uq_participants_pic": ("participants", "position = 1, live = false"),
    "uq_participants_registration_position": ("participants", "is_pic = false, live = false"),
}


async def _bypassing_is_refused(driver: RegistrationDriver, constraint: str, *statements: str) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        await _bypass(driver, statements)


async def _bypass(driver: RegistrationDriver, statements: Sequence[str]) -> None:
    async with driver.database.work() as work:
        for statement in statements:
            await work.session.execute(text(statement))


async def test_the_database_keeps_its_rules_when_the_api_is_bypassed(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100, registration_prefix="FR5K")
    await driver.register()
    for constraint, statement in _BYPASSES.items():
        await _bypassing_is_refused(driver, constraint, statement)


async def test_the_database_refuses_what_must_be_unique(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=100, registration_prefix="FR5K")
    await driver.register()
    for constraint, (table, changes) in _COPIES.items():
        await _bypassing_is_refused(
            driver,
            constraint,
            f"CREATE TEMP TABLE copy ON COMMIT DROP AS SELECT * FROM {table}",
            f"UPDATE copy SET id = gen_random_uuid(), {changes}",
            f"INSERT INTO {table} SELECT * FROM copy",
        )


async def test_a_bib_and_a_ticket_code_are_given_once(driver: RegistrationDriver) -> None:
    await driver.open_category()
    for _ in range(2):
        await driver.verify(await driver.register())
    await _bypassing_is_refused(
        driver, "uq_participants_bib", "UPDATE participants SET bib_number = (SELECT min(bib_number) FROM participants)"
    )
    await _bypassing_is_refused(
        driver,
        "uq_participants_ticket_code",
        "UPDATE participants SET ticket_code = (SELECT min(ticket_code) FROM participants)",
    )
