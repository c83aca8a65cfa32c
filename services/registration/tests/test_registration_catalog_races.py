"""Staff change a category while runners rush for it."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx


async def _change(race: Any, **fields: Any) -> httpx.Response:
    path = race.url(f"/categories/{race.category['id']}")
    answer: httpx.Response = await race.http.patch(path, json=fields, headers=race.staff())
    return answer


async def test_changing_a_category_and_registering_for_it_know_no_deadlock(race: Any, second_process: Any) -> None:
    await race.open(quota=400, bibs=1000)
    second_process.category = race.category
    forms = [race.form() for _ in range(160)]
    rush = [(race, second_process)[index % 2].register(form=form) for index, form in enumerate(forms)]
    changes = [_change(race, quota=400 + index, slug=f"slug-{index}") for index in range(12)]
    answers = await asyncio.gather(*rush, *changes)
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert await race.scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0


async def test_the_range_and_the_first_bib_are_decided_one_after_the_other(race: Any) -> None:
    for start in range(10_000, 10_600, 100):
        await race.open(quota=10, bib_start_number=start, bib_end_number=start + 9)
        entry = await race.registered()
        moved, _ = await asyncio.gather(
            _change(race, bib_start_number=start + 50, bib_end_number=start + 59), race.verify(entry, uuid4())
        )
        bib = (await race.show(entry["registration_id"]))["participants"][0]["bib_number"]
        assert (moved.status_code, bib) in ((200, start + 50), (409, start))
