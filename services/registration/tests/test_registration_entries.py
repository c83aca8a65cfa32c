"""What becomes of a registration: paid, refused, expired, cancelled, and back."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.errors import NotYet
from contracts import (
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationSurplus,
)


async def test_the_journey_of_a_registration(race: Any) -> None:
    await race.open()
    entry = await race.registered(5)
    payment_id = await race.proof(entry)
    assert await race.status(entry["registration_id"]) == "payment_uploaded"
    await race.verify(entry, payment_id)
    shown = await race.show(entry["registration_id"])
    assert shown["status"] == "payment_verified"
    start = race.category["bib_start_number"]
    assert [person["bib_number"] for person in shown["participants"]] == list(range(start, start + 5))
    [event] = await race.service.published(RegistrationConfirmed)
    assert event.payload.payment_id == payment_id
    assert [person.bib_number for person in event.payload.participants] == list(range(start, start + 5))


async def test_bibs_may_have_more_than_four_digits(race: Any) -> None:
    await race.open(bib_start_number=40_000, bib_end_number=40_999)
    entry = await race.registered()
    await race.verify(entry)
    assert (await race.show(entry["registration_id"]))["participants"][0]["bib_number"] == 40_000


async def test_an_event_twice_in_a_row_has_one_effect(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    event = await race.service.deliver(race.verified(entry, uuid4()), subject=UUID(entry["registration_id"]))
    await race.service.redeliver(event)
    assert len(await race.service.published(RegistrationConfirmed)) == 1
    assert (await race.places())["confirmed"] == 1


async def test_a_payment_for_an_unknown_registration_has_to_wait(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    with pytest.raises(NotYet):
        await race.proof({**entry, "registration_id": str(uuid4())})


async def test_an_uploaded_proof_stops_the_clock(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await race.proof(entry)
    assert await race.deadline_passes() == 0
    assert await race.status(entry["registration_id"]) == "payment_uploaded"


async def test_a_rejected_proof_opens_a_new_deadline(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    race.clock.advance(timedelta(hours=20))
    payment_id = await race.proof(entry)
    race.clock.advance(timedelta(hours=10))
    await race.reject(entry, payment_id)
    assert await race.status(entry["registration_id"]) == "pending_payment"
    race.clock.advance(timedelta(hours=20))
    assert await race.sweep() == 0
    race.clock.advance(timedelta(hours=5))
    assert await race.sweep() == 1


async def test_older_payment_news_never_overwrite_newer(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    first = uuid4()
    await race.reject(entry, first)  # came before the upload it answers
    await race.proof(entry, ago=timedelta(minutes=5))
    assert await race.status(entry["registration_id"]) == "pending_payment"
    await race.proof(entry)
    assert await race.status(entry["registration_id"]) == "payment_uploaded"


async def test_an_unpaid_registration_expires_after_its_deadline_and_grace(race: Any) -> None:
    await race.open(payment_deadline_hours=24)
    entry = await race.registered(5)
    await race.service.published(RegistrationCreated)
    race.clock.advance(timedelta(hours=24, minutes=9))
    assert await race.sweep() == 0
    race.clock.advance(timedelta(minutes=2))
    assert await race.sweep() == 1
    assert await race.status(entry["registration_id"]) == "expired"
    assert (await race.places())["taken"] == 0
    [event] = await race.service.published(RegistrationExpired)
    assert event.payload.refund_payment_id is None
    assert event.payload.revision == 2


async def test_an_upload_that_was_in_time_wins_over_the_expiry_it_raced(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await race.deadline_passes()
    await race.proof(entry, ago=timedelta(hours=2))
    assert await race.status(entry["registration_id"]) == "payment_uploaded"
    assert (await race.places())["taken"] == await race.live_participants() == 1


async def test_an_upload_after_the_deadline_does_not_bring_it_back(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await race.deadline_passes()
    await race.proof(entry)
    assert await race.status(entry["registration_id"]) == "expired"


async def test_late_money_is_honoured_while_places_remain(race: Any) -> None:
    await race.open(quota=5)
    entry = await race.registered(5)
    await race.deadline_passes()
    await race.verify(entry)
    assert await race.status(entry["registration_id"]) == "payment_verified"
    assert (await race.places())["taken"] == 5


async def test_late_money_without_a_place_is_to_be_given_back(race: Any) -> None:
    await race.open(quota=1)
    entry = await race.registered()
    await race.deadline_passes()
    await asyncio.sleep(1.05)
    await race.registered()
    payment_id = await race.verify(entry)
    assert await race.status(entry["registration_id"]) == "expired"
    refund = (await race.service.published(RegistrationExpired))[-1].payload
    assert refund.refund_payment_id == payment_id
    assert (await race.places())["taken"] == await race.live_participants() == 1


async def test_late_money_of_somebody_who_registered_again_is_to_be_given_back(race: Any) -> None:
    await race.open(quota=10)
    form = race.form()
    entry = await race.registered(form=form)
    await race.deadline_passes()
    await race.registered(form=form)
    payment_id = await race.verify(entry)
    assert (await race.service.published(RegistrationExpired))[-1].payload.refund_payment_id == payment_id
    assert (await race.places())["taken"] == await race.live_participants() == 1


async def test_cancelling_frees_the_place(race: Any) -> None:
    await race.open(quota=5)
    entry = await race.registered(5)
    assert (await race.cancel(entry["registration_id"])).status_code == 204
    assert (await race.places())["taken"] == await race.live_participants() == 0
    [event] = await race.service.published(RegistrationCancelled)
    assert (event.payload.reason, event.payload.refund_payment_id) == ("asked to", None)


async def test_cancelling_twice_or_after_expiry_is_refused(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    await race.cancel(entry["registration_id"])
    answer = await race.cancel(entry["registration_id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "not_cancellable")
    assert (await race.cancel(str(uuid4()))).json()["code"] == "unknown_registration"


async def test_cancelling_a_verified_entry_asks_for_the_refund_and_burns_its_bib(race: Any) -> None:
    await race.open(quota=2, bibs=3)
    entry = await race.registered()
    payment_id = await race.verify(entry)
    await race.cancel(entry["registration_id"])
    assert (await race.service.published(RegistrationCancelled))[-1].payload.refund_payment_id == payment_id
    # three BIBs, one spent: both places can still be given
    places = await race.places()
    assert (places["taken"], places["burned"], places["confirmed"]) == (0, 0, 0)
    second = await race.registered()
    await race.verify(second)
    assert (await race.show(second["registration_id"]))["participants"][0]["bib_number"] == places["next_bib"]


async def test_a_place_without_a_bib_left_for_it_is_not_sold_again(race: Any) -> None:
    await race.open(quota=2)
    first, second = await race.registered(), await race.registered()
    await race.verify(first)
    await race.cancel(first["registration_id"])
    places = await race.places()
    assert (places["taken"], places["burned"]) == (2, 1)
    assert (await race.register()).json()["code"] == "category_full"
    await race.verify(second)
    assert await race.status(second["registration_id"]) == "payment_verified"


async def test_tickets_exist_once_the_payment_is_verified(race: Any) -> None:
    await race.open()
    entry = await race.registered(5)
    path = race.url(f"/registrations/{entry['registration_id']}/tickets")
    runner = {"Authorization": f"Bearer {entry['runner_token']}"}
    answer = await race.http.get(path, headers=runner)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_verified")
    await race.verify(entry)
    tickets = (await race.http.get(path, headers=runner)).json()
    assert len(tickets) == 5
    assert {len(ticket["ticket_code"]) for ticket in tickets} == {32}
    assert set(tickets[0]) == {"participant_id", "full_name", "bib_number", "category_name", "ticket_code"}


async def test_a_runner_sees_their_own_registration_and_no_other(race: Any) -> None:
    await race.open()
    mine, theirs = await race.registered(), await race.registered()
    runner = {"Authorization": f"Bearer {mine['runner_token']}"}
    own = await race.http.get(race.url(f"/registrations/{mine['registration_id']}"), headers=runner)
    assert own.json()["registration_number"] == mine["registration_number"]
    other = await race.http.get(race.url(f"/registrations/{theirs['registration_id']}"), headers=runner)
    assert (other.status_code, other.json()["code"]) == (403, "not_yours")


async def test_a_free_registration_that_is_cancelled_asks_for_no_refund(race: Any) -> None:
    await race.open(price_individual="0")
    entry = await race.registered()
    await race.verify(entry)
    await race.cancel(entry["registration_id"])
    [event] = await race.service.published(RegistrationCancelled)
    assert event.payload.refund_payment_id is None


async def test_a_second_verified_payment_is_surplus_and_changes_nothing_else(race: Any) -> None:
    await race.open()
    entry = await race.registered()
    first = await race.verify(entry)
    before = await race.show(entry["registration_id"])

    second = await race.verify(entry)
    await race.verify(entry, first)

    [surplus] = await race.service.published(RegistrationSurplus)
    assert (surplus.payload.payment_id, surplus.payload.honoured_payment_id) == (second, first)
    assert await race.show(entry["registration_id"]) == before
