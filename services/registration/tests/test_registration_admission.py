"""Registering: what is accepted, what is refused, and what is answered."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.web import bodies
from contracts import RegistrationCreated

from .registration_driver import RegistrationDriver


async def test_a_runner_gets_a_number_an_amount_and_a_deadline(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=10, payment_deadline_hours=24)
    entry = await driver.register()
    assert entry["registration_number"] == f"{driver.category['registration_prefix']}-00001"
    assert entry["status"] == "pending_payment"
    assert entry["total_amount"] == "150000.00"
    assert entry["currency"] == "IDR"
    deadline = datetime.fromisoformat(entry["expires_at"])
    assert timedelta(hours=23, minutes=59) < deadline - driver.clock() < timedelta(hours=24, minutes=1)
    assert deadline.tzinfo is not None
    assert [person["is_pic"] for person in entry["participants"]] == [True]


@pytest.mark.parametrize(("group", "amount"), [(5, "700000.00"), (10, "1300000.00")])
async def test_a_group_pays_its_own_price_for_each(driver: RegistrationDriver, group: int, amount: str) -> None:
    await driver.open_category()
    entry = await driver.register(group)
    assert entry["total_amount"] == amount
    assert entry["total_participants"] == group
    assert (await driver.places())["taken"] == group


async def test_a_registration_is_published(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form(5)
    entry = await driver.register(form=form)
    [event] = await driver.published(RegistrationCreated)
    assert str(event.subject) == entry["registration_id"]
    assert event.payload.registration_number == entry["registration_number"]
    assert [person.email for person in event.payload.participants] == [p["email"] for p in form["participants"]]
    assert event.payload.event.name == "Jakarta Fun Run"


async def test_that_the_terms_were_accepted_is_kept_with_its_time(driver: RegistrationDriver) -> None:
    # given a program that says that they were accepted, and one that says nothing
    await driver.open_category()
    said = await driver.register(5, terms_accepted=True)
    silent = await driver.register()

    # then staff see when, and that nothing is known
    shown = await driver.show(said["registration_id"])
    assert shown["terms_accepted_at"] == shown["created_at"]
    assert (await driver.show(silent["registration_id"]))["terms_accepted_at"] is None


async def test_a_repeat_is_the_same_request_whether_or_not_it_says_that_the_terms_were_accepted(
    driver: RegistrationDriver,
) -> None:
    # given a request that was answered by a release that did not know the field
    await driver.open_category()
    form = driver.form()
    first = await driver.try_register(form=form, key="terms")

    # when it is repeated after the pages were replaced
    again = await driver.try_register(form={**form, "terms_accepted": True}, key="terms")

    # then it is the same registration
    assert (again.status, again.content) == (201, first.content)


async def test_a_group_of_five_gets_five_places_or_none(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=8)
    await driver.register(5)
    answer = await driver.try_register(group=5)
    assert (answer.status, answer.code, answer.body["places_left"]) == (409, "category_full", 3)
    assert (await driver.places())["taken"] == 5


async def test_smaller_requests_still_fit_after_a_group_was_refused(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=6)
    await driver.register(5)
    answers = await asyncio.gather(driver.try_register(5), driver.try_register(1), driver.try_register(1))
    assert sorted(answer.status for answer in answers) == [201, 409, 409]
    assert (await driver.places())["taken"] == 6


async def test_the_last_place_is_sold_and_then_it_is_full(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=1)
    await driver.register()
    answer = await driver.try_register()
    assert answer.code == "category_full"
    assert answer.body["places_left"] == 0


async def test_a_place_given_back_is_sold_again(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=1)
    entry = await driver.register()
    assert (await driver.try_register()).status == 409
    await driver.cancel(entry["registration_id"])
    await asyncio.sleep(1.05)  # what "full" is remembered for at most
    await driver.register()


async def test_the_same_person_registers_once_per_event(driver: RegistrationDriver) -> None:
    await driver.open_category()
    person = driver.person(is_pic=True)
    first = driver.form()
    first["participants"] = [person]
    await driver.register(form=first)
    other = await driver.open_category()
    spelled = {**person, "full_name": f"  {person['full_name'].upper().replace(' ', '  ')} ", "email": "x@example.com"}
    again = {**driver.form(5, category_id=other["id"])}
    again["participants"][3] = {**spelled, "is_pic": False}
    answer = await driver.try_register(form=again)
    assert answer.is_problem(409, "already_registered")
    assert answer.body["participants"] == [3]
    assert (await driver.places(other["id"]))["taken"] == 0


@pytest.mark.parametrize("sequence", [1, 42, 99_999, 100_000, 1_234_567])
async def test_the_registration_number_is_the_same_in_row_event_and_answers(
    driver: RegistrationDriver, sequence: int
) -> None:
    """The database writes it into the row, the event and the stored answer; the first answer is made by the process."""
    category = await driver.open_category()
    await driver.execute("UPDATE category_places SET last_number = :last", last=sequence - 1)
    form = driver.form()
    first, again = [(await driver.register(key="once", form=form)) for _ in range(2)]
    [event] = await driver.published(RegistrationCreated)
    stored = (await driver.show(first["registration_id"]))["registration_number"]
    assert first["registration_number"] == f"{category['registration_prefix']}-{sequence:05d}"
    assert {again["registration_number"], event.payload.registration_number, stored} == {first["registration_number"]}


async def test_an_identity_number_identifies_a_person(driver: RegistrationDriver) -> None:
    await driver.open_category()
    one = driver.form()
    one["participants"][0]["identity_number"] = "3174-0101 9000 0001"
    await driver.register(form=one)
    other = driver.form()
    other["participants"][0]["identity_number"] = "3174010190000001"
    assert (await driver.try_register(form=other)).code == "already_registered"
    namesake = driver.form()
    namesake["participants"][0] |= {
        "full_name": one["participants"][0]["full_name"],
        "identity_number": "3174010190000002",
    }
    await driver.register(form=namesake)


async def test_a_person_is_free_to_register_again_after_the_registration_ended(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form()
    entry = await driver.register(form=form)
    await driver.cancel(entry["registration_id"])
    await driver.register(form=form)


async def test_the_same_person_twice_in_a_group_is_refused(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form(5)
    form["participants"][4] = {**form["participants"][1]}
    answer = await driver.try_register(form=form)
    assert answer.status == 422
    assert answer.body["errors"] == [
        {"field": "participants.4", "message": "This person is in the form already, as number 2 from the top."}
    ]


async def test_a_repeated_request_gets_the_first_answer_byte_for_byte(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form(5)
    first = await driver.try_register(form=form, key="k-1")
    again = await driver.try_register(form=form, key="k-1")
    assert again.status == 201
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert (await driver.places())["taken"] == 5


async def test_a_repeat_is_answered_even_when_it_is_full_by_now(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=1)
    form = driver.form()
    first = await driver.try_register(form=form, key="k-last")
    assert (await driver.try_register(key="k-late")).status == 409
    assert (await driver.try_register(form=form, key="k-last")).content == first.content


async def test_a_repeat_is_answered_by_another_process_too(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.open_category()
    form = driver.form()
    first = await driver.try_register(form=form, key="k-2")
    again = await second_driver.try_register(form=form, key="k-2")
    assert again.content == first.content


async def test_a_key_with_another_body_is_refused(driver: RegistrationDriver) -> None:
    await driver.open_category()
    await driver.try_register(key="k-3")
    answer = await driver.try_register(key="k-3")
    assert answer.is_problem(422, "idempotency_key_reused")
    assert (await driver.places())["taken"] == 1


async def test_a_key_whose_request_is_still_running_gets_request_in_progress(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form()
    answers = await asyncio.gather(*(driver.try_register(form=form, key="k-4") for _ in range(8)))
    codes = [answer.body.get("code", "registered") for answer in answers]
    assert codes.count("registered") >= 1
    assert set(codes) <= {"registered", "request_in_progress"}
    assert len({answer.body["registration_id"] for answer in answers if answer.status == 201}) == 1
    assert (await driver.places())["taken"] == 1


async def test_a_refused_request_may_use_its_key_again(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=1)
    entry = await driver.register()
    form = driver.form()
    assert (await driver.try_register(form=form, key="k-5")).status == 409
    await driver.cancel(entry["registration_id"])
    await asyncio.sleep(1.05)
    await driver.register(form=form, key="k-5")


async def test_registration_opens_and_closes_on_time(driver: RegistrationDriver) -> None:
    opens, closes = driver.clock() + timedelta(hours=1), driver.clock() + timedelta(hours=3)
    await driver.open_category(registration_open_at=opens.isoformat(), registration_close_at=closes.isoformat())
    assert (await driver.try_register()).code == "registration_not_open"
    driver.clock.advance(timedelta(hours=2))
    await driver.register()
    driver.clock.advance(timedelta(hours=2))
    assert (await driver.try_register()).code == "registration_closed"


async def test_an_event_that_is_over_refuses_registrations(driver: RegistrationDriver) -> None:
    await driver.open_category()
    driver.clock.advance(timedelta(days=92))
    assert (await driver.try_register()).code == "registration_closed"


async def test_an_inactive_category_or_event_refuses_registrations(driver: RegistrationDriver) -> None:
    await driver.open_category(is_active=False)
    assert (await driver.try_register()).code == "registration_not_open"
    await driver.create_event(is_active=False)
    await driver.open_category()
    assert (await driver.try_register()).code == "registration_not_open"


async def test_a_group_without_a_price_is_not_offered(driver: RegistrationDriver) -> None:
    await driver.open_category(price_collective_10=None)
    assert (await driver.try_register(10)).code == "type_not_offered"


async def test_an_unknown_category_is_not_found(driver: RegistrationDriver) -> None:
    await driver.open_category()
    answer = await driver.try_register(form=driver.form(category_id=str(uuid4())))
    assert answer.is_problem(404, "unknown_category")


async def test_born_today_is_too_late(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form()
    form["participants"][0]["date_of_birth"] = driver.today.isoformat()
    answer = await driver.try_register(form=form)
    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == "participants.0.date_of_birth"


async def test_requests_beyond_the_limit_are_refused_unread_and_later_ones_are_accepted(
    driver: RegistrationDriver,
) -> None:
    await driver.open_category(quota=10)
    small = driver.another_process(admission_max_in_flight=1)
    arrived, more = asyncio.Event(), asyncio.Event()
    register = small.app.state.admission_service.register

    async def slowly(*form: Any) -> Any:
        arrived.set()
        await more.wait()
        return await register(*form)

    small.app.state.admission_service.register = slowly
    first = asyncio.create_task(small.try_register())
    await arrived.wait()
    unread = await small.call("POST", "/registrations", content=b"not even JSON")
    assert unread.is_problem(503, "too_busy")
    assert int(unread.headers["Retry-After"]) >= 1
    more.set()
    assert (await first).status == 201
    await small.register()
    await small.close()


async def test_a_form_that_arrives_too_slowly_is_refused(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_SECONDS", -1.95)

    async def never_ending() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = await driver.call("POST", "/registrations", content=never_ending())
    assert answer.is_problem(408, "request_timeout")
