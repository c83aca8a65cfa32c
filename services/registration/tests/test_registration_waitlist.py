"""The waiting list: who may stand in line, in which order places are offered, and what an offer becomes."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from chassis.auth.principals import Role
from chassis.clock import SKEW
from chassis.transports import InProcessTransport
from contracts import RegistrationCreated, WaitlistOffered
from registration.service import SERVICE
from testkit.polling import eventually

from .registration_line import Line


@pytest.fixture
def line(race: Any) -> Line:
    return Line(race)


async def test_only_a_full_category_has_a_line(race: Any, line: Line) -> None:
    await race.open(quota=1)
    refused = await line.join()
    assert (refused.status_code, refused.json()["code"], refused.json()["places_left"]) == (409, "places_available", 1)
    await race.registered()
    joined = (await line.join()).json()
    assert (joined["status"], joined["position"]) == ("waiting", 1)
    assert await line.counted() == (1, 0, 1)


async def test_a_category_is_full_for_a_group_before_it_is_for_one(race: Any, line: Line) -> None:
    await race.open(quota=3)
    group = await line.waiting(5)
    assert group["position"] == 1
    assert (await line.join(1)).json()["code"] == "places_available"


async def test_whoever_joins_stands_behind_those_who_came_before(line: Line) -> None:
    await line.sell_out()
    entries = [await line.waiting() for _ in range(3)]
    assert [entry["position"] for entry in entries] == [1, 2, 3]
    await line.withdraw(entries[1])
    assert await line.positions(*entries) == [1, None, 2]


async def test_the_token_opens_the_entry_and_later_the_registration(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    entry = await line.waiting()
    own = line.its_runner(entry)
    path = race.url(f"/registrations/{entry['waitlist_id']}")
    assert (await race.http.get(line.url(entry), headers=own)).json()["position"] == 1
    assert (await race.http.get(path, headers=own)).json()["code"] == "unknown_registration"
    await race.cancel(taken["registration_id"])
    accepted = await line.accept(entry)
    assert accepted.status_code == 201
    shown = (await race.http.get(path, headers=own)).json()
    assert (shown["status"], shown["registration_number"]) == (
        "pending_payment",
        accepted.json()["registration_number"],
    )


async def test_a_free_place_is_offered_to_the_first_in_line_and_to_nobody_else(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    first, second = await line.waiting(), await line.waiting()
    await race.cancel(taken["registration_id"])
    assert await line.statuses(first, second) == ["offered", "waiting"]
    assert await line.positions(first, second) == [None, 1]
    assert await line.counted() == (1, 1, 0)
    assert (await race.register()).json()["code"] == "category_full"
    await line.must_be_in_order()


async def test_an_offer_is_told_with_whom_to_write_to_and_until_when(race: Any, line: Line) -> None:
    await race.open(quota=5)
    held = await race.registered(5)
    form = race.form(5)
    group = await line.waiting(form=form)
    await race.cancel(held["registration_id"])
    [event] = await race.service.published(WaitlistOffered)
    told = event.payload
    assert str(told.registration_id) == str(event.subject) == group["waitlist_id"]
    assert (told.contact.full_name, told.contact.email) == (
        form["participants"][0]["full_name"],
        form["participants"][0]["email"],
    )
    assert (told.category_name, told.event.name) == (race.category["name"], race.event["name"])
    assert (told.total_participants, str(told.total_amount), told.currency) == (5, "700000.00", "IDR")
    assert timedelta(hours=11, minutes=59) < told.offer_expires_at - race.clock() < timedelta(hours=12)
    assert datetime.fromisoformat((await line.show(group))["offer_expires_at"]) == told.offer_expires_at
    # A token would open the registration to whoever can read a queue or a table of events.
    assert b"token" not in event.to_bytes()
    assert group["runner_token"].encode() not in event.to_bytes()


async def test_an_accepted_offer_is_a_registration_like_any_other(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    form = race.form()
    entry = await line.waiting(form=form)
    await race.cancel(taken["registration_id"])
    await line.change(price_individual="175000.00")
    await race.service.forget_published()
    accepted = (await line.accept(entry)).json()
    assert accepted["registration_number"] == f"{race.category['registration_prefix']}-00002"
    assert (accepted["status"], accepted["total_amount"]) == ("pending_payment", "175000.00")
    deadline = datetime.fromisoformat(accepted["expires_at"]) - race.clock()
    assert timedelta(hours=23, minutes=59) < deadline < timedelta(hours=24)
    [event] = await race.service.published(RegistrationCreated)
    assert (str(event.subject), event.payload.registration_number) == (
        entry["waitlist_id"],
        accepted["registration_number"],
    )
    assert event.payload.participants[0].email == form["participants"][0]["email"]
    assert [str(each.participant_id) for each in event.payload.participants] == [
        person["participant_id"] for person in entry["participants"]
    ]
    assert await line.counted() == (1, 0, 1)
    await race.verify(accepted)
    shown = await race.show(accepted["registration_id"])
    assert (shown["status"], shown["participants"][0]["bib_number"]) == (
        "payment_verified",
        race.category["bib_start_number"],
    )
    await line.must_be_in_order()


async def test_an_accepted_registration_that_is_not_paid_frees_its_place_for_the_next(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    first, second = await line.waiting(), await line.waiting()
    await race.cancel(taken["registration_id"])
    await line.accept(first)
    assert await race.deadline_passes() == 1
    assert await race.status(first["waitlist_id"]) == "expired"
    assert await line.statuses(first, second) == ["accepted", "offered"]
    await line.must_be_in_order()


async def test_what_expires_goes_to_the_line_in_the_very_same_sweep(race: Any, line: Line) -> None:
    await line.sell_out(quota=3)
    entries = [await line.waiting() for _ in range(2)]
    assert await race.deadline_passes() == 3
    assert await line.statuses(*entries) == ["offered", "offered"]
    assert await line.offers() == [entry["waitlist_id"] for entry in entries]
    assert await line.counted() == (2, 2, 0)  # nobody else waited for the third


async def test_a_group_gets_all_its_places_or_none_and_smaller_ones_behind_it_may_fit(race: Any, line: Line) -> None:
    taken = await line.sell_out(quota=8)
    group, single = await line.waiting(5), await line.waiting()
    for entry in taken[:3]:
        await race.cancel(entry["registration_id"])
    assert await line.statuses(group, single) == ["waiting", "offered"]
    assert await line.counted() == (6, 1, 5)
    for entry in taken[3:6]:
        await race.cancel(entry["registration_id"])
    assert await line.statuses(group, single) == ["offered", "offered"]
    assert await line.counted() == (8, 6, 2)
    accepted = (await line.accept(group)).json()
    assert (accepted["total_participants"], accepted["total_amount"]) == (5, "700000.00")
    await line.must_be_in_order()


async def test_an_offer_nobody_answers_lapses_and_the_next_in_line_gets_it(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    first, second = await line.waiting(), await line.waiting()
    await race.cancel(taken["registration_id"])
    await line.time_passes(hours=11.9)
    assert await line.statuses(first, second) == ["offered", "waiting"]
    await line.time_passes(hours=0.2)
    assert await line.statuses(first, second) == ["expired", "offered"]
    assert (await line.accept(first)).json()["code"] == "offer_expired"
    assert await line.offers() == [first["waitlist_id"], second["waitlist_id"]]
    await line.must_be_in_order()


async def test_an_offer_that_is_over_cannot_be_accepted_before_the_worker_has_seen_it(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    entry = await line.waiting()
    await race.cancel(taken["registration_id"])
    race.clock.advance(timedelta(hours=12, seconds=1))
    assert (await line.accept(entry)).json()["code"] == "offer_expired"
    assert await line.counted() == (1, 1, 0)


async def test_who_accepts_before_the_end_that_was_told_gets_the_place(race: Any, line: Line) -> None:
    """The worker's clock is ahead of that of the process which is asked, by as much as we allow."""
    [taken] = await line.sell_out()
    first, second = await line.waiting(), await line.waiting()
    await race.cancel(taken["registration_id"])
    ends = datetime.fromisoformat((await line.show(first))["offer_expires_at"])
    race.clock.advance(ends - race.clock() - timedelta(seconds=5))

    with race.clock.differing(SKEW):
        await line.process_waitlist()

    assert (await line.accept(first)).status_code == 201
    assert await line.statuses(first, second) == ["accepted", "waiting"]


