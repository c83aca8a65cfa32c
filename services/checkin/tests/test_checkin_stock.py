"""The stock of jerseys: what was brought, what was handed out in which size, and who still waits for one."""

from typing import Any

import pytest
from chassis.auth.principals import Role
from contracts import ConfirmedParticipant, JerseySize
from testkit.driver import Answer, Headers

from .checkin_driver import RACE, CheckinDriver, another_race, correction, person
from .checkin_scans import halls, scan, sync


def wearing(size: str) -> ConfirmedParticipant:
    """Return a runner who ordered a size, which may be one that only a newer release knows."""
    return person().model_copy(update={"jersey_size": size})


async def stock(driver: CheckinDriver, by: Headers | None = None, **params: str) -> dict[str, Any]:
    """Return the stock of a race as staff or a device sees it."""
    asked = {"event_id": str(RACE.event_id)} if by is None and not params else params
    found: dict[str, Any] = (await driver.call("GET", "/stock", by=by or driver.admin, params=asked)).require(200)
    return found


async def try_enter(driver: CheckinDriver, *sizes: Any) -> Answer:
    """Enter what was brought of sizes, each with its number, as staff does."""
    body = {"sizes": [{"jersey_size": size, "brought": brought} for size, brought in sizes]}
    return await driver.call("PUT", f"/stock/{RACE.event_id}", by=driver.admin, json=body)


async def counted(driver: CheckinDriver) -> list[tuple[Any, ...]]:
    """Return size, brought, handed out and waiting of each size."""
    return [tuple(each.values()) for each in (await stock(driver))["sizes"]]


async def test_jerseys_are_counted_by_the_size_that_was_handed_out(driver: CheckinDriver) -> None:
    # given runners who ordered L, two of whom got another size
    station = await driver.set_up_station()
    await driver.confirm(*(runners := [wearing("l") for _ in range(4)]))
    await driver.scan(station.device, runners[0].ticket_code)
    await driver.scan(station.device, runners[1].ticket_code, handed_size="xl")
    await driver.scan(station.device, runners[2].ticket_code, handed_size="xs")

    # and others: of another race, cancelled with and without a pack, one whose check-in was undone
    await driver.confirm(wearing("s"), event=another_race("Lari Malam"))
    await driver.cancel(await driver.confirm(wearing("m")))
    cancelled = await driver.confirm(late := wearing("xxl"))
    await driver.scan(station.device, late.ticket_code)
    await driver.cancel(cancelled)
    await driver.confirm(undone := wearing("xxxl"))
    await driver.scan(station.device, undone.ticket_code, handed_size="s")
    await driver.undo(undone.participant_id)

    # then
    assert await counted(driver) == [
        ("xs", None, 1, 0),
        ("m", None, 0, 0),
        ("l", None, 1, 1),
        ("xl", None, 1, 0),
        ("xxl", None, 1, 0),
        ("xxxl", None, 0, 1),
    ]


@pytest.mark.parametrize("sent_at_once", [True, False])
async def test_a_corrected_size_moves_no_pack_that_has_left(driver: CheckinDriver, *, sent_at_once: bool) -> None:
    # given a pack in the size that was ordered, and its remarks, which name no size either
    [station] = await halls(driver, 1)
    confirmed = await driver.confirm(runner := wearing("m"))
    if sent_at_once:
        await driver.scan(station.device, runner.ticket_code, key="k-1")
    else:
        await sync(driver, station, scan(runner, driver.clock(), key="k-1"))
    await sync(driver, station, scan(runner, driver.clock(), key="k-1", revision=1, collected_by="Dewi"))

    # when the runner's size is corrected
    await driver.deliver(correction(confirmed, runner, revision=9, jersey_size=JerseySize.XL))

    # then the jersey that left is still an M, also in the list of hand-outs
    assert await counted(driver) == [("m", None, 1, 0), ("xl", None, 0, 0)]
    [found] = (await driver.call("GET", "/checkins", by=driver.admin)).body["items"]
    assert (found["handed_size"], found["jersey_size"]) == ("m", "xl")


