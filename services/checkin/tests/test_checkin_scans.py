"""Scans that devices made without a network: the first one holds, whoever sends first, and nothing is lost."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from checkin.pickup import merging
from checkin.pickup.rules import clock_offset, judged_time
from contracts import ConfirmedParticipant, ParticipantCheckedIn
from hypothesis import given
from hypothesis import strategies as st
from testkit.clocks import ManualClock
from testkit.histories import examples

from .checkin_driver import CheckinDriver, Station, person
from .checkin_scans import Item, conflicts, halls, handed_out, results, scan, sync


async def test_scans_become_check_ins_with_the_time_at_which_they_were_made(
    driver: CheckinDriver, clock: ManualClock
) -> None:
    # given packs handed out without a network an hour ago, one of them to somebody else
    [station] = await halls(driver, 1)
    one, other = person("Budi"), person("Siti")
    await driver.confirm(one)
    await driver.confirm(other)
    then = clock() - timedelta(hours=1)
    proxy = {"collected_by": "Agus", "letter_seen": True, "identity_seen": False, "handed_size": "xl"}
    items = scan(one, then), scan(other, then + timedelta(minutes=1), **proxy)

    # when they are sent, twice
    first = await sync(driver, station, *items)
    again = await sync(driver, station, *items)

    # then they count once, with the same answer
    assert [each["result"] for each in first["items"]] == ["handed_out", "handed_out"]
    assert again["items"] == first["items"]
    assert (first["items"][0]["full_name"], first["device_revoked"]) == ("Budi", False)
    assert await handed_out(driver, one) == ("Station 0", then)
    [kept] = await driver.rows(
        "SELECT collected_by, letter_seen, identity_seen, handed_size FROM checkins WHERE participant_id = :id",
        id=other.participant_id,
    )
    assert kept == proxy
    assert [event.payload.checked_in_at for event in await driver.published(ParticipantCheckedIn)] == [
        then,
        then + timedelta(minutes=1),
    ]
    assert await conflicts(driver) == []


@pytest.mark.parametrize("first_sends_first", [True, False])
async def test_of_two_that_handed_out_the_same_pack_the_earlier_holds(
    driver: CheckinDriver, clock: ManualClock, *, first_sends_first: bool
) -> None:
    # given
    early, late = await halls(driver)
    named = "replace(s.name, 'Station', 'Phone')"
    await driver.execute(f"UPDATE devices SET name = {named} FROM stations s WHERE s.id = station_id")
    await driver.confirm(runner := person("Budi"))
    then = clock() - timedelta(hours=1)
    sent = [(early, scan(runner, then)), (late, scan(runner, then + timedelta(minutes=5)))]

    # when both send, in either order
    for station, item in sent if first_sends_first else reversed(sent):
        await sync(driver, station, item)

    # then the earlier one holds, the other is a conflict, and one pack is published
    assert await handed_out(driver, runner) == ("Station 0", then)
    [conflict] = await conflicts(driver)
    assert (conflict["kind"], conflict["station_name"], conflict["full_name"]) == (
        "handed_out_twice",
        "Station 1",
        "Budi",
    )
    assert (conflict["handed_out"]["station_name"], conflict["handed_out"]["device_name"]) == ("Station 0", "Phone 0")
    assert conflict["device_name"] == "Phone 1"
    assert await conflicts(driver, by=late.device) == [conflict]
    assert await conflicts(driver, by=early.device) == []
    assert len(await driver.published(ParticipantCheckedIn)) == 1


Scans = Sequence[tuple[int, int, int]]


async def final_state(
    driver: CheckinDriver, devices: Sequence[Station], scans: Scans, order: Sequence[int], skews: Sequence[int]
) -> Any:
    """Send each device's scans in this order, and all of them again; return who holds and what is in conflict."""
    runners = [person(f"Budi {number}") for number in range(3)]
    for runner in runners:
        await driver.confirm(runner)
    begin = driver.clock() - timedelta(hours=1)
    ahead = [timedelta(minutes=skew) for skew in skews]
    for device in (*order, *reversed(order)):
        own = [
            scan(
                runners[runner],
                begin + timedelta(minutes=minute) + ahead[device],
                key=f"{number}-{runners[0].participant_id}",
            )
            for number, (by, runner, minute) in enumerate(scans)
            if by == device
        ]
        if own:
            await sync(driver, devices[device], *own, ahead=ahead[device])
    return [await _state(driver, runner, begin) for runner in runners]


