"""Registering: what gets in, what is refused, and what the answer says."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.web import bodies
from contracts import RegistrationCreated
from sqlalchemy import text


async def test_a_runner_gets_a_number_an_amount_and_a_deadline(race: Any) -> None:
    await race.open(quota=10, payment_deadline_hours=24)
    entry = await race.registered()
    assert entry["registration_number"] == f"{race.category['registration_prefix']}-00001"
    assert entry["status"] == "pending_payment"
    assert entry["total_amount"] == "150000.00"
    assert entry["currency"] == "IDR"
    deadline = datetime.fromisoformat(entry["expires_at"])
    assert timedelta(hours=23, minutes=59) < deadline - race.clock() < timedelta(hours=24, minutes=1)
    assert deadline.tzinfo is not None
    assert [person["is_pic"] for person in entry["participants"]] == [True]


@pytest.mark.parametrize(("group", "amount"), [(5, "700000.00"), (10, "1300000.00")])
async def test_a_group_pays_its_own_price_for_each(race: Any, group: int, amount: str) -> None:
    await race.open()
    entry = await race.registered(group)
    assert entry["total_amount"] == amount
    assert entry["total_participants"] == group
    assert (await race.places())["taken"] == group


async def test_what_is_accepted_is_told_to_the_other_services(race: Any) -> None:
    await race.open()
    form = race.form(5)
    entry = await race.registered(form=form)
    [event] = await race.service.published(RegistrationCreated)
    assert str(event.subject) == entry["registration_id"]
    assert event.payload.registration_number == entry["registration_number"]
    assert [person.email for person in event.payload.participants] == [p["email"] for p in form["participants"]]
    assert event.payload.event.name == "Jakarta Fun Run"


async def test_a_group_of_five_gets_five_places_or_none(race: Any) -> None:
    await race.open(quota=8)
    await race.registered(5)
    answer = await race.register(group=5)
    assert (answer.status_code, answer.json()["code"], answer.json()["places_left"]) == (409, "category_full", 3)
    assert (await race.places())["taken"] == 5


async def test_smaller_requests_still_fit_after_a_group_was_refused(race: Any) -> None:
    await race.open(quota=6)
    await race.registered(5)
    answers = await asyncio.gather(race.register(5), race.register(1), race.register(1))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert (await race.places())["taken"] == 6


async def test_the_last_place_is_sold_and_then_it_is_full(race: Any) -> None:
    await race.open(quota=1)
    await race.registered()
    answer = await race.register()
    assert answer.json()["code"] == "category_full"
    assert answer.json()["places_left"] == 0


async def test_a_place_given_back_is_sold_again(race: Any) -> None:
    await race.open(quota=1)
    entry = await race.registered()
    assert (await race.register()).status_code == 409
    assert (await race.cancel(entry["registration_id"])).status_code == 204
    await asyncio.sleep(1.05)  # what "full" is remembered for at most
    assert (await race.register()).status_code == 201


async def test_the_same_person_registers_once_per_event(race: Any) -> None:
    await race.open()
    person = race.person(is_pic=True)
    first = race.form()
    first["participants"] = [person]
    await race.registered(form=first)
    other = await race.open()
    spelled = {**person, "full_name": f"  {person['full_name'].upper().replace(' ', '  ')} ", "email": "x@example.com"}
    again = {**race.form(5, category_id=other["id"])}
    again["participants"][3] = {**spelled, "is_pic": False}
    answer = await race.register(form=again)
    assert answer.status_code == 409
    assert answer.json()["code"] == "already_registered"
    assert answer.json()["participants"] == [3]
    assert (await race.places(other["id"]))["taken"] == 0


@pytest.mark.parametrize("sequence", [1, 42, 99_999, 100_000, 1_234_567])
async def test_the_number_is_the_same_wherever_it_is_told(race: Any, sequence: int) -> None:
    """The database puts it into the row, the event and the answer it keeps; the answer given is made by us."""
    category = await race.open()
    async with race.database.work() as work:
        await work.session.execute(text("UPDATE category_places SET last_number = :last"), {"last": sequence - 1})
    form = race.form()
    first, again = [(await race.register(key="once", form=form)).json() for _ in range(2)]
    [event] = await race.service.published(RegistrationCreated)
    stored = (await race.show(first["registration_id"]))["registration_number"]
    assert first["registration_number"] == f"{category['registration_prefix']}-{sequence:05d}"
    assert {again["registration_number"], event.payload.registration_number, stored} == {first["registration_number"]}


async def test_an_identity_number_decides_who_somebody_is(race: Any) -> None:
    await race.open()
    one = race.form()
    one["participants"][0]["identity_number"] = "3174-0101 9000 0001"
    await race.registered(form=one)
    other = race.form()
    other["participants"][0]["identity_number"] = "3174010190000001"
    assert (await race.register(form=other)).json()["code"] == "already_registered"
    namesake = race.form()
    namesake["participants"][0] |= {
        "full_name": one["participants"][0]["full_name"],
        "identity_number": "3174010190000002",
    }
    assert (await race.register(form=namesake)).status_code == 201


async def test_a_person_is_free_to_register_again_after_the_registration_ended(race: Any) -> None:
    await race.open()
    form = race.form()
    entry = await race.registered(form=form)
    await race.cancel(entry["registration_id"])
    assert (await race.register(form=form)).status_code == 201


async def test_somebody_twice_in_one_group_is_named(race: Any) -> None:
    await race.open()
    form = race.form(5)
    form["participants"][4] = {**form["participants"][1]}
    answer = await race.register(form=form)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "participants.4", "message": "This person is in the form already, as number 2 from the top."}
    ]


async def test_a_repeated_request_gets_the_first_answer_byte_for_byte(race: Any) -> None:
    await race.open()
    form = race.form(5)
    first = await race.register(form=form, key="k-1")
    again = await race.register(form=form, key="k-1")
    assert again.status_code == 201
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert (await race.places())["taken"] == 5


async def test_a_repeat_is_answered_even_when_it_is_full_by_now(race: Any) -> None:
    await race.open(quota=1)
    form = race.form()
    first = await race.register(form=form, key="k-last")
    assert (await race.register(key="k-late")).status_code == 409
    assert (await race.register(form=form, key="k-last")).content == first.content


async def test_a_repeat_is_answered_by_another_process_too(race: Any, second_process: Any) -> None:
    await race.open()
    form = race.form()
    first = await race.register(form=form, key="k-2")
    again = await second_process.register(form=form, key="k-2")
    assert again.content == first.content


async def test_a_key_with_another_body_is_refused(race: Any) -> None:
    await race.open()
    await race.register(key="k-3")
    answer = await race.register(key="k-3")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert (await race.places())["taken"] == 1


async def test_a_key_whose_request_is_still_running_is_told_so(race: Any) -> None:
    await race.open()
    form = race.form()
    answers = await asyncio.gather(*(race.register(form=form, key="k-4") for _ in range(8)))
    codes = [answer.json().get("code", "registered") for answer in answers]
    assert codes.count("registered") >= 1
    assert set(codes) <= {"registered", "request_in_progress"}
    assert len({answer.json()["registration_id"] for answer in answers if answer.status_code == 201}) == 1
    assert (await race.places())["taken"] == 1


async def test_a_refused_request_may_use_its_key_again(race: Any) -> None:
    await race.open(quota=1)
    entry = await race.registered()
    form = race.form()
    assert (await race.register(form=form, key="k-5")).status_code == 409
    await race.cancel(entry["registration_id"])
    await asyncio.sleep(1.05)
    assert (await race.register(form=form, key="k-5")).status_code == 201


async def test_registration_opens_and_closes_on_time(race: Any) -> None:
    opens, closes = race.clock() + timedelta(hours=1), race.clock() + timedelta(hours=3)
    await race.open(registration_open_at=opens.isoformat(), registration_close_at=closes.isoformat())
    assert (await race.register()).json()["code"] == "registration_not_open"
    race.clock.advance(timedelta(hours=2))
    assert (await race.register()).status_code == 201
    race.clock.advance(timedelta(hours=2))
    assert (await race.register()).json()["code"] == "registration_closed"


async def test_an_event_that_is_over_takes_nobody(race: Any) -> None:
    await race.open()
    race.clock.advance(timedelta(days=92))
    assert (await race.register()).json()["code"] == "registration_closed"


async def test_an_inactive_category_or_event_takes_nobody(race: Any) -> None:
    await race.open(is_active=False)
    assert (await race.register()).json()["code"] == "registration_not_open"
    await race.create_event(is_active=False)
    await race.open()
    assert (await race.register()).json()["code"] == "registration_not_open"


async def test_a_group_without_a_price_is_not_offered(race: Any) -> None:
    await race.open(price_collective_10=None)
    assert (await race.register(10)).json()["code"] == "type_not_offered"


async def test_an_unknown_category_is_not_found(race: Any) -> None:
    await race.open()
    answer = await race.register(form=race.form(category_id=str(uuid4())))
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_category")


async def test_born_today_is_too_late(race: Any) -> None:
    await race.open()
    form = race.form()
    form["participants"][0]["date_of_birth"] = race.today.isoformat()
    answer = await race.register(form=form)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "participants.0.date_of_birth"


async def test_a_crowd_beyond_its_bound_is_refused_unread_and_the_door_opens_again(build: Any, race: Any) -> None:
    await race.open(quota=10)
    small = build(race.settings.database_url, race.clock, admission_max_in_flight=1)
    small.category = race.category
    arrived, more = asyncio.Event(), asyncio.Event()
    register = small.service.app.state.admission_service.register

    async def slowly(*form: Any) -> Any:
        arrived.set()
        await more.wait()
        return await register(*form)

    small.service.app.state.admission_service.register = slowly
    first = asyncio.create_task(small.register())
    await arrived.wait()
    unread = await small.http.post(small.url("/registrations"), content=b"not even JSON")
    assert (unread.status_code, unread.json()["code"]) == (503, "too_busy")
    assert int(unread.headers["Retry-After"]) >= 1
    more.set()
    assert (await first).status_code == 201
    assert (await small.register()).status_code == 201
    await small.service.close()


async def test_a_form_that_comes_drop_by_drop_is_not_waited_for(race: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_SECONDS", -1.95)

    async def never_ending() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await race.http.post(race.url("/registrations"), content=never_ending())
    assert (answer.status_code, answer.json()["code"]) == (408, "request_timeout")
