"""Whatever is tapped twice, opened twice or lost on the way: one registration."""

from typing import Any

import pytest
from playwright.async_api import Route
from standalone.journey.checks import eventually
from standalone.journey.people import Crowd

from .conftest import Arrive, OpenFront
from .desk import Desk
from .devices import PHONE, PHONE_WITHOUT_SCRIPTS, Device
from .front import loses_one_answer
from .pages import Runner
from .races import OPEN, Races
from .watch import Watch

_COUNT_DRAFTS = "() => Object.keys(localStorage).filter((name) => name.startsWith('draft:')).length"
_BROWSERS_OWN_ERROR = "chrome-error://**"

_PHONES = pytest.mark.parametrize("phone", [PHONE, PHONE_WITHOUT_SCRIPTS], ids=["with scripts", "without scripts"])


@pytest.fixture
def form(races: Races, crowd: Crowd) -> dict[str, Any]:
    return crowd.form(races.categories["10k"]["id"])


@_PHONES
async def test_a_double_tap_registers_once(phone: Device, form: dict[str, Any], arrive: Arrive, races: Races) -> None:
    runner = Runner(await arrive(phone))
    await runner.fills_in(OPEN, "10k", form)
    await runner.send_button.dblclick()
    number = await runner.is_registered()
    assert await Desk(races.staff).numbers_of(form) == [number]


@_PHONES
async def test_the_back_button_and_sending_again_lead_to_the_same_registration(
    phone: Device, form: dict[str, Any], arrive: Arrive, races: Races
) -> None:
    runner = Runner(await arrive(phone))
    await runner.fills_in(OPEN, "10k", form)
    await runner.sends()
    number = await runner.is_registered()

    await runner.page.go_back()
    await runner.fills_everybody(form)
    await runner.sends()

    assert await runner.is_registered() == number
    assert await Desk(races.staff).numbers_of(form) == [number]


@_PHONES
async def test_the_other_language_keeps_what_was_typed(
    phone: Device, form: dict[str, Any], arrive: Arrive, races: Races
) -> None:
    runner = Runner(await arrive(phone))
    await runner.fills_in(OPEN, "10k", form)

    await runner.page.get_by_role("button", name="English").click()
    await runner.page.wait_for_url("**/en/races/**")

    await runner.sends()
    number = await runner.is_registered()
    assert await Desk(races.staff).numbers_of(form) == [number]


async def test_a_form_that_was_sent_leaves_no_draft_even_after_the_back_button(
    form: dict[str, Any], arrive: Arrive
) -> None:
    runner = Runner(await arrive())
    await runner.fills_in(OPEN, "10k", form)
    await _has_drafts(runner, 1)
    await runner.sends()
    await runner.is_registered()

    await runner.page.go_back()
    await runner.opens_the_race(OPEN)

    await _has_drafts(runner, 0)


async def _has_drafts(runner: Runner, count: int) -> None:
    """Wait until the device keeps so many drafts."""

    async def has_so_many() -> bool:
        return bool(await runner.page.evaluate(_COUNT_DRAFTS) == count)

    await eventually(has_so_many, f"{count} drafts")


@_PHONES
async def test_two_tabs_with_the_same_runner_register_once(
    phone: Device, form: dict[str, Any], arrive: Arrive, races: Races
) -> None:
    first = Runner(await arrive(phone))
    second = Runner(await first.page.context.new_page())
    await first.fills_in(OPEN, "10k", form)
    await second.fills_in(OPEN, "10k", form)
    await first.sends()
    number = await first.is_registered()

    await second.sends()
    await second.sees(number)

    assert await Desk(races.staff).numbers_of(form) == [number]


@_PHONES
async def test_an_answer_lost_on_the_way_to_the_phone(
    phone: Device, form: dict[str, Any], arrive: Arrive, races: Races, watch: Watch
) -> None:
    watch.allow("net::ERR_")
    lost: list[str] = []

    async def lose_one(route: Route) -> None:
        if route.request.method != "POST" or lost:
            await route.fallback()
            return
        answer = await route.fetch(max_redirects=0)
        lost.append(str(answer.status))
        await route.abort("connectionreset")

    runner = Runner(await arrive(phone))
    await runner.fills_in(OPEN, "10k", form)
    await runner.page.route("**/*", lose_one)
    async with runner.page.expect_event("requestfailed", lambda request: request.method == "POST"):
        await runner.sends()
    if not phone.has_scripts:  # those send it again by themselves
        await runner.page.wait_for_url(_BROWSERS_OWN_ERROR)
        await runner.page.reload()

    number = await runner.is_registered()
    assert len(lost) == 1
    assert await Desk(races.staff).numbers_of(form) == [number]


async def test_an_answer_lost_between_the_pages_and_the_api(
    form: dict[str, Any], arrive: Arrive, open_front: OpenFront, races: Races
) -> None:
    runner = Runner(await arrive(PHONE_WITHOUT_SCRIPTS, at=await open_front(loses_one_answer())))
    await runner.fills_in(OPEN, "10k", form)
    await runner.sends()
    await runner.sends_again()
    number = await runner.is_registered()
    assert await Desk(races.staff).numbers_of(form) == [number]
