"""Many at once, on real connections: never oversold, never refused while enough is free, nobody in twice."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from contracts import RegistrationConfirmed, RegistrationExpired
from sqlalchemy import text


async def _counted(race: Any) -> tuple[int, int]:
    return (await race.places())["taken"], await race.live_participants()


async def test_many_runners_on_few_places_sell_exactly_those(race: Any, second_process: Any) -> None:
    await race.open(quota=40)
    second_process.category = race.category
    forms = [race.form() for _ in range(120)]
    processes = (race, second_process)
    answers = await asyncio.gather(*(processes[i % 2].register(form=form) for i, form in enumerate(forms)))
    assert sorted(answer.status_code for answer in answers) == [201] * 40 + [409] * 80
    assert await _counted(race) == (40, 40)
    numbers = [answer.json()["registration_number"] for answer in answers if answer.status_code == 201]
    assert len(set(numbers)) == 40


async def test_mixed_sizes_fill_every_place_and_no_more(race: Any, second_process: Any) -> None:
    await race.open(quota=97)
    sizes = [1] * 40 + [5] * 12 + [10] * 8
    random.Random(7).shuffle(sizes)
    forms = [race.form(size) for size in sizes]
    processes = (race, second_process)
    answers = await asyncio.gather(*(processes[i % 2].register(form=form) for i, form in enumerate(forms)))
    sold = sum(size for size, answer in zip(sizes, answers, strict=True) if answer.status_code == 201)
    assert await _counted(race) == (sold, sold)
    assert sold == 97  # there were enough single runners to fill what no group fitted into
    for size, answer in zip(sizes, answers, strict=True):
        if answer.status_code == 409:
            assert answer.json()["places_left"] < size


async def test_one_person_on_many_connections_gets_in_once(race: Any, second_process: Any) -> None:
    await race.open()
    form = race.form()
    processes = (race, second_process)
    answers = await asyncio.gather(*(processes[i % 2].register(form=form) for i in range(16)))
    codes = sorted(answer.json().get("code", "in") for answer in answers)
    assert codes == ["already_registered"] * 15 + ["in"]
    assert await _counted(race) == (1, 1)


async def test_one_key_on_many_connections_is_one_registration(race: Any, second_process: Any) -> None:
    await race.open()
    form = race.form(5)
    processes = (race, second_process)
    answers = await asyncio.gather(*(processes[i % 2].register(form=form, key="same") for i in range(16)))
    entries = {answer.json()["registration_id"] for answer in answers if answer.status_code == 201}
    assert len(entries) == 1
    assert await _counted(race) == (5, 5)


async def test_groups_that_share_people_across_categories_do_not_lock_each_other_out(race: Any) -> None:
    first, second = await race.open(), await race.open()
    people = [race.person() for _ in range(5)]
    forms = []
    for index in range(12):
        mixed = people.copy()
        random.Random(index).shuffle(mixed)
        form = race.form(5, category_id=(first, second)[index % 2]["id"])
        form["participants"] = [{**person, "is_pic": place == 0} for place, person in enumerate(mixed)]
        forms.append(form)
    answers = await asyncio.gather(*(race.register(form=form) for form in forms))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    assert await race.live_participants() == 5


async def test_without_the_guard_the_same_rush_oversells(race: Any) -> None:
    """The negative control: look first, then take, on connections of their own."""
    await race.open(quota=5)
    async with race.database.work() as work:
        drop = "ALTER TABLE category_places DROP CONSTRAINT ck_category_places_never_oversold"
        await work.session.execute(text(drop))
    everybody_looked = asyncio.Barrier(8)

    async def look_then_take() -> None:
        async with race.database.work() as work:
            left = (await work.session.execute(text("SELECT quota - taken FROM category_places"))).scalar_one()
            await everybody_looked.wait()
            if left > 0:
                await work.session.execute(text("UPDATE category_places SET taken = taken + 1"))

    await asyncio.gather(*(look_then_take() for _ in range(8)))
    assert (await race.places())["taken"] == 8  # oversold, and our checks see it


async def test_the_database_itself_refuses_an_oversold_category(race: Any) -> None:
    await race.open(quota=3)
    with pytest.raises(Exception, match="never_oversold"):
        async with race.database.work() as work:
            await work.session.execute(text("UPDATE category_places SET taken = 4"))


async def test_bibs_given_in_parallel_are_in_order_and_never_twice(race: Any) -> None:
    await race.open(quota=60)
    entries = [await race.registered(size) for size in (1, 5, 10, 1, 5, 10, 1, 5, 1, 1)]
    await asyncio.gather(*(race.verify(entry) for entry in entries))
    confirmed = [event.payload for event in await race.service.published(RegistrationConfirmed)]
    bibs = sorted(person.bib_number for each in confirmed for person in each.participants)
    start = race.category["bib_start_number"]
    assert bibs == list(range(start, start + 40))
    for each in confirmed:
        own = [person.bib_number for person in each.participants]
        assert own == list(range(own[0], own[0] + len(own)))
    codes = {person.ticket_code for each in confirmed for person in each.participants}
    assert len(codes) == 40
    assert (await race.places())["confirmed"] == 40


async def test_any_number_of_sweeps_release_a_place_once(race: Any, second_process: Any) -> None:
    await race.open(quota=50)
    for _ in range(5):
        await race.registered(5)
    race.clock.advance(timedelta(hours=25))
    swept = await asyncio.gather(*(each.sweep() for each in (race, second_process) * 3))
    assert sum(swept) == 5
    assert await _counted(race) == (0, 0)
    assert len(await race.service.published(RegistrationExpired)) == 5


async def test_expiry_upload_and_verification_at_once_end_in_step(race: Any, second_process: Any) -> None:
    await race.open(quota=30)
    entries = [await race.registered() for _ in range(12)]
    race.clock.advance(timedelta(hours=25))
    in_time = timedelta(hours=2)

    async def upload_and_verify(entry: dict[str, Any]) -> None:
        payment_id = await race.proof(entry, ago=in_time)
        await race.verify(entry, payment_id)

    await asyncio.gather(*(upload_and_verify(entry) for entry in entries), race.sweep(), second_process.sweep())
    statuses = {await race.status(entry["registration_id"]) for entry in entries}
    assert statuses == {"payment_verified"}  # there was room for all, so nobody who paid was forgotten
    assert await _counted(race) == (12, 12)


async def test_admission_expiry_cancel_and_verification_at_once_know_no_deadlock(
    race: Any, second_process: Any
) -> None:
    await race.open(quota=200)
    old = [await race.registered(5) for _ in range(8)]
    race.clock.advance(timedelta(hours=25))
    fresh = [await race.registered() for _ in range(8)]
    again = [race.form(5) for _ in range(8)]

    async def verify(entry: dict[str, Any]) -> None:
        await race.verify(entry, uuid4())

    results = await asyncio.gather(
        race.sweep(),
        second_process.sweep(),
        *(race.register(form=form) for form in again),
        *(race.cancel(entry["registration_id"]) for entry in fresh[:4]),
        *(verify(entry) for entry in fresh[4:]),
        *(verify(entry) for entry in old[:4]),
    )
    answers = [result.status_code for result in results if hasattr(result, "status_code")]
    assert set(answers) <= {201, 204}
    taken, live = await _counted(race)
    assert taken == live
    confirmed = (await race.places())["confirmed"]
    assert confirmed == await race.scalar("SELECT count(*) FROM participants WHERE live AND bib_number IS NOT NULL")


async def test_two_categories_racing_for_one_bib_range_cannot_both_have_it(race: Any) -> None:
    await race.create_event()
    path = race.url(f"/events/{race.event['id']}/categories")
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
    answers = await asyncio.gather(*(race.http.post(path, json=body, headers=race.staff()) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert {answer.json().get("code") for answer in answers} == {None, "bib_range_overlap"}


async def test_a_repeated_verification_on_two_connections_gives_bibs_once(race: Any) -> None:
    await race.open(quota=10)
    entry = await race.registered(5)
    event = race.verified(entry, uuid4())
    subject = UUID(entry["registration_id"])
    await asyncio.gather(*(race.service.deliver(event, subject=subject) for _ in range(4)))
    assert (await race.places())["confirmed"] == 5
    assert len(await race.service.published(RegistrationConfirmed)) == 1
