"""The database goes away: a 503, nothing half done, and no hands needed when it is back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from testkit.plugin import FreshDatabase
from testkit.tcp_proxy import TcpProxy


@pytest.fixture
async def proxy(fresh_database: FreshDatabase) -> AsyncIterator[TcpProxy]:
    async with TcpProxy(await fresh_database("registration")) as proxy:
        yield proxy


@pytest.fixture
async def race(proxy: TcpProxy, clock: Any, build: Any) -> AsyncIterator[Any]:
    made = build(proxy.url, clock)
    yield made
    await made.service.close()


async def test_without_its_database_registration_says_so_and_recovers_by_itself(race: Any, proxy: TcpProxy) -> None:
    await race.open()
    form = race.form()
    await proxy.disconnect()
    answers = await asyncio.gather(race.register(form=form, key="k-1"), *(race.register() for _ in range(20)))
    assert {answer.status_code for answer in answers} == {503}
    assert all("Retry-After" in answer.headers for answer in answers)
    assert (await race.http.get("/health/ready")).status_code == 503
    assert (await race.http.get("/health/live")).status_code == 200
    await proxy.connect()
    answer = await race.register(form=form, key="k-1")
    assert answer.status_code == 201
    assert (await race.places())["taken"] == 1
    assert (await race.http.get("/health/ready")).status_code == 200


async def test_a_cable_pulled_at_any_moment_leaves_registrations_and_places_in_step(race: Any, proxy: TcpProxy) -> None:
    await race.open(quota=500)
    forms = [race.form() for _ in range(60)]

    async def insist(index: int) -> str:
        for _ in range(200):
            answer = await race.register(form=forms[index], key=f"k-{index}")
            if answer.status_code == 201:
                return str(answer.json()["registration_id"])
            assert answer.status_code in (409, 503), answer.text
            await asyncio.sleep(0.02)
        raise AssertionError("never got through")

    async def pull_now_and_then() -> None:
        for _ in range(4):
            await asyncio.sleep(0.05)
            await proxy.disconnect()
            await proxy.connect()

    *entries, _ = await asyncio.gather(*(insist(index) for index in range(60)), pull_now_and_then())
    assert len(set(entries)) == 60
    assert (await race.places())["taken"] == await race.live_participants() == 60
