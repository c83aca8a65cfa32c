"""A category's prefix changes while runners register: no number bears one that is not the category's."""

import asyncio
from typing import Any

import pytest
from registration.admission import insert
from registration.places.tables import CategoryPlaces
from sqlalchemy import text, update
from testkit.polling import eventually

from .registration_line import Line

_PLACING_WAITS = """
    SELECT count(*) FROM pg_stat_activity
     WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%WITH taken AS%'
"""


async def _remembered(race: Any) -> None:
    """Admission remembers the offer for a second; nobody got a number."""
    assert (await race.register(form=race.form(5))).json()["code"] == "category_full"


async def test_a_prefix_that_changed_a_moment_ago_is_in_the_first_number(race: Any) -> None:
    await race.open(quota=3, registration_prefix="OLD")
    await _remembered(race)
    # when
    assert (await Line(race).change(registration_prefix="NEW")).status_code == 200
    # then
    entry = await race.registered(key="k-1")
    assert entry["registration_number"] == "NEW-00001"
    assert (await race.show(entry["registration_id"]))["registration_number"] == "NEW-00001"
    assert entry["status_url"].count("NEW-00001") == 1


async def _number_after_a_change_that_it_waited_for(race: Any) -> str:
    """The first number of a category whose prefix changes from OLD to NEW while the registration waits for places."""
    await race.open(quota=3, registration_prefix="OLD")
    category = {"id": race.category["id"]}
    async with race.database.work() as work:
        held = update(CategoryPlaces).where(CategoryPlaces.category_id == category["id"]).values(burned=0)
        await work.session.execute(held)
        registering = asyncio.create_task(race.registered())
        await eventually(lambda: race.scalar(_PLACING_WAITS))
        change = text("UPDATE race_categories SET registration_prefix = 'NEW' WHERE id = CAST(:id AS uuid)")
        await work.session.execute(change, category)
    return str((await registering)["registration_number"])


async def test_a_prefix_that_changes_while_the_places_are_waited_for_is_in_the_first_number(race: Any) -> None:
    assert await _number_after_a_change_that_it_waited_for(race) == "NEW-00001"


async def test_read_without_a_lock_the_prefix_would_be_the_old_one(race: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the statement began before the change that it waited for."""
    unlocked = insert._INSERT.text.replace("FOR SHARE", "")
    assert unlocked != insert._INSERT.text
    monkeypatch.setattr(insert, "_INSERT", text(unlocked))
    assert await _number_after_a_change_that_it_waited_for(race) == "OLD-00001"


async def test_changes_of_the_prefix_and_first_numbers_come_one_after_the_other(race: Any, second_process: Any) -> None:
    for number in range(6):
        await race.open(quota=3, registration_prefix=f"A{number}")
        second_process.category = race.category
        changed, first, other = await asyncio.gather(
            Line(race).change(registration_prefix=f"B{number}"),
            race.registered(),
            second_process.registered(form=race.form()),
        )
        prefix = f"B{number}" if changed.status_code == 200 else f"A{number}"
        assert {first["registration_number"], other["registration_number"]} == {f"{prefix}-00001", f"{prefix}-00002"}


async def _numbered_by_another(race: Any, *numbers: str) -> dict[str, Any]:
    """A category whose prefix is in numbers of another category, as an older release could leave it."""
    await race.open(quota=9, registration_prefix="OTHER")
    for number in numbers:
        entry = await race.registered()
        await race.execute(
            "UPDATE registrations SET registration_number = :number WHERE id = CAST(:id AS uuid)",
            number=number,
            id=entry["registration_id"],
        )
    category: dict[str, Any] = await race.open(quota=2, registration_prefix="R2")
    return category


async def test_a_category_whose_numbers_another_one_has_goes_on_behind_them(race: Any) -> None:
    await _numbered_by_another(race, "R2-00001", "R2-00004", "R2X-00009", "R-2-00008")
    entries = [await race.registered(), await race.registered()]
    assert [entry["registration_number"] for entry in entries] == ["R2-00005", "R2-00006"]
    assert (await race.places())["taken"] == 2


async def test_an_offer_is_accepted_where_another_category_has_the_number(race: Any) -> None:
    line = Line(race)
    await _numbered_by_another(race, "R2-00003")
    first, _ = await race.registered(), await race.registered()
    waiting = await line.waiting()
    assert (await race.cancel(first["registration_id"])).status_code == 204
    # when
    answer = await line.accept(waiting)
    # then
    assert answer.status_code in (200, 201), answer.text
    assert answer.json()["registration_number"] == "R2-00004"
    await line.must_be_in_order()
