"""A promo code in the form for runners, and Enter in its fields."""

from typing import Any, Final
from uuid import uuid4

import pytest
from playwright.async_api import expect
from standalone.journey.people import Crowd

from .conftest import Arrive
from .desk import Desk
from .devices import PHONE, PHONE_WITHOUT_SCRIPTS, Device
from .pages import Runner
from .races import OPEN, Races
from .watch import Watch

_PHONES = pytest.mark.parametrize("phone", [PHONE, PHONE_WITHOUT_SCRIPTS], ids=["with scripts", "without scripts"])
_CODE: Final = '[name="promo_code"]'
_CHECK: Final = "Lihat harga dengan kode ini"


@pytest.fixture
def form(races: Races, crowd: Crowd) -> dict[str, Any]:
    return crowd.form(races.categories["10k"]["id"])


async def _new_code(races: Races) -> str:
    """Create a code that takes a third off the price."""
    text = f"LARI{uuid4().hex[:6].upper()}"
    body = {"code": text, "category_id": races.categories["10k"]["id"], "kind": "amount", "value": "50000.00"}
    await races.staff.call("POST", "/registration/v1/promo-codes", json=body, expect=201)
    return text


async def _filled_in(runner: Runner, form: dict[str, Any]) -> None:
    await runner.opens_the_race(OPEN)
    await runner.chooses("10k", 1)
    await runner.fills_everybody(form)


@_PHONES
async def test_enter_in_a_field_registers(phone: Device, form: dict[str, Any], arrive: Arrive, races: Races) -> None:
    """It presses the first button of the form, which is neither that of the language nor that of the code."""
    runner = Runner(await arrive(phone))
    await _filled_in(runner, form)
    await runner.page.locator('[name="p1-full_name"]').press("Enter")
    number = await runner.is_registered()
    [stored] = await Desk(races.staff).registrations_of(form["participants"][0]["email"])
    assert stored["registration_number"] == number


@_PHONES
async def test_a_code_shows_its_price_and_the_runner_pays_it(
    phone: Device, form: dict[str, Any], arrive: Arrive, races: Races
) -> None:
    # given
    code = await _new_code(races)
    runner = Runner(await arrive(phone))
    await _filled_in(runner, form)
    # when
    await runner.page.locator(_CODE).fill(code.lower())
    await runner.page.get_by_role("button", name=_CHECK).click()
    # then
    await expect(runner.page.locator("[data-total]").filter(visible=True).first).to_have_text("Rp\u00a0100.000")
    await expect(runner.page.locator("[data-before]").filter(visible=True).first).to_have_text("Rp\u00a0150.000")
    await expect(runner.page.locator('[name="p1-full_name"]')).to_have_value(form["participants"][0]["full_name"])
    # and the price is the one that is agreed
    await runner.sends()
    number = await runner.is_registered()
    [stored] = await Desk(races.staff).registrations_of(number)
    assert stored["total_amount"] == "100000.00"
    await expect(runner.page.locator(".price-lines")).to_contain_text(code)


@_PHONES
async def test_an_unknown_code_is_refused_at_its_field_and_nothing_is_lost(
    phone: Device, form: dict[str, Any], arrive: Arrive, races: Races, watch: Watch
) -> None:
    watch.allow("409")
    runner = Runner(await arrive(phone))
    await _filled_in(runner, form)
    await runner.page.locator(_CODE).fill("TIDAKADA")
    await runner.sends()
    field = runner.page.locator(_CODE)
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(runner.page.locator('[name="p1-full_name"]')).to_have_value(form["participants"][0]["full_name"])
    await field.fill("")
    await runner.sends()
    assert await runner.is_registered()
    assert len(await Desk(races.staff).registrations_of(form["participants"][0]["email"])) == 1