@pytest.mark.parametrize("sent_at_once", [True, False])
async def test_later_remarks_without_a_size_leave_the_size_that_left(
    driver: CheckinDriver, *, sent_at_once: bool
) -> None:
    # given a pack in the size that was ordered, which is corrected afterwards
    [station] = await halls(driver, 1)
    confirmed = await driver.confirm(runner := wearing("m"))
    if sent_at_once:
        await driver.scan(station.device, runner.ticket_code, key="k-1")
    else:
        await sync(driver, station, scan(runner, driver.clock(), key="k-1"))
    await driver.deliver(correction(confirmed, runner, revision=9, jersey_size=JerseySize.XL))

    # when the device sends remarks that name no size
    await sync(driver, station, scan(runner, driver.clock(), key="k-1", revision=1, collected_by="Dewi"))

    # then they are stored, and the jersey that left is still an M
    for table in ("checkins", "scans"):
        stored = await driver.rows(f"SELECT collected_by, handed_size, revision FROM {table}")
        assert [tuple(row.values()) for row in stored] == [("Dewi", "m", 1)]
    assert await counted(driver) == [("m", None, 1, 0), ("xl", None, 0, 0)]


async def test_check_ins_of_older_releases_count_in_the_size_that_is_ordered(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := wearing("m"))
    await driver.scan(station.device, runner.ticket_code)
    await driver.execute("UPDATE checkins SET handed_size = NULL")
    assert await counted(driver) == [("m", None, 1, 0)]


async def test_a_size_that_was_ordered_is_listed_when_only_others_were_handed_out(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := wearing("l"))
    await driver.scan(station.device, runner.ticket_code, handed_size="xl")
    assert await counted(driver) == [("l", None, 0, 0), ("xl", None, 1, 0)]


async def test_sizes_that_only_a_newer_release_knows_come_last(driver: CheckinDriver) -> None:
    await driver.confirm(*(wearing(size) for size in ("kids_m", "xl", "5xl", "s")))
    assert [size for size, *_ in await counted(driver)] == ["s", "xl", "5xl", "kids_m"]


async def test_what_was_brought_is_entered_changed_and_removed(driver: CheckinDriver) -> None:
    # given
    await driver.confirm(wearing("m"))
    first = await try_enter(driver, ("xl", 20), ("m", 100), ("s", 0))

    # when one size is changed and one removed
    second = await try_enter(driver, ("m", 120), ("xl", None), ("l", None))

    # then the others stay, and the answer is what GET says
    assert [tuple(each.values()) for each in first.require(200)["sizes"]] == [
        ("s", 0, 0, 0),
        ("m", 100, 0, 1),
        ("xl", 20, 0, 0),
    ]
    assert await counted(driver) == [("s", 0, 0, 0), ("m", 120, 0, 1)]
    assert second.body == await stock(driver)
    assert second.body["event_id"] == str(RACE.event_id)

    # and the log has what changed
    subject = f"event:{RACE.event_id}"
    entries = await driver.audit_log("stock.change")
    assert [each["subject"] for each in entries] == [subject, subject]
    assert entries[1]["details"] == {
        "fields": ["m", "xl"],
        "before": {"m": 100, "xl": 20},
        "after": {"m": 120, "xl": None},
    }


async def test_the_stock_of_one_race_is_not_that_of_another(driver: CheckinDriver) -> None:
    other = another_race("Lari Malam")
    (await try_enter(driver, ("m", 100))).require(200)
    found = await stock(driver, event_id=str(other.event_id))
    assert found == {"event_id": str(other.event_id), "sizes": []}


async def test_a_device_sees_the_race_of_its_station_unless_it_asks_for_another(driver: CheckinDriver) -> None:
    # given
    tied, loose = await driver.set_up_station(race=RACE), await driver.set_up_station("Station 2")
    other = str(another_race("Lari Malam").event_id)

    # when / then
    assert (await stock(driver, tied.device))["event_id"] == str(RACE.event_id)
    assert (await stock(driver, tied.device, event_id=other))["event_id"] == other
    assert (await stock(driver, driver.staff(Role.VIEWER), event_id=other))["event_id"] == other
    for caller in (loose.device, driver.admin):
        answer = await driver.call("GET", "/stock", by=caller)
        assert answer.is_problem(422, "invalid_fields")
        assert answer.wrong_fields == ["event_id"]


@pytest.mark.parametrize(
    ("field", "sizes"),
    [
        ("sizes", [("m", 1), ("s", 2), (" m", 3)]),
        ("sizes.0.brought", [("m", -1)]),
        ("sizes.0.brought", [("m", 1_000_001)]),
        ("sizes.1.brought", [("s", 1), ("m", "1")]),
        ("sizes.0.jersey_size", [("", 1)]),
        ("sizes.0.jersey_size", [("x" * 51, 1)]),
    ],
)
async def test_what_is_wrong_with_a_size_is_named(driver: CheckinDriver, field: str, sizes: list[Any]) -> None:
    answer = await try_enter(driver, *sizes)
    assert answer.is_problem(422, "invalid_fields")
    assert answer.wrong_fields == [field]
    assert await driver.rows("SELECT 1 FROM jersey_stock") == []
