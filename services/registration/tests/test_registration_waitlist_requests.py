"""The waiting list at its edges: repeated and wrong requests, staff's part, and how it ends."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.canonical.phones import canonical_whatsapp
from chassis.clock import SKEW
from chassis.web.cursors import CursorOf
from contracts import WaitlistOffered
from testkit.plugin import FreshDatabase

from .registration_line import Line


@pytest.fixture
def line(race: Any) -> Line:
    return Line(race)


async def test_a_repeated_request_gets_the_first_answer(race: Any, line: Line, second_process: Any) -> None:
    await line.sell_out()
    form = race.form(5)
    first = await line.join(form=form, key="w-1")
    for again in (await line.join(form=form, key="w-1"), await Line(second_process).join(form=form, key="w-1")):
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert await race.scalar("SELECT count(*) FROM waitlist_entries") == 1


@pytest.mark.parametrize("since", ["withdrawn", "closed", "places"])
async def test_a_repeat_gets_the_first_answer_whatever_happened_since(race: Any, line: Line, since: str) -> None:
    await line.sell_out(bibs=10)
    form = race.form()
    first = await line.join(form=form, key="w-2")
    if since == "withdrawn":
        await line.withdraw(first.json())
    elif since == "closed":
        await line.change(is_active=False)
        await asyncio.sleep(1.05)  # what the counter remembers of a category at most
    else:
        await line.change(quota=3)
    again = await line.join(form=form, key="w-2")
    assert (again.status_code, again.content) == (201, first.content)
    assert await race.scalar("SELECT count(*) FROM waitlist_entries") == 1


async def test_one_key_on_many_connections_is_one_entry(race: Any, line: Line, second_process: Any) -> None:
    await line.sell_out()
    form = race.form()
    counters = (line, Line(second_process))
    answers = await asyncio.gather(*(counters[i % 2].join(form=form, key="w-3") for i in range(12)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1


async def test_a_key_is_good_for_one_request_only(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    form = race.form()
    assert (await race.register(form=form, key="w-4")).json()["code"] == "category_full"
    assert (await line.join(form=form, key="w-4")).status_code == 201
    for used in (await line.join(key="w-4"), await race.register(form=form, key="w-4")):
        assert (used.status_code, used.json()["code"]) == (422, "idempotency_key_reused")
    assert await line.counted() == (1, 0, 1)
    assert taken["status"] == "pending_payment"


async def test_a_line_is_joined_while_registration_is_open(race: Any, line: Line) -> None:
    opens, closes = race.clock() + timedelta(hours=1), race.clock() + timedelta(hours=3)
    await race.open(quota=4, registration_open_at=opens.isoformat(), registration_close_at=closes.isoformat())
    assert (await line.join(5)).json()["code"] == "registration_not_open"
    race.clock.advance(timedelta(hours=2))
    assert (await line.join(5)).status_code == 201
    race.clock.advance(timedelta(hours=2))
    assert (await line.join(5)).json()["code"] == "registration_closed"


async def test_what_is_not_offered_cannot_be_waited_for(race: Any, line: Line) -> None:
    await race.open(quota=4, price_collective_10=None)
    assert (await line.join(10)).json()["code"] == "type_not_offered"
    unknown = await line.join(form=race.form(category_id=str(uuid4())))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_category")


async def test_a_group_whose_price_is_gone_is_passed_over_and_cannot_accept(race: Any, line: Line) -> None:
    await race.open(quota=10, bibs=30)
    await race.registered(10)
    offered, waiting, single = await line.waiting(5), await line.waiting(5), await line.waiting()
    await line.change(quota=15)
    await line.change(price_collective_5=None, quota=20)
    assert await line.statuses(offered, waiting, single) == ["offered", "waiting", "offered"]
    assert (await line.accept(offered)).json()["code"] == "type_not_offered"
    await line.change(price_collective_5="1000.00")
    assert (await line.accept(offered)).status_code == 201
    await line.must_be_in_order()


@pytest.mark.parametrize(
    ("name", "value"),
    [("full_name", "Bu\x00di"), ("email", "nobody"), ("whatsapp", "+62"), ("date_of_birth", "2999-01-01"), ("bib", 1)],
)
async def test_a_wrong_field_is_named(race: Any, line: Line, name: str, value: Any) -> None:
    await line.sell_out()
    form = race.form()
    form["participants"][0][name] = value
    answer = await line.join(form=form)
    assert answer.status_code == 422, answer.text
    assert f"participants.0.{name}" in [error["field"] for error in answer.json()["errors"]]
    assert await race.scalar("SELECT count(*) FROM waitlist_entries") == 0


async def test_somebody_twice_in_one_group_is_named(race: Any, line: Line) -> None:
    await line.sell_out()
    form = race.form(5)
    form["participants"][4] = {**form["participants"][1]}
    answer = await line.join(form=form)
    assert answer.json()["errors"] == [
        {"field": "participants.4", "message": "This person is in the form already, as number 2 from the top."}
    ]


async def test_joining_counts_against_the_limit_of_registrations(
    fresh_database: FreshDatabase, clock: Any, build: Any
) -> None:
    limits = {"rate_registration_per_minute": 1, "rate_registration_burst": 2, "trusted_proxies": 1}
    race = build(await fresh_database("registration"), clock, **limits)
    race.http.headers["X-Forwarded-For"] = "9.9.9.9"
    line = Line(race)
    await race.open(quota=4)
    assert [(await line.join(5)).status_code for _ in range(3)] == [201, 201, 429]
    await race.service.close()


async def test_a_crowd_at_the_counter_is_told_to_come_back(
    fresh_database: FreshDatabase, clock: Any, build: Any
) -> None:
    race = build(await fresh_database("registration"), clock, admission_queue_size=5)
    line = Line(race)
    await race.open(quota=4)
    answers = await asyncio.gather(*(line.join(5) for _ in range(12)))
    busy = [answer for answer in answers if answer.status_code == 503]
    assert {answer.status_code for answer in answers} == {201, 503}
    assert {(answer.json()["code"], answer.headers["Retry-After"]) for answer in busy} == {("too_busy", "1")}
    assert (await line.join(5)).status_code == 201
    await race.service.close()


async def test_an_offer_lasts_as_long_as_the_settings_say(
    fresh_database: FreshDatabase, clock: Any, build: Any
) -> None:
    race = build(await fresh_database("registration"), clock, waitlist_offer_hours=3, hour_seconds=60.0)
    line = Line(race)
    [taken] = await line.sell_out()
    entry = await line.waiting()
    await race.cancel(taken["registration_id"])
    lasts = datetime.fromisoformat((await line.show(entry))["offer_expires_at"]) - clock()
    assert timedelta(seconds=170) < lasts < timedelta(minutes=3)
    accepted = datetime.fromisoformat((await line.accept(entry)).json()["expires_at"]) - clock()
    assert timedelta(minutes=23) < accepted < timedelta(minutes=24)
    await race.service.close()


async def test_staff_list_the_line_in_its_order_page_by_page(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    form = race.form()
    entries = [await line.waiting(form=form), *[await line.waiting() for _ in range(4)]]
    await line.sell_out()
    elsewhere = await line.waiting()
    await race.cancel(taken["registration_id"])
    ids = [entry["waitlist_id"] for entry in entries]
    own = {"category_id": entries[0]["category_id"]}

    assert await _listed(race, **own, limit=2) == ids
    assert await _listed(race) == [*ids, elsewhere["waitlist_id"]]
    assert await _listed(race, **own, status="waiting", limit=1) == ids[1:]
    assert await _listed(race, status="offered") == ids[:1]
    assert await _listed(race, category_id=str(uuid4())) == []
    first = (await race.http.get(line.url(), params=own, headers=race.staff())).json()["items"][0]
    pic = form["participants"][0]
    assert (first["pic_name"], first["pic_email"], first["pic_whatsapp"]) == (
        pic["full_name"],
        pic["email"],
        canonical_whatsapp(pic["whatsapp"]),
    )


async def _listed(race: Any, **wanted: Any) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        params = {**wanted, **({"cursor": cursor} if cursor else {})}
        answer = await race.http.get(race.url("/waitlist"), params=params, headers=race.staff())
        assert answer.status_code == 200, answer.text
        found += [item["waitlist_id"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("category_id", "no"),
        ("status", "asleep"),
        ("limit", 0),
        ("limit", 201),
        ("cursor", "x"),
        ("cursor", CursorOf.encode("1")),
        ("cursor", CursorOf.encode(True)),
        ("cursor", CursorOf.encode(2**70)),
        ("cursor", CursorOf.encode(1, 2)),
    ],
)
async def test_a_wrong_parameter_is_named(race: Any, name: str, value: Any) -> None:
    answer = await race.http.get(race.url("/waitlist"), params={name: value}, headers=race.staff())
    assert answer.status_code == 422, answer.text
    assert name in [error["field"] for error in answer.json()["errors"]]


async def test_staff_call_somebody_ahead_and_the_next_free_place_is_theirs(race: Any, line: Line) -> None:
    taken = await line.sell_out(quota=3)
    first, second, third = [await line.waiting() for _ in range(3)]
    called = await line.staff(third, "offer")
    assert (called.status_code, called.json()["status"], called.json()["position"]) == (200, "waiting", 1)
    await line.staff(second, "offer")
    await line.staff(third, "offer")
    assert await line.positions(first, second, third) == [3, 1, 2]
    for entry in taken:
        await race.cancel(entry["registration_id"])
    assert (await line.offers())[-1] == first["waitlist_id"]
    assert await line.statuses(first, second, third) == ["offered"] * 3


async def test_staff_offer_places_that_are_free_at_once(race: Any, line: Line) -> None:
    """Free while somebody waits: whom they would fit is registered elsewhere, until just now."""
    [taken] = await line.sell_out()
    form = race.form()
    entry = await line.waiting(form=form)
    other = await race.open()
    elsewhere = await race.registered(form={**form, "category_id": other["id"]})
    await race.cancel(taken["registration_id"])
    await race.cancel(elsewhere["registration_id"])
    assert await line.status(entry) == "waiting"
    called = (await line.staff(entry, "offer")).json()
    assert (called["status"], called["position"]) == ("offered", None)
    again = await line.staff(entry, "offer")
    assert (again.status_code, again.json()["code"]) == (409, "not_waiting")
    await line.must_be_in_order()


async def test_staff_take_somebody_off_the_list_with_a_reason(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    first, second = await line.waiting(), await line.waiting()
    await race.cancel(taken["registration_id"])
    assert (await line.staff(first, "remove", reason="asked by phone")).status_code == 204
    shown = await line.show(first)
    assert (shown["status"], shown["reason"]) == ("withdrawn", "asked by phone")
    assert await line.status(second) == "offered"
    assert (await line.staff(first, "remove", reason="again")).json()["code"] == "not_waiting"
    await race.http.delete(line.url(second), headers=race.staff())
    assert await line.status(second) == "withdrawn"
    await line.must_be_in_order()


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 501}, {"reason": "a\x00b"}, {"reason": 7}])
async def test_a_removal_needs_a_sane_reason(race: Any, line: Line, body: dict[str, Any]) -> None:
    await line.sell_out()
    entry = await line.waiting()
    answer = await race.http.post(line.url(entry, "/remove"), json=body, headers=race.staff())
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "reason")
    assert await line.status(entry) == "waiting"


async def test_what_is_done_to_the_line_is_in_the_audit_log(race: Any, line: Line) -> None:
    await line.sell_out()
    entries = [await line.waiting() for _ in range(3)]
    await line.staff(entries[0], "offer")
    await line.staff(entries[1], "remove", reason="asked by phone")
    await line.withdraw(entries[2])
    actions = await race.scalar(
        "SELECT string_agg(action || ' ' || split_part(actor, ':', 1), ', ' ORDER BY id) FROM audit_log"
        " WHERE subject LIKE 'waitlist:%'"
    )
    assert actions == "waitlist.offer staff, waitlist.remove staff, waitlist.withdraw runner"
    assert await race.scalar("SELECT count(*) FROM audit_log WHERE details::text LIKE '%phone%'") == 0


async def test_nobody_knows_an_entry_that_is_not_there(race: Any, line: Line) -> None:
    nobody = {"waitlist_id": uuid4()}
    answers = [
        await race.http.get(line.url(nobody), headers=race.staff()),
        await race.http.delete(line.url(nobody), headers=race.staff()),
        await line.staff(nobody, "offer"),
        await line.staff(nobody, "remove", reason="x"),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "unknown_waitlist_entry")}
    await race.open()
    registered = await race.registered()
    answer = await line.accept({"waitlist_id": registered["registration_id"], **registered})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_waitlist_entry")


async def test_when_registration_closes_the_line_is_over_and_its_places_are_free(race: Any, line: Line) -> None:
    closes = race.clock() + timedelta(hours=5)
    [taken] = await line.sell_out(registration_close_at=closes.isoformat())
    offered, waiting = await line.waiting(), await line.waiting()
    await race.cancel(taken["registration_id"])
    [told] = await race.service.published(WaitlistOffered)
    assert told.payload.offer_expires_at == closes  # nobody is promised time that there is not
    race.clock.advance(timedelta(hours=5, seconds=1))
    assert (await line.accept(offered)).json()["code"] == "offer_expired"
    await line.process_waitlist()
    assert await line.statuses(offered, waiting) == ["offered", "waiting"]  # another clock may be before the end
    race.clock.advance(SKEW)
    await line.process_waitlist()
    assert await line.statuses(offered, waiting) == ["closed", "closed"]
    assert await line.counted() == (0, 0, 0)
    assert (await line.accept(offered)).json()["code"] == "no_offer"
    assert (await line.withdraw(waiting)).json()["code"] == "not_waiting"
    await line.must_be_in_order()


@pytest.mark.parametrize("what", ["category", "event"])
async def test_a_category_that_is_taken_down_takes_its_line_with_it(race: Any, line: Line, what: str) -> None:
    [taken] = await line.sell_out()
    offered, waiting = await line.waiting(), await line.waiting()
    await race.cancel(taken["registration_id"])
    path = f"/categories/{race.category['id']}" if what == "category" else f"/events/{race.event['id']}"
    await race.http.patch(race.url(path), json={"is_active": False}, headers=race.staff())
    for refused in (await line.accept(offered), await line.staff(waiting, "offer")):
        assert (refused.status_code, refused.json()["code"]) == (409, "registration_closed")
    await line.process_waitlist()
    assert await line.statuses(offered, waiting) == ["closed", "closed"]
    assert await line.counted() == (0, 0, 0)


async def test_what_becomes_free_after_the_close_is_offered_to_nobody(race: Any, line: Line) -> None:
    closes = race.clock() + timedelta(hours=1)
    [taken] = await line.sell_out(registration_close_at=closes.isoformat())
    entry = await line.waiting()
    race.clock.advance(timedelta(hours=2))
    await race.cancel(taken["registration_id"])
    assert await line.status(entry) == "waiting"
    assert await line.offers() == []


async def test_an_opening_put_off_does_not_stop_the_line(race: Any, line: Line) -> None:
    [taken] = await line.sell_out()
    entry = await line.waiting()
    await line.change(registration_open_at=(race.clock() + timedelta(hours=1)).isoformat())
    await race.cancel(taken["registration_id"])
    assert (await line.accept(entry)).status_code == 201


async def test_a_category_in_whose_line_somebody_stood_is_not_deleted(race: Any, line: Line) -> None:
    await race.open(quota=4)
    await line.waiting(5)
    path = race.url(f"/categories/{race.category['id']}")
    answer = await race.http.delete(path, headers=race.staff())
    assert (answer.status_code, answer.json()["code"]) == (409, "category_has_registrations")


async def test_times_are_told_with_their_offset(line: Line) -> None:
    await line.sell_out()
    entry = await line.waiting()
    for created_at in (entry["created_at"], (await line.show(entry))["created_at"]):
        assert datetime.fromisoformat(created_at).tzinfo is not None
