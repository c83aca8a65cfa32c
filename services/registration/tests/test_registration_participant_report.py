"""The report of participants follows every change, merged or not, and equals a recount."""

import csv
import io
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from registration import consistency
from registration.reports.rules import AGE_GROUPS, age_group
from registration.worker import merge_participant_counts

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver

_DIMENSIONS = ("registration_type", "gender", "age_group", "jersey_size")

_PEOPLE = """
    SELECT c.name AS category, r.registration_type, p.gender, extract(year FROM p.date_of_birth)::int AS birth_year,
           p.jersey_size, p.bib_number IS NOT NULL AS confirmed, extract(year FROM e.event_date)::int AS race_year
      FROM participants p JOIN registrations r ON r.id = p.registration_id
      JOIN race_categories c ON c.id = r.race_category_id JOIN events e ON e.id = c.event_id
     WHERE r.status NOT IN ('expired', 'cancelled') AND p.event_id = CAST(:event_id AS uuid)
"""


async def _report(driver: RegistrationDriver) -> dict[str, Any]:
    query = {"event_id": driver.event["id"]}
    answer = await driver.call("GET", "/reports/participants", by=driver.staff(Role.VIEWER), params=query)
    report: dict[str, Any] = answer.require(200)
    return report


async def _recounted(driver: RegistrationDriver) -> Counter[tuple[str, str, str, str]]:
    """Return how many participants and confirmed ones each category has by each value, from the participants."""
    found: Counter[tuple[str, str, str, str]] = Counter()
    for person in await driver.rows(_PEOPLE, event_id=driver.event["id"]):
        person |= {"age_group": age_group(person["birth_year"], person["race_year"])}
        for dimension in _DIMENSIONS:
            found[person["category"], dimension, person[dimension], "participants"] += 1
            found[person["category"], dimension, person[dimension], "confirmed"] += person["confirmed"]
    return +found


def _shown(report: dict[str, Any]) -> Counter[tuple[str, str, str, str]]:
    return +Counter(
        {
            (category["category_name"], dimension, each["value"], what): each[what]
            for category in report["categories"]
            for dimension in _DIMENSIONS
            for each in category[dimension]
            for what in ("participants", "confirmed")
        }
    )


async def _differences(driver: RegistrationDriver) -> list[Any]:
    async with driver.database.read() as session:
        return list(await consistency.wrong_people_counts(session))


def _mixed_group(driver: RegistrationDriver, size: int) -> dict[str, Any]:
    form = driver.form(size)
    for index, person in enumerate(form["participants"]):
        person |= {
            "gender": ("female", "male")[index % 2],
            "date_of_birth": f"{1950 + 7 * index}-06-15",
            "jersey_size": ("xs", "m", "xxxl")[index % 3],
        }
    return form


async def _play(driver: RegistrationDriver) -> list[dict[str, Any]]:
    """Register, verify, correct, cancel and expire in two categories; return the registrations of the second."""
    for _ in range(2):
        await driver.open_category(quota=100)
        entries = [await driver.register(form=_mixed_group(driver, size)) for size in (10, 5, 1, 1)]
        await driver.verify(entries[0])
        await driver.verify(entries[1])
        await driver.cancel(entries[1]["registration_id"])
        answer = await driver.try_correct(
            entries[0], index=3, jersey_size="s", gender="female", date_of_birth="2015-01-01"
        )
        assert answer.status == 200, answer.body
    return entries


async def test_the_report_equals_a_recount_before_and_after_merging(driver: RegistrationDriver) -> None:
    entries = await _play(driver)
    expected = await _recounted(driver)
    report = await _report(driver)
    assert _shown(report) == expected
    assert (report["total"]["participants"], report["total"]["confirmed"]) == (24, 20)
    assert [each["value"] for each in report["total"]["age_group"]] == list(AGE_GROUPS)
    # merged
    await merge_participant_counts(driver.database)
    assert await driver.scalar("SELECT count(*) FROM participant_changes") == 0
    assert await _report(driver) == report
    # and it follows what comes afterwards
    await driver.try_correct(entries[0], index=0, jersey_size="l")
    await driver.cancel(entries[2]["registration_id"])
    await driver.pass_deadline()
    await driver.register(form=_mixed_group(driver, 5))
    assert _shown(await _report(driver)) == await _recounted(driver) != expected
    await driver.execute("DELETE FROM registrations WHERE status = 'payment_verified'")
    assert _shown(await _report(driver)) == await _recounted(driver)
    assert await _differences(driver) == []


