"""Scans of sessions that have run out: a phone without a network sends them days later, with the token it had."""

from datetime import timedelta

import pytest
from testkit.clocks import ManualClock

from .checkin_driver import CheckinDriver, person
from .checkin_scans import conflicts, handed_out, results, revoke, scan, try_sync

DAY = timedelta(days=1)


@pytest.fixture
def before(clock: ManualClock, driver: CheckinDriver) -> timedelta:
    """Move the clock to the login of a session that ended yesterday, and return how long ago that was."""
    ago = driver.settings.device_token_lifetime + DAY
    clock.advance(-ago)
    return ago


async def test_scans_of_a_session_that_ran_out_yesterday_count(
    driver: CheckinDriver, clock: ManualClock, before: timedelta
) -> None:
    # given a phone that handed a pack out during its session
    station = await driver.set_up_station()
    await driver.confirm(runner := person("Budi"))
    then = clock() + timedelta(hours=3)
    clock.advance(before)

    # when it comes back
    items = [scan(runner, then)]
    assert [await results(driver, station, *items) for _ in range(2)] == [["handed_out"]] * 2

    # then its scan counts, with its own time and station
    assert await handed_out(driver, runner) == ("Station 1", then)
    assert await conflicts(driver) == []


async def test_scans_of_a_phone_that_was_signed_out_and_ran_out_are_kept(
    driver: CheckinDriver, clock: ManualClock, before: timedelta
) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person("Budi"))
    then = clock() + timedelta(hours=3)
    await revoke(driver, station)
    clock.advance(before)
    assert await results(driver, station, scan(runner, then)) == ["conflict"]
    assert [each["kind"] for each in await conflicts(driver)] == ["device_revoked"]


async def test_the_key_of_a_session_is_kept_as_long_as_its_scans_are_taken(
    driver: CheckinDriver, clock: ManualClock, before: timedelta
) -> None:
    # given a session whose key was replaced just after the login
    clock.advance(-6 * DAY + timedelta(minutes=1))
    station = await driver.set_up_station()
    await driver.app.state.signing_keys.rotate()
    await driver.confirm(runner := person("Budi"))
    then = clock() + timedelta(hours=3)

    # when it comes back in the last minute
    clock.advance(before + 6 * DAY - timedelta(minutes=1))

    # then
    assert await results(driver, station, scan(runner, then)) == ["handed_out"]


async def test_a_session_that_ran_out_eight_days_ago_sends_nothing(
    driver: CheckinDriver, clock: ManualClock, before: timedelta
) -> None:
    clock.advance(-7 * DAY)
    station = await driver.set_up_station()
    clock.advance(before + 7 * DAY)
    answer = await try_sync(driver, station, scan(person(), clock()))
    assert (answer.status, answer.code) == (401, "expired_token")


async def test_a_session_that_ran_out_yesterday_does_nothing_else(
    driver: CheckinDriver, clock: ManualClock, before: timedelta
) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person("Budi"))
    clock.advance(before)
    snapshot = await driver.call("GET", "/roster/snapshot", by=station.device)
    answers = [snapshot, await driver.try_scan(station.device, runner.ticket_code)]
    assert [(answer.status, answer.code) for answer in answers] == [(401, "expired_token")] * 2
