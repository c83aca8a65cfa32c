"""A crowd reads the public catalog: few queries, one answer, and nothing older than a second."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from chassis.database import UnitOfWork
from sqlalchemy import event

SECOND = timedelta(seconds=1)

Look = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def queries(race: Any) -> Iterator[list[str]]:
    """The statements that reach the database."""
    heard: list[str] = []

    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        heard.append(statement)

    engine = race.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    yield heard
    event.remove(engine, "before_cursor_execute", listen)


async def _find_existing(race: Any, slug: str | None = None) -> httpx.Response:
    answer: httpx.Response = await race.http.get(race.url(f"/events/{slug}" if slug else "/events"))
    return answer


async def _names(race: Any) -> list[str]:
    return [each["name"] for each in (await _find_existing(race)).json()["items"]]


async def test_five_hundred_readers_cost_two_statements(race: Any, queries: list[str]) -> None:
    await race.open()
    slug = race.event["slug"]
    queries.clear()
    together = await asyncio.gather(*(_find_existing(race, slug if number % 2 else None) for number in range(250)))
    in_turn = [await _find_existing(race, slug if number % 2 else None) for number in range(250)]
    assert {answer.status_code for answer in (*together, *in_turn)} == {200}
    assert len({answer.content for answer in (*together, *in_turn)}) == 2
    seconds = len(queries) / 2  # the events and their categories
    assert 1 <= seconds <= 10, f"{len(queries)} statements"


async def test_without_sharing_every_reader_would_cost_as_much(race: Any, queries: list[str]) -> None:
    await race.open()
    queries.clear()
    for _ in range(50):
        race.service.app.state.public_catalog.forget()
        assert (await _find_existing(race)).status_code == 200
    assert len(queries) == 100


async def test_made_up_slugs_cost_nothing(race: Any, queries: list[str]) -> None:
    await race.open()
    queries.clear()
    answers = await asyncio.gather(*(_find_existing(race, f"made-up-{number}") for number in range(200)))
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "unknown_event")}
    assert len(queries) <= 10


async def test_an_event_looks_the_same_alone_and_in_the_list(race: Any) -> None:
    await race.open()
    await race.create_event(name="Bandung Night Run", description="Kota malam")
    await race.open()
    for shown in (await _find_existing(race)).json()["items"]:
        assert (await _find_existing(race, shown["slug"])).json() == shown


async def test_what_staff_change_is_seen_at_once(race: Any) -> None:
    category = await race.open()
    slug = race.event["slug"]

    async def shown() -> Any:
        return (await _find_existing(race, slug)).json()

    async def change(method: str, path: str, **fields: Any) -> None:
        answer = await race.http.request(method, race.url(path), json=fields or None, headers=race.staff())
        assert answer.is_success, answer.text

    assert [each["id"] for each in (await shown())["categories"]] == [category["id"]]
    await change("PATCH", f"/events/{race.event['id']}", name="Jakarta Night Run")
    assert (await shown())["name"] == "Jakarta Night Run"
    await change("PATCH", f"/categories/{category['id']}", name="Half")
    assert (await shown())["categories"][0]["name"] == "Half"
    another = await race.open()
    assert len((await shown())["categories"]) == 2
    await change("DELETE", f"/categories/{another['id']}")
    assert len((await shown())["categories"]) == 1
    await race.create_event(name="Bandung Night Run")
    assert sorted(await _names(race)) == ["Bandung Night Run", "Jakarta Night Run"]


async def test_what_staff_change_elsewhere_is_seen_after_a_second(race: Any, second_process: Any) -> None:
    await race.create_event(name="Before")
    assert await _names(second_process) == ["Before"]
    path = race.url(f"/events/{race.event['id']}")
    answer = await race.http.patch(path, json={"name": "After"}, headers=race.staff())
    assert answer.status_code == 200
    assert await _names(race) == ["After"]
    race.clock.advance(SECOND)
    assert await _names(second_process) == ["After"]


async def test_whoever_looks_just_before_the_commit_leaves_nothing_old_behind(
    race: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await race.create_event(name="Before")
    race.clock.advance(SECOND)
    seen: list[list[str]] = []
    write_events = UnitOfWork.write_events

    async def look_then_write(work: UnitOfWork) -> None:
        seen.append(await _names(race))
        await write_events(work)

    monkeypatch.setattr(UnitOfWork, "write_events", look_then_write)
    path = race.url(f"/events/{race.event['id']}")
    answer = await race.http.patch(path, json={"name": "After"}, headers=race.staff())
    assert answer.status_code == 200
    assert seen == [["Before"]]
    assert await _names(race) == ["After"]
