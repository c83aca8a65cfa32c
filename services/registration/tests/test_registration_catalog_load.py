"""Many clients read the public catalog: few queries, one answer, and nothing older than a second."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from chassis.database import UnitOfWork
from sqlalchemy import event
from testkit.driver import Answer

from .registration_driver import RegistrationDriver

SECOND = timedelta(seconds=1)

Look = Callable[..., Awaitable[Answer]]


@pytest.fixture
def queries(driver: RegistrationDriver) -> Iterator[list[str]]:
    """Return the statements that reach the database."""
    statements: list[str] = []

    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    engine = driver.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    yield statements
    event.remove(engine, "before_cursor_execute", listen)


async def _find_existing(driver: RegistrationDriver, slug: str | None = None) -> Answer:
    return await driver.call("GET", f"/events/{slug}" if slug else "/events")


async def _names(driver: RegistrationDriver) -> list[str]:
    return [each["name"] for each in (await _find_existing(driver)).body["items"]]


async def test_five_hundred_readers_cost_four_statements(driver: RegistrationDriver, queries: list[str]) -> None:
    await driver.open_category()
    slug = driver.event["slug"]
    queries.clear()
    together = await asyncio.gather(*(_find_existing(driver, slug if number % 2 else None) for number in range(250)))
    in_turn = [await _find_existing(driver, slug if number % 2 else None) for number in range(250)]
    assert {answer.status for answer in (*together, *in_turn)} == {200}
    assert len({answer.content for answer in (*together, *in_turn)}) == 2
    seconds = len(queries) / 4  # the events, their categories with the phases of prices, and their pictures
    assert 1 <= seconds <= 10, f"{len(queries)} statements"


async def test_without_sharing_every_reader_would_cost_as_much(driver: RegistrationDriver, queries: list[str]) -> None:
    await driver.open_category()
    queries.clear()
    for _ in range(50):
        driver.app.state.public_catalog.forget()
        assert (await _find_existing(driver)).status == 200
    assert len(queries) == 200


async def test_made_up_slugs_cost_nothing(driver: RegistrationDriver, queries: list[str]) -> None:
    await driver.open_category()
    queries.clear()
    answers = await asyncio.gather(*(_find_existing(driver, f"made-up-{number}") for number in range(200)))
    assert {(answer.status, answer.code) for answer in answers} == {(404, "unknown_event")}
    assert len(queries) <= 10


async def test_registering_reads_none_of_the_texts_of_a_race(driver: RegistrationDriver, queries: list[str]) -> None:
    await driver.open_category()
    queries.clear()
    await driver.register()
    assert [statement for statement in queries if "JOIN events" in statement], "the category was read"
    assert [statement for statement in queries if "events.rules" in statement or "events.pickup" in statement] == []


async def test_an_event_is_the_same_alone_and_in_the_list(driver: RegistrationDriver) -> None:
    await driver.open_category()
    await driver.create_event(name="Bandung Night Run", description="Kota malam")
    await driver.open_category()
    for shown in (await _find_existing(driver)).body["items"]:
        assert (await _find_existing(driver, shown["slug"])).body == shown


async def test_what_staff_change_is_seen_at_once(driver: RegistrationDriver) -> None:
    category = await driver.open_category()
    slug = driver.event["slug"]

    async def shown() -> Any:
        return (await _find_existing(driver, slug)).body

    async def change(method: str, path: str, **fields: Any) -> None:
        answer = await driver.call(method, path, by=driver.staff(), json=fields or None)
        assert answer.status in (200, 204), answer.body

    assert [each["id"] for each in (await shown())["categories"]] == [category["id"]]
    await change("PATCH", f"/events/{driver.event['id']}", name="Jakarta Night Run")
    assert (await shown())["name"] == "Jakarta Night Run"
    await change("PATCH", f"/categories/{category['id']}", name="Half")
    assert (await shown())["categories"][0]["name"] == "Half"
    another = await driver.open_category()
    assert len((await shown())["categories"]) == 2
    await change("DELETE", f"/categories/{another['id']}")
    assert len((await shown())["categories"]) == 1
    await driver.create_event(name="Bandung Night Run")
    assert sorted(await _names(driver)) == ["Bandung Night Run", "Jakarta Night Run"]


async def test_a_change_by_another_process_is_seen_after_a_second(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.create_event(name="Before")
    assert await _names(second_driver) == ["Before"]
    await driver.change_event(name="After")
    assert await _names(driver) == ["After"]
    driver.clock.advance(SECOND)
    assert await _names(second_driver) == ["After"]


async def test_a_read_just_before_the_commit_leaves_nothing_old_in_the_cache(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await driver.create_event(name="Before")
    driver.clock.advance(SECOND)
    seen: list[list[str]] = []
    write_events = UnitOfWork.write_events

    async def look_then_write(work: UnitOfWork) -> None:
        seen.append(await _names(driver))
        await write_events(work)

    monkeypatch.setattr(UnitOfWork, "write_events", look_then_write)
    await driver.change_event(name="After")
    assert seen == [["Before"]]
    assert await _names(driver) == ["After"]
