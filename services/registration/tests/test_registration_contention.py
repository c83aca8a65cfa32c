"""Concurrent requests on real connections: never oversold, never refused while enough is free, no person twice."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from contracts import RegistrationConfirmed, RegistrationExpired
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from testkit.driver import Answer
from testkit.polling import eventually

from .registration_driver import RegistrationDriver


async def _counted(driver: RegistrationDriver) -> tuple[int, int]:
    return (await driver.places())["taken"], await driver.live_participants()


async def test_many_runners_take_exactly_the_few_places_there_are(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.open_category(quota=40)
    second_driver.category = driver.category
    forms = [driver.form() for _ in range(120)]
    processes = (driver, second_driver)
    answers = await asyncio.gather(*(processes[i % 2].try_register(form=form) for i, form in enumerate(forms)))
    assert sorted(answer.status for answer in answers) == [201] * 40 + [409] * 80
    assert await _counted(driver) == (40, 40)
    numbers = [answer.body["registration_number"] for answer in answers if answer.status == 201]
    assert len(set(numbers)) == 40


async def test_mixed_sizes_fill_every_place_and_no_more(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.open_category(quota=97)
    sizes = [1] * 40 + [5] * 12 + [10] * 8
    random.Random(7).shuffle(sizes)
    forms = [driver.form(size) for size in sizes]
    processes = (driver, second_driver)
    answers = await asyncio.gather(*(processes[i % 2].try_register(form=form) for i, form in enumerate(forms)))
    sold = sum(size for size, answer in zip(sizes, answers, strict=True) if answer.status == 201)
    assert await _counted(driver) == (sold, sold)
    assert sold == 97  # there were enough single runners to fill what no group fitted into
    for size, answer in zip(sizes, answers, strict=True):
        if answer.status == 409:
            assert answer.body["places_left"] < size


async def test_one_person_on_many_connections_registers_once(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.open_category()
    form = driver.form()
    processes = (driver, second_driver)
    answers = await asyncio.gather(*(processes[i % 2].try_register(form=form) for i in range(16)))
    codes = sorted(answer.body.get("code", "in") for answer in answers)
    assert codes == ["already_registered"] * 15 + ["in"]
    assert await _counted(driver) == (1, 1)


async def test_one_key_on_many_connections_is_one_registration(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.open_category()
    form = driver.form(5)
    processes = (driver, second_driver)
    answers = await asyncio.gather(*(processes[i % 2].try_register(form=form, key="same") for i in range(16)))
    entries = {answer.body["registration_id"] for answer in answers if answer.status == 201}
    assert len(entries) == 1
    assert await _counted(driver) == (5, 5)


async def test_groups_that_share_people_across_categories_do_not_lock_each_other_out(
    driver: RegistrationDriver,
) -> None:
    first, second = await driver.open_category(), await driver.open_category()
    people = [driver.person() for _ in range(5)]
    forms = []
    for index in range(12):
        mixed = people.copy()
        random.Random(index).shuffle(mixed)
        form = driver.form(5, category_id=(first, second)[index % 2]["id"])
        form["participants"] = [{**person, "is_pic": place == 0} for place, person in enumerate(mixed)]
        forms.append(form)
    answers = await asyncio.gather(*(driver.try_register(form=form) for form in forms))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 11
    assert await driver.live_participants() == 5


_SET_LIVE = text("""
    UPDATE participants SET live = true WHERE registration_id = CAST(:id AS uuid) AND person_key = :key
""")
_WAITS_FOR_A_LOCK = """
    SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
_KEYS = "SELECT person_key FROM participants WHERE registration_id = CAST(:id AS uuid) ORDER BY 1"
_WRITE_AGAIN = """
    UPDATE participants SET position = position WHERE registration_id = CAST(:id AS uuid) AND person_key = :key
"""
"""Moves the row behind the others of its table."""


async def test_a_group_that_gets_its_places_back_does_not_deadlock_with_its_own_people(
    driver: RegistrationDriver,
) -> None:
    """The same five register in another category while a late payment brings their first registration back."""
    await driver.open_category()
    form = driver.form(5)
    expired = await driver.register(form=form)
    await driver.pass_deadline()
    other = await driver.register(form={**form, "category_id": (await driver.open_category())["id"]})
    await driver.cancel(other["registration_id"])
    rows = await driver.rows(_KEYS, id=other["registration_id"])
    first, last = rows[0]["person_key"], rows[-1]["person_key"]
    await driver.execute(_WRITE_AGAIN, id=expired["registration_id"], key=first)

    async with driver.database.work() as admission:
        await admission.session.execute(_SET_LIVE, {"id": other["registration_id"], "key": first})
        returning = asyncio.create_task(driver.verify(expired))
        await eventually(lambda: driver.scalar(_WAITS_FOR_A_LOCK))
        await admission.session.execute(_SET_LIVE, {"id": other["registration_id"], "key": last})
    with pytest.raises(IntegrityError):  # the event is retried, and refunds
        await returning
    assert await driver.scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0