async def _state(driver: CheckinDriver, runner: ConfirmedParticipant, begin: datetime) -> Any:
    ids = {"id": runner.participant_id}
    holds = "SELECT device_id, checked_in_at AS at FROM checkins WHERE participant_id = :id AND undone_at IS NULL"
    open_ = "SELECT device_id, scanned_at AS at FROM scans WHERE participant_id = :id AND conflict IS NOT NULL"
    return [
        sorted((row["device_id"], row["at"] - begin) for row in await driver.rows(query, **ids))
        for query in (holds, open_)
    ]


SCANS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 50)),
    min_size=1,
    max_size=8,
    unique_by=lambda s: s[1:],
)


@given(scans=SCANS, skews=st.tuples(*(st.integers(-40, 40) for _ in range(3))))
@examples(5)
async def test_in_whatever_order_three_devices_send_the_end_is_the_same(
    driver: CheckinDriver, clock: ManualClock, scans: Scans, skews: Sequence[int]
) -> None:
    devices = await halls(driver, 3)
    ends = [await final_state(driver, devices, scans, order, skews) for order in permutations(range(3))]
    assert all(end == ends[0] for end in ends)
    handed = {runner for _, runner, _ in scans}
    assert [len(holds) for holds, _ in ends[0]] == [int(number in handed) for number in range(3)]


async def test_without_the_rule_that_the_earlier_holds_the_order_decides(
    driver: CheckinDriver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""

    def stay(_: Any, packs: Any, row: Any, entry: Any) -> None:
        """Have the check-in of the first that was received hold."""
        if entry.participant_id not in packs.holders:
            hand_over(_, packs, row, entry)

    hand_over = merging._hand_over
    monkeypatch.setattr(merging, "_hand_over", stay)
    devices = await halls(driver, 3)
    scans = [(0, 0, 1), (1, 0, 2)]
    one, other = [await final_state(driver, devices, scans, order, (0, 0, 0)) for order in ((0, 1, 2), (1, 0, 2))]
    assert one != other


async def test_devices_that_send_at_the_same_moment_agree(driver: CheckinDriver, clock: ManualClock) -> None:
    # given three devices that all handed out the same five packs
    devices = await halls(driver, 3)
    runners = [person(f"Budi {number}") for number in range(5)]
    for runner in runners:
        await driver.confirm(runner)
    begin = clock() - timedelta(hours=1)
    batches = [
        [scan(runner, begin + timedelta(minutes=(number + place) % 3)) for place, runner in enumerate(runners)]
        for number in range(3)
    ]

    # when they send at once
    await asyncio.gather(*(sync(driver, device, *batch) for device, batch in zip(devices, batches, strict=True)))

    # then each pack has its first scan, and the two others are conflicts
    assert [await handed_out(driver, runner) for runner in runners] == [
        (f"Station {-place % 3}", begin) for place in range(5)
    ]
    assert len(await conflicts(driver)) == 10
    assert len(await driver.published(ParticipantCheckedIn)) == 5


async def test_a_second_scan_by_the_same_device_is_no_conflict(driver: CheckinDriver, clock: ManualClock) -> None:
    [station] = await halls(driver, 1)
    await driver.confirm(runner := person())
    then = clock() - timedelta(hours=1)
    assert await results(driver, station, scan(runner, then + timedelta(seconds=9)), scan(runner, then)) == [
        "repeated",
        "handed_out",
    ]
    assert await handed_out(driver, runner) == ("Station 0", then)
    assert await conflicts(driver) == []


async def test_a_scan_whose_answer_got_lost_is_the_same_when_it_is_sent_later(
    driver: CheckinDriver, clock: ManualClock
) -> None:
    [station] = await halls(driver, 1)
    await driver.confirm(runner := person())
    await driver.scan(station.device, runner.ticket_code, key="k-1")
    assert await results(driver, station, scan(runner, clock(), key="k-1")) == ["handed_out"]
    assert await conflicts(driver) == []
    assert len(await driver.published(ParticipantCheckedIn)) == 1


async def test_clocks_are_judged_by_what_they_say_now(driver: CheckinDriver, clock: ManualClock) -> None:
    # given a device whose clock is three hours ahead
    [station] = await halls(driver, 1)
    logged_in = clock() - timedelta(hours=2)
    runners = {name: person(name) for name in ("now", "ahead", "before")}
    for runner in runners.values():
        await driver.confirm(runner)
    ahead = timedelta(hours=3)
    at = {
        "now": clock() + ahead,
        "ahead": clock() + ahead + timedelta(minutes=9),
        "before": clock() - timedelta(days=9),
    }

    # when
    answer = await sync(driver, station, *(scan(runners[name], at[name]) for name in runners), ahead=ahead)

    # then no scan is later than now, or from before it logged in
    assert abs(answer["clock_offset_seconds"] + ahead.total_seconds()) <= 2
    expected = {"now": clock(), "ahead": clock(), "before": logged_in}
    for name, runner in runners.items():
        assert abs((await handed_out(driver, runner))[1] - expected[name]) < timedelta(seconds=2), name
    [device] = await driver.rows("SELECT clock_offset_seconds FROM devices")
    assert device == {"clock_offset_seconds": answer["clock_offset_seconds"]}


_MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(_MOMENTS, _MOMENTS, _MOMENTS, _MOMENTS)
def test_whatever_a_clock_says_a_scan_has_a_time_from_the_login_until_now(
    scanned_at: datetime, device_time: datetime, one: datetime, other: datetime
) -> None:
    earliest, now = sorted((one, other))
    at = judged_time(scanned_at, offset=clock_offset(device_time, now), earliest=earliest, now=now)
    assert earliest <= at <= now


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(days=-2000), timedelta(days=2000)])
async def test_a_scan_at_the_end_of_the_calendar_does_not_hold_the_others_back(
    driver: CheckinDriver, ahead: timedelta
) -> None:
    [station] = await halls(driver, 1)
    runners = [person(name) for name in ("first", "last", "now")]
    for runner in runners:
        await driver.confirm(runner)
    times = [datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), driver.clock() + ahead]
    items = [scan(runner, at) for runner, at in zip(runners, times, strict=True)]
    answer = await sync(driver, station, *items, ahead=ahead)
    assert [each["result"] for each in answer["items"]] == ["handed_out"] * 3


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("items.0", {"participant_id": str(uuid4())}),
        ("items.0", {"ticket_code": None}),
        ("items.0.scanned_at", {"scanned_at": "2027-01-01T10:00:00"}),
        ("items.0.key", {"key": ""}),
        ("items.0.handed_size", {"handed_size": 7}),
        *(("items.0.revision", {"revision": revision}) for revision in (-1, 1001, "1")),
    ],
)
async def test_what_is_wrong_with_a_scan_is_named(driver: CheckinDriver, field: str, changes: Item) -> None:
    station = await driver.set_up_station()
    item = {**scan(person(), driver.clock()), **changes}
    body = {"device_time": driver.clock().isoformat(), "items": [item]}
    answer = await driver.call("POST", "/checkins/batch", by=station.device, json=body)
    assert answer.is_problem(422, "invalid_fields")
    assert [error["field"] for error in answer.body["errors"]] == [field]


