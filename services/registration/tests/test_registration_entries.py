"""What becomes of a registration: paid, refused, expired, cancelled, and back."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from chassis.errors import NotYet
from contracts import (
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationSurplus,
)

from .registration_driver import RegistrationDriver


async def test_the_journey_of_a_registration(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register(5)
    payment_id = await driver.upload_proof(entry)
    assert await driver.status(entry["registration_id"]) == "payment_uploaded"
    await driver.verify(entry, payment_id)
    shown = await driver.show(entry["registration_id"])
    assert shown["status"] == "payment_verified"
    start = driver.category["bib_start_number"]
    assert [person["bib_number"] for person in shown["participants"]] == list(range(start, start + 5))
    [event] = await driver.published(RegistrationConfirmed)
    assert event.payload.payment_id == payment_id
    assert [person.bib_number for person in event.payload.participants] == list(range(start, start + 5))


async def test_bibs_may_have_more_than_four_digits(driver: RegistrationDriver) -> None:
    await driver.open_category(bib_start_number=40_000, bib_end_number=40_999)
    entry = await driver.register()
    await driver.verify(entry)
    assert (await driver.show(entry["registration_id"]))["participants"][0]["bib_number"] == 40_000


async def test_an_event_twice_in_a_row_has_one_effect(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    event = await driver.deliver(driver.payment_verified(entry, uuid4()))
    await driver.redeliver(event)
    assert len(await driver.published(RegistrationConfirmed)) == 1
    assert (await driver.places())["confirmed"] == 1


async def test_a_payment_for_an_unknown_registration_has_to_wait(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    with pytest.raises(NotYet):
        await driver.upload_proof({**entry, "registration_id": str(uuid4())})


async def test_an_uploaded_proof_stops_the_clock(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.upload_proof(entry)
    assert await driver.pass_deadline() == 0
    assert await driver.status(entry["registration_id"]) == "payment_uploaded"


async def test_a_rejected_proof_opens_a_new_deadline(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    driver.clock.advance(timedelta(hours=20))
    payment_id = await driver.upload_proof(entry)
    driver.clock.advance(timedelta(hours=10))
    await driver.reject(entry, payment_id)
    assert await driver.status(entry["registration_id"]) == "pending_payment"
    driver.clock.advance(timedelta(hours=20))
    assert await driver.sweep() == 0
    driver.clock.advance(timedelta(hours=5))
    assert await driver.sweep() == 1


async def test_older_payment_events_never_overwrite_newer(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    first = uuid4()
    await driver.reject(entry, first)  # came before the upload it answers
    await driver.upload_proof(entry, ago=timedelta(minutes=5))
    assert await driver.status(entry["registration_id"]) == "pending_payment"
    await driver.upload_proof(entry)
    assert await driver.status(entry["registration_id"]) == "payment_uploaded"


async def test_an_unpaid_registration_expires_after_its_deadline_and_grace(driver: RegistrationDriver) -> None:
    await driver.open_category(payment_deadline_hours=24)
    entry = await driver.register(5)
    await driver.published(RegistrationCreated)
    driver.clock.advance(timedelta(hours=24, minutes=9))
    assert await driver.sweep() == 0
    driver.clock.advance(timedelta(minutes=2))
    assert await driver.sweep() == 1
    assert await driver.status(entry["registration_id"]) == "expired"
    assert (await driver.places())["taken"] == 0
    [event] = await driver.published(RegistrationExpired)
    assert event.payload.refund_payment_id is None
    assert event.payload.revision == 2


async def test_an_upload_that_was_in_time_wins_over_the_expiry_it_raced(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.pass_deadline()
    await driver.upload_proof(entry, ago=timedelta(hours=2))
    assert await driver.status(entry["registration_id"]) == "payment_uploaded"
    assert (await driver.places())["taken"] == await driver.live_participants() == 1


async def test_an_upload_after_the_deadline_does_not_bring_it_back(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.pass_deadline()
    await driver.upload_proof(entry)
    assert await driver.status(entry["registration_id"]) == "expired"


async def test_a_late_payment_is_accepted_while_places_remain(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=5)
    entry = await driver.register(5)
    await driver.pass_deadline()
    await driver.verify(entry)
    assert await driver.status(entry["registration_id"]) == "payment_verified"
    assert (await driver.places())["taken"] == 5


async def test_a_late_payment_without_a_place_is_to_be_refunded(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=1)
    entry = await driver.register()
    await driver.pass_deadline()
    await asyncio.sleep(1.05)
    await driver.register()
    payment_id = await driver.verify(entry)
    assert await driver.status(entry["registration_id"]) == "expired"
    refund = (await driver.published(RegistrationExpired))[-1].payload
    assert refund.refund_payment_id == payment_id
    assert (await driver.places())["taken"] == await driver.live_participants() == 1


async def test_a_late_payment_of_a_person_who_registered_again_is_to_be_refunded(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=10)
    form = driver.form()
    entry = await driver.register(form=form)
    await driver.pass_deadline()
    await driver.register(form=form)
    payment_id = await driver.verify(entry)
    assert (await driver.published(RegistrationExpired))[-1].payload.refund_payment_id == payment_id
    assert (await driver.places())["taken"] == await driver.live_participants() == 1


async def test_cancelling_frees_the_place(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=5)
    entry = await driver.register(5)
    await driver.cancel(entry["registration_id"])
    assert (await driver.places())["taken"] == await driver.live_participants() == 0
    [event] = await driver.published(RegistrationCancelled)
    assert (event.payload.reason, event.payload.refund_payment_id) == ("asked to", None)


async def test_cancelling_twice_or_after_expiry_is_refused(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.cancel(entry["registration_id"])
    answer = await driver.try_cancel(entry["registration_id"])
    assert answer.is_problem(409, "not_cancellable")
    assert (await driver.try_cancel(str(uuid4()))).code == "unknown_registration"


async def test_cancelling_a_verified_entry_asks_for_the_refund_and_burns_its_bib(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=2, bibs=3)
    entry = await driver.register()
    payment_id = await driver.verify(entry)
    await driver.cancel(entry["registration_id"])
    assert (await driver.published(RegistrationCancelled))[-1].payload.refund_payment_id == payment_id
    # three BIBs, one spent: both places can still be given
    places = await driver.places()
    assert (places["taken"], places["burned"], places["confirmed"]) == (0, 0, 0)
    second = await driver.register()
    await driver.verify(second)
    assert (await driver.show(second["registration_id"]))["participants"][0]["bib_number"] == places["next_bib"]


async def test_a_place_without_a_bib_left_for_it_is_not_sold_again(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=2)
    first, second = await driver.register(), await driver.register()
    await driver.verify(first)
    await driver.cancel(first["registration_id"])
    places = await driver.places()
    assert (places["taken"], places["burned"]) == (2, 1)
    assert (await driver.try_register()).code == "category_full"
    await driver.verify(second)
    assert await driver.status(second["registration_id"]) == "payment_verified"


async def test_tickets_exist_once_the_payment_is_verified(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register(5)
    path = f"/registrations/{entry['registration_id']}/tickets"
    runner = driver.runner_of(entry)
    answer = await driver.call("GET", path, by=runner)
    assert answer.is_problem(409, "not_verified")
    await driver.verify(entry)
    tickets = (await driver.call("GET", path, by=runner)).body
    assert len(tickets) == 5
    assert {len(ticket["ticket_code"]) for ticket in tickets} == {32}
    shown = {"participant_id", "full_name", "bib_number", "category_name", "ticket_code", "ticket_number"}
    assert set(tickets[0]) == shown
    prefix = entry["registration_number"].replace("-", "")
    assert [ticket["ticket_number"] for ticket in tickets] == [f"TIX-{prefix}-{place:02d}" for place in range(1, 6)]
    assert [ticket["participant_id"] for ticket in tickets] == [
        each["participant_id"] for each in entry["participants"]
    ]


async def test_a_runner_sees_their_own_registration_and_no_other(driver: RegistrationDriver) -> None:
    await driver.open_category()
    mine, theirs = await driver.register(), await driver.register()
    runner = driver.runner_of(mine)
    own = await driver.call("GET", f"/registrations/{mine['registration_id']}", by=runner)
    assert own.body["registration_number"] == mine["registration_number"]
    other = await driver.call("GET", f"/registrations/{theirs['registration_id']}", by=runner)
    assert other.is_problem(403, "not_yours")


async def test_a_free_registration_that_is_cancelled_asks_for_no_refund(driver: RegistrationDriver) -> None:
    await driver.open_category(price_individual="0")
    entry = await driver.register()
    await driver.verify(entry)
    await driver.cancel(entry["registration_id"])
    [event] = await driver.published(RegistrationCancelled)
    assert event.payload.refund_payment_id is None


async def test_a_second_verified_payment_is_surplus_and_changes_nothing_else(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    first = await driver.verify(entry)
    before = await driver.show(entry["registration_id"])

    second = await driver.verify(entry)
    await driver.verify(entry, first)

    [surplus] = await driver.published(RegistrationSurplus)
    assert (surplus.payload.payment_id, surplus.payload.honoured_payment_id) == (second, first)
    assert await driver.show(entry["registration_id"]) == before