async def test_without_the_guard_the_same_rush_oversells(driver: RegistrationDriver) -> None:
    """The negative control: look first, then take, on connections of their own."""
    await driver.open_category(quota=5)
    async with driver.database.work() as work:
        drop = "ALTER TABLE category_places DROP CONSTRAINT ck_category_places_never_oversold"
        await work.session.execute(text(drop))
    all_looked = asyncio.Barrier(8)

    async def look_then_take() -> None:
        async with driver.database.work() as work:
            left = (await work.session.execute(text("SELECT quota - taken FROM category_places"))).scalar_one()
            await all_looked.wait()
            if left > 0:
                await work.session.execute(text("UPDATE category_places SET taken = taken + 1"))

    await asyncio.gather(*(look_then_take() for _ in range(8)))
    assert (await driver.places())["taken"] == 8  # oversold, and our checks see it


async def test_the_database_itself_refuses_an_oversold_category(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=3)
    with pytest.raises(Exception, match="never_oversold"):
        await driver.execute("UPDATE category_places SET taken = 4")


async def test_bibs_given_in_parallel_are_in_order_and_never_twice(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=60)
    entries = [await driver.register(size) for size in (1, 5, 10, 1, 5, 10, 1, 5, 1, 1)]
    await asyncio.gather(*(driver.verify(entry) for entry in entries))
    confirmed = [event.payload for event in await driver.published(RegistrationConfirmed)]
    bibs = sorted(person.bib_number for each in confirmed for person in each.participants)
    start = driver.category["bib_start_number"]
    assert bibs == list(range(start, start + 40))
    for each in confirmed:
        own = [person.bib_number for person in each.participants]
        assert own == list(range(own[0], own[0] + len(own)))
    codes = {person.ticket_code for each in confirmed for person in each.participants}
    assert len(codes) == 40
    assert (await driver.places())["confirmed"] == 40


async def test_any_number_of_sweeps_release_a_place_once(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.open_category(quota=50)
    for _ in range(5):
        await driver.register(5)
    driver.clock.advance(timedelta(hours=25))
    swept = await asyncio.gather(*(each.sweep() for each in (driver, second_driver) * 3))
    assert sum(swept) == 5
    assert await _counted(driver) == (0, 0)
    assert len(await driver.published(RegistrationExpired)) == 5


async def test_concurrent_expiry_upload_and_verification_stay_consistent(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.open_category(quota=30)
    entries = [await driver.register() for _ in range(12)]
    driver.clock.advance(timedelta(hours=25))
    in_time = timedelta(hours=2)

    async def upload_and_verify(entry: dict[str, Any]) -> None:
        payment_id = await driver.upload_proof(entry, ago=in_time)
        await driver.verify(entry, payment_id)

    await asyncio.gather(*(upload_and_verify(entry) for entry in entries), driver.sweep(), second_driver.sweep())
    statuses = {await driver.status(entry["registration_id"]) for entry in entries}
    assert statuses == {"payment_verified"}  # there was room for all, so every payment counted
    assert await _counted(driver) == (12, 12)


async def test_concurrent_admission_expiry_cancellation_and_verification_do_not_deadlock(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.open_category(quota=200)
    old = [await driver.register(5) for _ in range(8)]
    driver.clock.advance(timedelta(hours=25))
    fresh = [await driver.register() for _ in range(8)]
    again = [driver.form(5) for _ in range(8)]

    async def verify(entry: dict[str, Any]) -> None:
        await driver.verify(entry, uuid4())

    results = await asyncio.gather(
        driver.sweep(),
        second_driver.sweep(),
        *(driver.try_register(form=form) for form in again),
        *(driver.try_cancel(entry["registration_id"]) for entry in fresh[:4]),
        *(verify(entry) for entry in fresh[4:]),
        *(verify(entry) for entry in old[:4]),
    )
    answers = [result.status for result in results if isinstance(result, Answer)]
    assert set(answers) <= {201, 204}
    taken, live = await _counted(driver)
    assert taken == live
    confirmed = (await driver.places())["confirmed"]
    assert confirmed == await driver.scalar("SELECT count(*) FROM participants WHERE live AND bib_number IS NOT NULL")


async def test_two_categories_racing_for_one_bib_range_cannot_both_have_it(driver: RegistrationDriver) -> None:
    await driver.create_event()
    path = f"/events/{driver.event['id']}/categories"
    bodies = [
        {
            "name": f"C{i}",
            "slug": f"c{i}",
            "price_individual": "1",
            "quota": 50,
            "registration_prefix": f"C{i}",
            "bib_start_number": 100 + i,
            "bib_end_number": 199 + i,
        }
        for i in range(6)
    ]
    answers = await asyncio.gather(*(driver.call("POST", path, by=driver.staff(), json=body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 5
    assert {answer.body.get("code") for answer in answers} == {None, "bib_range_overlap"}


async def test_a_repeated_verification_on_two_connections_gives_bibs_once(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=10)
    entry = await driver.register(5)
    event = driver.payment_verified(entry, uuid4())
    await asyncio.gather(*(driver.deliver(event) for _ in range(4)))
    assert (await driver.places())["confirmed"] == 5
    assert len(await driver.published(RegistrationConfirmed)) == 1