async def test_a_batch_has_a_limit_and_each_scan_a_key_of_its_own(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    now = driver.clock()
    for items in ([scan(person(), now, key="same")] * 2, [scan(person(), now) for _ in range(101)], []):
        body = {"device_time": now.isoformat(), "items": items}
        answer = await driver.call("POST", "/checkins/batch", by=station.device, json=body)
        assert (answer.status, [error["field"] for error in answer.body["errors"]]) == (422, ["items"])


async def test_only_devices_send_scans(driver: CheckinDriver) -> None:
    body = {"device_time": driver.clock().isoformat(), "items": [scan(person(), driver.clock())]}
    assert (await driver.call("POST", "/checkins/batch", json=body)).status == 401
    assert (await driver.call("POST", "/checkins/batch", by=driver.staff(Role.OWNER), json=body)).status == 403


@pytest.mark.parametrize("sent_at_once", [True, False])
async def test_a_key_stands_for_one_pack(driver: CheckinDriver, *, sent_at_once: bool) -> None:
    [station] = await halls(driver, 1)
    one, other = person("Budi"), person("Siti")
    await driver.confirm(one)
    await driver.confirm(other)
    if sent_at_once:
        await driver.scan(station.device, one.ticket_code, key="k-1")
    else:
        await sync(driver, station, scan(one, driver.clock(), key="k-1"))
    items = [scan(other, driver.clock(), key="k-1")]
    body = {"device_time": driver.clock().isoformat(), "items": items}
    answer = await driver.call("POST", "/checkins/batch", by=station.device, json=body)
    assert answer.is_problem(422, "idempotency_key_reused")
