"""Asking again whether a request got in, when nobody else gets in any more."""

from datetime import timedelta
from typing import Any

import httpx
from testkit.polling import eventually


async def _got_in(race: Any) -> tuple[dict[str, Any], httpx.Response]:
    form = race.form()
    answer = await race.register(form=form, key="k-lost")
    assert answer.status_code == 201
    return form, answer


async def _nobody_gets_in(race: Any, code: str) -> None:
    async def refused() -> bool:
        return bool((await race.register()).json().get("code") == code)

    await eventually(refused, every=0.1)


async def test_a_repeat_after_the_close_gets_the_first_answer(race: Any) -> None:
    closes = race.clock() + timedelta(hours=1)
    await race.open(registration_close_at=closes.isoformat())
    form, first = await _got_in(race)
    race.clock.advance(timedelta(hours=2))
    again = await race.register(form=form, key="k-lost")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_repeat_after_a_change_of_the_category_gets_the_first_answer(race: Any) -> None:
    await race.open()
    form, first = await _got_in(race)
    path = race.url(f"/categories/{race.category['id']}")
    await race.http.patch(path, json={"is_active": False, "price_individual": "1"}, headers=race.staff())
    await _nobody_gets_in(race, "registration_not_open")
    assert (await race.register(form=form, key="k-lost")).content == first.content


async def test_after_the_close_a_new_key_is_refused_and_a_reused_one_is_told_so(race: Any) -> None:
    await race.open(registration_close_at=(race.clock() + timedelta(hours=1)).isoformat())
    await _got_in(race)
    race.clock.advance(timedelta(hours=2))
    late = await race.register(key="k-late")
    assert (late.status_code, late.json()["code"]) == (409, "registration_closed")
    other = await race.register(key="k-lost")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert await race.live_participants() == 1