async def test_the_last_offer_that_lapses_gives_the_place_to_the_public(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    await line.waiting()
    await race.cancel(taken["registration_id"])
    await line.time_passes(hours=12.1)
    assert await line.counted() == (0, 0, 0)
    # Admission remembers "full" for a moment.
    await eventually(lambda: _got_in(race), within=3, every=0.2)


async def _got_in(race: Any) -> bool:
    return bool((await race.register()).status_code == 201)


async def test_whoever_withdraws_hands_the_offer_on(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    first, second, third = [await line.waiting() for _ in range(3)]
    await race.cancel(taken["registration_id"])
    assert (await line.withdraw(second)).status_code == 204
    assert (await line.withdraw(first)).status_code == 204
    assert await line.statuses(first, second, third) == ["withdrawn", "withdrawn", "offered"]
    again = await line.withdraw(first)
    assert (again.status_code, again.json()["code"], again.json()["waitlist_status"]) == (
        409,
        "not_waiting",
        "withdrawn",
    )
    await line.must_be_in_order()


async def test_a_higher_quota_is_for_the_line_first(race: Any, line: Line) -> None:
    await line.sell_out(quota=2, bibs=20)
    entries = [await line.waiting() for _ in range(3)]
    assert (await line.change(quota=4)).status_code == 200
    assert await line.statuses(*entries) == ["offered", "offered", "waiting"]
    assert await line.counted() == (4, 2, 2)
    assert (await line.change(quota=3)).json()["code"] == "quota_below_taken"
    await line.change(quota=9)
    assert await line.counted() == (5, 3, 2)


async def test_an_offer_is_needed_to_accept(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    entry = await line.waiting()
    early = await line.accept(entry)
    assert (early.status_code, early.json()["code"], early.json()["waitlist_status"]) == (409, "no_offer", "waiting")
    await race.cancel(taken["registration_id"])
    assert (await line.accept(entry)).status_code == 201
    again = await line.accept(entry)
    assert (again.json()["code"], again.json()["waitlist_status"]) == ("no_offer", "accepted")
    assert await line.counted() == (1, 0, 1)


async def test_somebody_who_registered_elsewhere_cannot_accept_and_the_place_goes_on(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    full, form = race.category["id"], race.form()
    first, second = await line.waiting(form=form), await line.waiting()
    await race.cancel(taken["registration_id"])
    other = await race.open()
    await race.registered(form={**form, "category_id": other["id"]})
    answer = await line.accept(first)
    assert (answer.status_code, answer.json()["code"], answer.json()["participants"]) == (
        409,
        "already_registered",
        [0],
    )
    assert await line.statuses(first, second) == ["withdrawn", "offered"]
    assert (await race.places(full))["last_number"] == 1  # what was tried left no trace
    await line.must_be_in_order()


async def test_somebody_who_registered_elsewhere_is_passed_over_and_keeps_the_turn(race: Any, line: Line) -> None:
    taken = await line.sell_out(quota=2)
    full, form = race.category["id"], race.form()
    first, second = await line.waiting(form=form), await line.waiting()
    other = await race.open()
    elsewhere = await race.registered(form={**form, "category_id": other["id"]})
    await race.cancel(taken[0]["registration_id"])
    assert await line.statuses(first, second) == ["waiting", "offered"]
    await race.cancel(elsewhere["registration_id"])
    await race.cancel(taken[1]["registration_id"])
    assert await line.statuses(first, second) == ["offered", "offered"]
    assert (await race.places(full))["offered"] == 2


async def test_a_person_stands_in_a_category_once_and_may_stand_in_another(race: Any, line: Line) -> None:
    await line.sell_out(quota=1)
    form = race.form()
    entry = await line.waiting(form=form)
    again = race.form(5)
    again["participants"][2] = {**form["participants"][0], "is_pic": False}
    refused = await line.join(form=again)
    assert (refused.status_code, refused.json()["code"], refused.json()["participants"]) == (
        409,
        "already_waiting",
        [2],
    )
    await line.sell_out(quota=1)
    await line.waiting(form={**form, "category_id": race.category["id"]})
    await line.withdraw(entry)
    assert (await line.join(form=form)).json()["position"] == 1


async def test_somebody_who_is_registered_need_not_wait(race: Any, line: Line) -> None:
    await race.open(quota=1)
    form = race.form()
    await race.registered(form=form)
    refused = await line.join(form=form)
    assert (refused.status_code, refused.json()["code"], refused.json()["participants"]) == (
        409,
        "already_registered",
        [0],
    )
    assert await race.scalar("SELECT count(*) FROM waitlist_entries") == 0


async def test_a_late_proof_does_not_get_past_the_line(race: Any, line: Line) -> None:
    [late] = await line.sell_out()
    entry = await line.waiting()
    await race.deadline_passes()
    await race.proof(late, ago=timedelta(hours=2))  # in time, and heard of after the place was handed over
    assert await race.status(late["registration_id"]) == "expired"
    assert await line.status(entry) == "offered"
    await line.must_be_in_order()


async def test_a_burned_place_is_offered_to_nobody(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    entry = await line.waiting()
    await race.verify(taken)
    await race.cancel(taken["registration_id"])
    assert await line.status(entry) == "waiting"
    assert await line.counted() == (1, 0, 0)
    await line.must_be_in_order()


async def test_the_worker_looks_after_the_lines_by_itself(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    first, second = await line.waiting(), await line.waiting()
    await race.cancel(taken["registration_id"])
    race.clock.advance(timedelta(hours=12, minutes=3))
    settings = race.settings.model_copy(update={"expiry_sweep_seconds": 0.05})
    transport = InProcessTransport()
    worker = SERVICE.build_worker(settings, race.database, transport)
    for other in ("payment", "notification", "checkin"):
        transport.listen(other, deliver=_hear, dead_letter=_hear)
    await transport.start()
    await worker.start()
    try:
        await eventually(lambda: _stand(line, first, second))
    finally:
        await transport.stop()
        await worker.stop()
    await line.must_be_in_order()


async def _hear(_: bytes, __: str) -> None:
    """What another service does with an event, as far as this one knows."""


async def _stand(line: Line, first: dict[str, Any], second: dict[str, Any]) -> bool:
    return await line.statuses(first, second) == ["expired", "offered"]


async def test_staff_see_any_entry_and_other_runners_none(race: Any, line: Line) -> None:
    await line.sell_out()
    entry, other = await line.waiting(), await line.waiting()
    shown = await race.http.get(line.url(entry), headers=race.staff(Role.VIEWER))
    assert (shown.status_code, shown.json()["waitlist_id"]) == (200, entry["waitlist_id"])
    for method, action in (("GET", ""), ("DELETE", ""), ("POST", "/accept")):
        refused = await race.http.request(method, line.url(entry, action), headers=line.its_runner(other))
        assert (refused.status_code, refused.json()["code"]) == (403, "not_yours")
    assert await line.status(entry) == "waiting"