async def test_without_triggers_the_report_would_differ(driver: RegistrationDriver) -> None:
    """The negative control."""
    await driver.open_category()
    await driver.register()
    await driver.execute("ALTER TABLE participants DISABLE TRIGGER participants_noted_on_update")
    await driver.execute("UPDATE participants SET jersey_size = 'xs'")
    assert [row.difference for row in await _differences(driver)] == [2]


async def test_a_change_of_other_fields_notes_nothing(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.try_correct(entry, email="another@example.com")
    assert await driver.scalar("SELECT count(*) FROM participant_changes") == 1


async def test_the_report_is_a_table_for_spreadsheets_too(driver: RegistrationDriver) -> None:
    await _play(driver)
    query, staff = {"event_id": driver.event["id"]}, driver.staff(Role.VIEWER)
    answer = await driver.call("GET", "/reports/participants.csv", by=staff, params=query)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    counted = Counter(
        {
            (row["category"], row["counted_by"], row["value"], what): int(row[what])
            for row in rows
            for what in ("participants", "confirmed")
        }
    )
    assert +counted == await _recounted(driver)
    sheet = await driver.call("GET", "/reports/participants.xlsx", by=staff, params=query)
    assert (sheet.status, sheet.content[:2]) == (200, b"PK")
    for path in ("/reports/participants", "/reports/participants.csv"):
        answer = await driver.call("GET", path, by=staff, params={"event_id": str(uuid4())})
        assert answer.is_problem(404, "unknown_event")


async def test_a_summary_shows_each_category_with_money_places_and_waiting_list(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await driver.open_category(quota=3)
    paid, ended = await driver.register(), await driver.register()
    await driver.upload_proof(await driver.register())
    await driver.verify(paid)
    await waitlist.join(5)
    await driver.cancel(ended["registration_id"])
    empty = await driver.open_category(quota=7)
    answer = await driver.call("GET", "/stats", by=driver.staff(Role.VIEWER), params={"event_id": driver.event["id"]})
    by_id = {category["category_id"]: category for category in answer.require(200)["categories"]}
    unused, [used] = by_id.pop(empty["id"]), by_id.values()
    shown = {name: value for name, value in used.items() if not name.startswith("category") and name != "event_id"}
    assert shown == {
        "currency": "IDR",
        "registered": 3,
        "pending_payment": 0,
        "payment_uploaded": 1,
        "payment_verified": 1,
        "expired": 0,
        "cancelled": 1,
        "participants": 2,
        "participants_paid": 1,
        "amount_expected": "300000.00",
        "amount_verified": "150000.00",
        "quota": 3,
        "places_taken": 2,
        "places_left": 1,
        "places_offered": 0,
        "places_burned": 0,
        "bibs_burned": 0,
        "waitlist_entries": 1,
        "waitlist_participants": 5,
    }
    assert (unused["registered"], unused["amount_verified"], unused["places_left"]) == (0, "0.00", 7)


async def test_a_summary_counts_the_bibs_of_cancelled_runners_whether_or_not_a_place_is_lost(
    driver: RegistrationDriver,
) -> None:
    async def burned() -> tuple[int, int]:
        query = {"event_id": driver.event["id"]}
        answer = await driver.call("GET", "/stats", by=driver.staff(Role.VIEWER), params=query)
        [category] = answer.require(200)["categories"]
        return category["bibs_burned"], category["places_burned"]

    # given a range with two numbers more than places
    await driver.open_category(quota=12, bibs=14)
    one, group = await driver.register(), await driver.register(5)
    for entry in (one, group):
        await driver.verify(entry)
    assert await burned() == (0, 0)
    # then a number is burned with each runner, and a place once no other number is left
    await driver.cancel(one["registration_id"])
    assert await burned() == (1, 0)
    await driver.cancel(group["registration_id"])
    assert await burned() == (6, 4)


@pytest.mark.parametrize(
    ("born", "group"), [(2027, "0-12"), (2015, "0-12"), (2014, "13-17"), (2009, "18-29"), (1957, "70+"), (1900, "70+")]
)
def test_an_age_group_is_that_of_the_age_reached_in_the_year_of_the_race(born: int, group: str) -> None:
    assert age_group(born, 2027) == group
