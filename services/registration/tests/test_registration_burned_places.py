"""Places whose BIBs are spent come back when the range grows, and go first when the quota shrinks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from registration.places.rules import still_burned

from .registration_line import Line

Registering = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def line(race: Any) -> Line:
    return Line(race)


async def _burned(race: Any, count: int, *, quota: int, group: int = 1) -> None:
    """A category of which this many registrations were verified and cancelled, with no BIB to spare."""
    await race.open(quota=quota)
    for _ in range(count):
        entry = await race.registered(group)
        await race.verify(entry)
        assert (await race.cancel(entry["registration_id"])).status_code == 204
    assert (await race.places())["burned"] == count * group


@pytest.fixture
def again(race: Any, second_process: Any) -> Registering:
    """Registers by another process, which does not remember that the category was full a moment ago."""

    async def register(group: int = 1) -> dict[str, Any]:
        form = race.form(group)
        found: dict[str, Any] = await second_process.registered(form=form)
        return found

    return register


async def _range_grows(line: Line, by: int, **fields: Any) -> Any:
    answer = await line.change(bib_end_number=line.race.category["bib_end_number"] + by, **fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_larger_range_gives_burned_places_back(race: Any, line: Line, again: Registering) -> None:
    await _burned(race, 1, quota=1)
    assert (await _range_grows(line, 5))["places_left"] == 1
    entry = await again()
    await race.verify(entry)
    assert await race.status(entry["registration_id"]) == "payment_verified"
    await line.must_be_in_order()


async def test_only_as_many_places_come_back_as_there_are_bibs_for(race: Any, line: Line, again: Registering) -> None:
    await _burned(race, 3, quota=3)
    assert (await _range_grows(line, 2))["places_left"] == 2
    places = await race.places()
    assert (places["taken"], places["burned"]) == (1, 1)
    for _ in range(2):
        await race.verify(await again())
    assert (await race.register()).json()["code"] == "category_full"
    await line.must_be_in_order()


async def test_places_that_come_back_are_offered_to_the_line_first(race: Any, line: Line) -> None:
    await _burned(race, 1, quota=1)
    waiting = await line.waiting()
    assert (await _range_grows(line, 1))["places_left"] == 0
    assert await line.status(waiting) == "offered"
    assert (await line.accept(waiting)).status_code in (200, 201)
    await line.must_be_in_order()


async def test_a_smaller_quota_takes_from_the_burned_places_first(race: Any, line: Line) -> None:
    await race.open(quota=2)
    first, second = await race.registered(), await race.registered()
    for entry in (first, second):
        await race.verify(entry)
    await race.cancel(first["registration_id"])
    # when
    assert (await line.change(quota=1)).status_code == 200
    # then
    places = await race.places()
    assert (places["quota"], places["taken"], places["burned"]) == (1, 1, 0)
    assert (await line.change(quota=0)).status_code == 422
    await line.must_be_in_order()


async def test_a_quota_below_those_who_hold_places_is_refused_whatever_is_burned(race: Any, line: Line) -> None:
    await race.open(quota=4)
    entries = [await race.registered() for _ in range(4)]
    for entry in entries:
        await race.verify(entry)
    await race.cancel(entries[0]["registration_id"])
    answer = await line.change(quota=2)
    assert (answer.status_code, answer.json()["code"]) == (409, "quota_below_taken")
    assert (await line.change(quota=3)).status_code == 200
    await line.must_be_in_order()


async def test_a_quota_and_a_range_that_grow_together_give_back_what_fits(
    race: Any, line: Line, again: Registering
) -> None:
    await _burned(race, 1, quota=5, group=5)
    assert (await _range_grows(line, 5, quota=6))["places_left"] == 5
    assert (await race.places())["burned"] == 1
    await race.verify(await again(5))
    await line.must_be_in_order()


async def test_a_change_of_something_else_burns_and_returns_nothing(race: Any, line: Line) -> None:
    await _burned(race, 2, quota=3)
    before = await race.places()
    assert (await line.change(name="Another")).status_code == 200
    assert await race.places() == before


async def test_range_and_cancellations_that_change_at_once_stay_in_step(race: Any, line: Line) -> None:
    await race.open(quota=8)
    entries = [await race.registered() for _ in range(8)]
    for entry in entries:
        await race.verify(entry)
    end = race.category["bib_end_number"]
    await asyncio.gather(
        *(race.cancel(entry["registration_id"]) for entry in entries[:6]),
        *(line.change(bib_end_number=end + more) for more in (3, 4, 5)),
        *(line.change(quota=quota) for quota in (7, 8)),
    )
    assert (await _range_grows(line, 6))["places_left"] == (await race.places())["quota"] - 2
    await line.must_be_in_order()


@given(st.data())
def test_a_bib_is_left_for_every_place_and_none_stays_burned_without_need(data: st.DataObject) -> None:
    quota = data.draw(st.integers(1, 50))
    confirmed = data.draw(st.integers(0, quota))
    burned = data.draw(st.integers(0, 60))
    bibs_left = data.draw(st.integers(0, 60))
    kept = still_burned(quota=quota, burned=burned, confirmed=confirmed, bibs_left=bibs_left)
    assert 0 <= kept <= burned
    if bibs_left >= quota - confirmed - burned:
        assert bibs_left >= quota - confirmed - kept
    if kept:
        assert bibs_left < quota - confirmed - (kept - 1)
