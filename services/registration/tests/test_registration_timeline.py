"""The timeline: what was registered and verified in each hour and day, from sums that are kept with every change."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from chassis.auth.principals import Role
from chassis.errors import InvalidFields
from registration import consistency
from registration.reports.rules import Interval, bucket_starts
from registration.worker import fold_counts
from testkit.driver import Answer

from .registration_driver import RegistrationDriver

_JAKARTA = ZoneInfo("Asia/Jakarta")

_FOLD_OF_THE_RELEASE_BEFORE = """
    WITH folded AS (
        DELETE FROM registration_counts RETURNING race_category_id, status, registrations, participants, amount
    )
    INSERT INTO registration_counts (race_category_id, status, registrations, participants, amount)
    SELECT race_category_id, status, sum(registrations), sum(participants), sum(amount)
      FROM folded GROUP BY race_category_id, status
"""


async def _ask(driver: RegistrationDriver, interval: str = "hour", **query: Any) -> Answer:
    parameters = {"event_id": driver.event["id"], "interval": interval, **query}
    return await driver.call("GET", "/stats/timeline", by=driver.staff(Role.VIEWER), params=parameters)


async def _timeline(driver: RegistrationDriver, interval: str = "hour", **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await _ask(driver, interval, **query)).require(200)["items"]
    return items


async def _wrong(driver: RegistrationDriver) -> list[Any]:
    async with driver.database.read() as session:
        return list(await consistency.wrong_timeline(session))


def _what_happened(items: list[dict[str, Any]]) -> list[tuple[int, int, int, str]]:
    return [(each["registered"], each["participants"], each["verified"], each["amount"]) for each in items]


def _at_the_hour(driver: RegistrationDriver) -> datetime:
    """Set the clock to ten past an hour of the race; return the hour."""
    driver.clock.advance(timedelta(minutes=70 - driver.clock().minute))
    return driver.clock().astimezone(_JAKARTA).replace(minute=0, second=0, microsecond=0)


_NOTHING = (0, 0, 0, "0.00")


async def test_each_hour_has_what_was_registered_and_what_was_verified_in_it(driver: RegistrationDriver) -> None:
    # given: two hours, and an hour between them in which nothing happened
    first = await driver.open_category()
    began = _at_the_hour(driver)
    single, group = await driver.register(), await driver.register(5)
    driver.clock.advance(timedelta(hours=2))
    await driver.open_category()
    other = await driver.register()
    for entry in (single, group, other):
        await driver.verify(entry)
    expected = [(2, 6, 0, "0.00"), _NOTHING, (1, 1, 3, "1000000.00")]
    # then: what is cancelled afterwards has happened nevertheless
    asked = {"from": began.isoformat()}
    assert _what_happened(await _timeline(driver, **asked)) == expected
    await driver.cancel(group["registration_id"])
    items = await _timeline(driver, **asked)
    assert _what_happened(items) == expected
    assert [each["at"] for each in items] == [(began + timedelta(hours=hours)).isoformat() for hours in range(3)]
    assert items[0].keys() == {"at", "registered", "participants", "verified", "amount"}
    # and one category alone, and days
    one = await _timeline(driver, category_id=first["id"], **asked)
    assert _what_happened(one) == [(2, 6, 0, "0.00"), _NOTHING, (0, 0, 2, "850000.00")]
    days = await _timeline(driver, "day")
    assert len(days) == 31
    assert sum(each["registered"] for each in days) == sum(each["verified"] for each in days) == 3
    # and merging changes nothing that is shown
    await fold_counts(driver.database)
    assert await driver.scalar("SELECT count(*) FROM registration_counts WHERE registered_in IS NOT NULL") == 0
    assert (await _timeline(driver, **asked), await _timeline(driver, "day")) == (items, days)
    assert await _wrong(driver) == []


async def test_days_begin_at_midnight_of_the_race(driver: RegistrationDriver) -> None:
    """Nepal is ahead of UTC by 5 hours and 45 minutes."""
    await driver.create_event(timezone="Asia/Kathmandu")
    await driver.open_category()
    zone = ZoneInfo("Asia/Kathmandu")
    midnight = (driver.clock() + timedelta(days=2)).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    for moment in (midnight - timedelta(seconds=1), midnight, midnight + timedelta(hours=1)):
        driver.clock.advance(moment - driver.clock())
        await driver.register()
    items = await _timeline(driver, "day", **{"from": (midnight - timedelta(days=1)).isoformat()})
    assert [(each["at"], each["registered"]) for each in items] == [
        ((midnight - timedelta(days=1)).isoformat(), 1),
        (midnight.isoformat(), 2),
    ]


async def test_a_worker_of_the_release_before_merges_into_the_timeline_too(driver: RegistrationDriver) -> None:
    await driver.open_category()
    began = _at_the_hour(driver)
    await driver.verify(await driver.register())
    before = await _timeline(driver, **{"from": began.isoformat()})
    await driver.execute(_FOLD_OF_THE_RELEASE_BEFORE)
    assert await _timeline(driver, **{"from": began.isoformat()}) == before
    assert (before[0]["registered"], before[0]["verified"]) == (1, 1)
    assert await _wrong(driver) == []


async def test_many_merge_while_runners_register_and_the_doctor_sees_a_lost_sum(driver: RegistrationDriver) -> None:
    await driver.open_category(quota=200)

    async def fold() -> None:
        for _ in range(10):
            await fold_counts(driver.database)

    async with asyncio.timeout(60):
        await asyncio.gather(fold(), fold(), fold(), *(driver.register() for _ in range(60)))
    await fold_counts(driver.database)
    assert sum(each["registered"] for each in await _timeline(driver)) == 60
    assert await _wrong(driver) == []
    # the negative control
    await driver.execute("UPDATE registration_timeline SET registered = registered - 1")
    assert len(await _wrong(driver)) == 1


async def test_a_wrong_question_names_the_field(driver: RegistrationDriver) -> None:
    await driver.open_category()
    now = driver.clock()
    for query, field in (
        ({"interval": "minute"}, "interval"),
        ({"from": (now + timedelta(hours=1)).isoformat()}, "from"),
        ({"from": (now - timedelta(hours=751)).isoformat()}, "from"),
        ({"from": "9999-12-31T23:30:00Z", "to": "9999-12-31T23:59:00Z"}, "to"),
        ({"to": "0001-01-01T00:00:00Z"}, "to"),
    ):
        answer = await _ask(driver, **query)
        assert (answer.status, answer.wrong_fields) == (422, [field]), query
    assert (await _ask(driver, event_id=str(uuid4()))).is_problem(404, "unknown_event")
    assert (await _ask(driver, category_id=str(uuid4()))).is_problem(404, "unknown_category")


def test_days_are_as_long_as_the_clocks_of_the_race_make_them() -> None:
    """In New York the clocks went back on November 1st, 2026, and forward on March 8th."""
    until = datetime(2026, 11, 3, tzinfo=UTC)
    starts = bucket_starts(datetime(2026, 10, 31, 12, tzinfo=UTC), until, Interval.DAY, "America/New_York", now=until)
    lengths = [(end.astimezone(UTC) - start.astimezone(UTC)) for start, end in pairwise(starts)]
    assert lengths == [timedelta(hours=24), timedelta(hours=25), timedelta(hours=24)]
    hours = bucket_starts(
        datetime(2026, 3, 8, 6, 30, tzinfo=UTC),
        datetime(2026, 3, 8, 8, tzinfo=UTC),
        Interval.HOUR,
        "America/New_York",
        now=until,
    )
    assert [each.isoformat()[11:] for each in hours] == ["01:00:00-05:00", "03:00:00-04:00", "04:00:00-04:00"]


@pytest.mark.parametrize(("hours", "allowed"), [(750, True), (751, False)])
def test_the_number_of_buckets_is_limited(hours: int, allowed: bool) -> None:
    until = datetime(2026, 11, 3, tzinfo=UTC)

    def ask() -> int:
        starts = bucket_starts(until - timedelta(hours=hours), until, Interval.HOUR, "UTC", now=until)
        return len(starts) - 1

    if allowed:
        assert ask() == hours
    else:
        with pytest.raises(InvalidFields):
            ask()
