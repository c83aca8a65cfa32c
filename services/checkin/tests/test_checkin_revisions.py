"""Remarks about packs, which the device that handed a pack out may change: the highest revision stays."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from contracts import ConfirmedParticipant
from hypothesis import given
from hypothesis import strategies as st
from testkit.clocks import ManualClock
from testkit.histories import examples

from .checkin_driver import CheckinDriver, Station, person
from .checkin_scans import conflicts, halls, handed_out, results, revoke, scan, sync, try_sync

PROXY: dict[str, Any] = {"collected_by": "Agus", "letter_seen": True, "identity_seen": False, "handed_size": "xl"}
NONE = dict.fromkeys(PROXY)
AS_ORDERED = {**NONE, "handed_size": "l"}
SIZES = ("s", "m", "xl")


async def remarks(driver: CheckinDriver, table: str, runner: ConfirmedParticipant) -> list[dict[str, Any]]:
    """Return the remarks about a pack that are stored in a table, with their revision, by station."""
    query = f"SELECT {', '.join(PROXY)}, revision FROM {table} WHERE participant_id = :id ORDER BY station_name"
    return await driver.rows(query, id=runner.participant_id)


async def test_a_check_in_with_a_network_has_remarks_too(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    one, other = person("Budi"), person("Siti")
    await driver.confirm(one)
    await driver.confirm(other)
    await driver.scan(station.device, one.ticket_code, **PROXY)
    await driver.scan(station.device, other.ticket_code, collected_by=" ")
    assert await remarks(driver, "checkins", one) == [{**PROXY, "revision": 0}]
    assert await remarks(driver, "checkins", other) == [{**AS_ORDERED, "revision": 0}]


TEXTS = [
    ("  Bu  Tini ", "Bu Tini"),
    ("Bu Tini \U000cfffd\u0378\u3164", "Bu Tini"),
    ("Bu\nTini\x00", "Bu Tini"),
    ("\u3164\n", None),
    ("", None),
]


@pytest.mark.parametrize("sent_at_once", [True, False])
async def test_no_text_in_the_remarks_refuses_a_scan(driver: CheckinDriver, *, sent_at_once: bool) -> None:
    # given
    [station] = await halls(driver, 1)
    runners = [person(f"Budi {number}") for number in range(len(TEXTS) + 2)]
    await driver.confirm(*runners)
    long = [{"collected_by": "x" * 300, "handed_size": "x" * 51}, {"handed_size": "xxxxl"}]
    texts = [*({"collected_by": sent, "handed_size": sent} for sent, _ in TEXTS), *long]

    # when
    if sent_at_once:
        for runner, about in zip(runners, texts, strict=True):
            await driver.scan(station.device, runner.ticket_code, **about)
    else:
        items = [scan(runner, driver.clock(), **about) for runner, about in zip(runners, texts, strict=True)]
        assert await results(driver, station, *items) == ["handed_out"] * len(items)

    # then what can be shown and stored of each is kept
    stored = [(await remarks(driver, "checkins", runner))[0] for runner in runners]
    kept = [*((text, text or "l") for _, text in TEXTS), ("x" * 255, "x" * 50), (None, "xxxxl")]
    assert [(each["collected_by"], each["handed_size"]) for each in stored] == kept


@pytest.mark.parametrize("sent_at_once", [True, False])
async def test_a_later_revision_replaces_the_remarks(driver: CheckinDriver, *, sent_at_once: bool) -> None:
    # given a check-in, with or without a network
    [station] = await halls(driver, 1)
    await driver.confirm(runner := person())
    if sent_at_once:
        await driver.scan(station.device, runner.ticket_code, key="k-1", **PROXY)
    else:
        await sync(driver, station, scan(runner, driver.clock(), key="k-1", **PROXY))

    # when the device sends other sizes, the newest first
    for revision, size in ((2, "m"), (1, "s"), (2, "xxl")):
        item = scan(runner, driver.clock(), key="k-1", revision=revision, collected_by="Dewi", handed_size=size)
        assert await results(driver, station, item) == ["handed_out"]

    # then that stays, wherever it is stored
    newest = {**NONE, "collected_by": "Dewi", "handed_size": "m", "revision": 2}
    assert await remarks(driver, "checkins", runner) == [newest]
    assert await remarks(driver, "scans", runner) == [newest]
    assert await conflicts(driver) == []


async def test_a_revision_goes_along_when_a_scan_is_displaced_and_holds_again(driver: CheckinDriver) -> None:
    # given a check-in with a revision that an earlier scan displaces
    early, late = await halls(driver)
    await driver.confirm(runner := person())
    then = driver.clock() - timedelta(hours=1)
    mine = scan(runner, then + timedelta(minutes=5), key="k-1")
    await sync(driver, late, {**mine, "revision": 3, "handed_size": "s"})
    await sync(driver, early, scan(runner, then))
    assert await remarks(driver, "checkins", runner) == [{**AS_ORDERED, "revision": 0}]

    # when its device changes its remarks, and the check-in of the other one is undone
    await sync(driver, late, {**mine, "revision": 4, "handed_size": "m"})
    await sync(driver, late, {**mine, "revision": 2, "handed_size": "xl"})
    assert await remarks(driver, "checkins", runner) == [{**AS_ORDERED, "revision": 0}]
    await driver.undo(runner.participant_id)

    # then it holds with its newest remarks, which can be changed
    newest = {**NONE, "handed_size": "m", "revision": 4}
    assert (await handed_out(driver, runner))[0] == "Station 1"
    assert await remarks(driver, "checkins", runner) == [{**AS_ORDERED, "revision": 0}, newest]
    await sync(driver, late, {**mine, "revision": 5, **PROXY})
    for table in ("checkins", "scans"):
        assert (await remarks(driver, table, runner))[1] == {**PROXY, "revision": 5}


async def test_a_revoked_device_changes_no_remarks(driver: CheckinDriver) -> None:
    # given a device with a check-in and a scan, and another scan that is kept since it was revoked
    [station] = await halls(driver, 1)
    runners = [person(name) for name in ("Budi", "Siti", "Agus")]
    for runner in runners:
        await driver.confirm(runner)
    items = [scan(runner, driver.clock(), **PROXY) for runner in runners]
    await driver.scan(station.device, runners[0].ticket_code, key=items[0]["key"], **PROXY)
    await sync(driver, station, items[1])
    await revoke(driver, station)
    await sync(driver, station, items[2])

    # when it sends all of them with later remarks
    later = [{**item, "revision": 1, "handed_size": "s"} for item in items]

    # then each gets the same result, and nothing is changed
    assert await results(driver, station, *later) == ["handed_out", "handed_out", "conflict"]
    for runner in runners:
        for table in ("checkins", "scans"):
            assert all(each == {**PROXY, "revision": 0} for each in await remarks(driver, table, runner))
    assert [each["full_name"] for each in await conflicts(driver)] == ["Agus"]


async def test_a_later_revision_is_of_the_same_pack(driver: CheckinDriver) -> None:
    [station] = await halls(driver, 1)
    one, other = person("Budi"), person("Siti")
    await driver.confirm(one)
    await driver.confirm(other)
    await driver.scan(station.device, one.ticket_code, key="k-1")
    answer = await try_sync(driver, station, scan(other, driver.clock(), key="k-1", revision=1, **PROXY))
    assert answer.is_problem(422, "idempotency_key_reused")
    assert await remarks(driver, "checkins", one) == [{**AS_ORDERED, "revision": 0}]


async def test_remarks_about_a_pack_whose_ticket_was_replaced_are_changed(driver: CheckinDriver) -> None:
    [station] = await halls(driver, 1)
    confirmed = await driver.confirm(runner := person())
    await driver.scan(station.device, runner.ticket_code, key="k-1")
    replaced = runner.model_copy(update={"ticket_code": "0" * 32, "bib_number": runner.bib_number + 1})
    await driver.confirm(replaced, registration_id=confirmed.registration_id, revision=9)
    assert await results(driver, station, scan(runner, driver.clock(), key="k-1", revision=1, **PROXY)) == [
        "handed_out"
    ]
    assert await remarks(driver, "checkins", runner) == [{**PROXY, "revision": 1}]


async def test_a_check_in_that_was_undone_is_no_conflict_when_it_is_sent_again(driver: CheckinDriver) -> None:
    # given a check-in that was undone, and another device that handed the pack out since
    wrong, right = await halls(driver)
    await driver.confirm(runner := person())
    await driver.scan(wrong.device, runner.ticket_code, key="k-1")
    await driver.undo(runner.participant_id)
    await sync(driver, right, scan(runner, driver.clock()))

    # when it is sent again, and the other device scans once more
    await sync(driver, wrong, scan(runner, driver.clock(), key="k-1"))
    await sync(driver, right, scan(runner, driver.clock()))

    # then staff have nothing to decide
    assert await conflicts(driver) == []


class Handed(NamedTuple):
    """A pack that a device handed out, a minute of the last hour, and the last revision of its remarks."""

    device: int
    runner: int
    minute: int
    last: int


Sent = Sequence[tuple[int, int]]
"""The scans that are sent one after another, each by its number and the revision of its remarks."""


def orders(handed: Sequence[Handed]) -> st.SearchStrategy[tuple[Sequence[Handed], Sent, Sent]]:
    """Return a strategy for two orders in which all revisions of scans are sent."""
    each = [(number, revision) for number, one in enumerate(handed) for revision in range(one.last + 1)]
    return st.tuples(st.just(handed), st.permutations(each), st.permutations(each))


HANDED = st.lists(
    st.builds(Handed, st.integers(0, 2), st.integers(0, 1), st.integers(0, 50), st.integers(0, 2)),
    min_size=1,
    max_size=5,
    unique_by=lambda one: (one.runner, one.minute),
)


async def stored_in_the_end(
    driver: CheckinDriver, devices: Sequence[Station], handed: Sequence[Handed], sent: Sent
) -> list[Any]:
    """Send scans, and return for each pack what is stored: who holds, what is in conflict, and the remarks."""
    begin = driver.clock() - timedelta(hours=1)
    runners = [person(), person()]
    for runner in runners:
        await driver.confirm(runner)
    for number, revision in sent:
        one = handed[number]
        item = scan(
            runners[one.runner],
            begin + timedelta(minutes=one.minute),
            key=f"{number}:{runners[0].participant_id}",
            revision=revision,
            collected_by=f"{number}.{revision}",
            handed_size=SIZES[revision],
        )
        await sync(driver, devices[one.device], item)
    return [await _stored(driver, runner) for runner in runners]


async def _stored(driver: CheckinDriver, runner: ConfirmedParticipant) -> list[Any]:
    about = "collected_by, handed_size, revision"
    holds = f"SELECT {about}, split_part(idempotency_key, ':', 1) AS number FROM checkins"
    scans = f"SELECT {about}, split_part(key, ':', 1) AS number, conflict FROM scans"
    return [
        await driver.rows(f"{query} WHERE participant_id = :id ORDER BY number", id=runner.participant_id)
        for query in (holds, scans)
    ]


@given(case=HANDED.flatmap(orders))
@examples(15)
async def test_in_whatever_order_revisions_are_sent_the_highest_stays(
    driver: CheckinDriver, clock: ManualClock, case: tuple[Sequence[Handed], Sent, Sent]
) -> None:
    handed, first, second = case
    devices = await halls(driver, 3)
    end = await stored_in_the_end(driver, devices, handed, first)
    assert await stored_in_the_end(driver, devices, handed, second) == end
    for number, one in enumerate(handed):
        holds, scans = end[one.runner]
        kept = {"collected_by": f"{number}.{one.last}", "handed_size": SIZES[one.last], "revision": one.last}
        found = [each for each in (*holds, *scans) if each["number"] == str(number)]
        assert [each for each in found if kept.items() <= each.items()] == found
        assert len(scans) == sum(each.runner == one.runner for each in handed)
        assert len(holds) == 1
