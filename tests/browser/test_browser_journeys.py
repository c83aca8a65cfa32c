"""From the poster to the e-ticket by a person's taps on a phone, with JavaScript and without."""

import pytest
from playwright.async_api import expect
from standalone.journey.people import Crowd

from .conftest import Arrive
from .desk import Desk
from .devices import PHONE, PHONE_WITHOUT_SCRIPTS, Device
from .looks import too_wide
from .pages import Runner, wrong_fields
from .races import OPEN, PAYMENT, SOLD_OUT, Races

_PHONES = pytest.mark.parametrize("phone", [PHONE, PHONE_WITHOUT_SCRIPTS], ids=["with scripts", "without scripts"])


@pytest.fixture
def desk(races: Races) -> Desk:
    return Desk(races.staff)


@_PHONES
@pytest.mark.parametrize(("size", "total"), [(1, "150000.00"), (10, "1300000.00")], ids=["alone", "group of ten"])
async def test_from_the_race_to_the_ticket(
    phone: Device, size: int, total: str, arrive: Arrive, races: Races, desk: Desk, crowd: Crowd
) -> None:
    form = crowd.form(races.categories["5k"]["id"], size)
    runner = Runner(await arrive(phone), has_scripts=phone.has_scripts)

    number = await runner.registers(OPEN, "5k", form)
    await runner.sees_how_to_pay(number)
    assert await too_wide(runner.page) == []
    await runner.chooses_way("bank_transfer")
    assert await too_wide(runner.page) == []
    await runner.sees(number, str(PAYMENT["account_number"]), str(PAYMENT["account_holder_name"]))

    await runner.uploads_a_proof(number, total)
    await desk.verifies(number)
    assert await desk.terms_accepted(number)

    await runner.opens_the_tickets(number)
    assert await too_wide(runner.page) == []
    await runner.sees(*(person["full_name"] for person in form["participants"]))
    codes = await runner.reads_codes()
    assert set(codes) == await desk.ticket_codes(number)
    assert len(codes) == size


@_PHONES
async def test_wrong_fields_are_named_and_the_others_kept(
    phone: Device, arrive: Arrive, races: Races, crowd: Crowd
) -> None:
    form = crowd.form(races.categories["5k"]["id"])
    [person] = form["participants"]
    runner = Runner(await arrive(phone))
    await runner.opens_the_race(OPEN)
    await runner.chooses("5k", 1)
    await runner.fills_runner(1, {**person, "whatsapp": "12"})
    await runner.sends()

    await expect(runner.page.locator("[data-errors]")).to_be_visible()
    assert await wrong_fields(runner.page) == ["p1-whatsapp"]
    await expect(runner.page.locator('[name="p1-full_name"]')).to_have_value(person["full_name"])

    await runner.fills_runner(1, person)
    await runner.sends()
    assert await runner.is_registered()


@_PHONES
async def test_a_sold_out_race_offers_no_form(phone: Device, arrive: Arrive) -> None:
    runner = Runner(await arrive(phone))
    await runner.opens_the_race(SOLD_OUT)
    assert await runner.page.locator('a[href$="/register/5k/1"]').count() == 0
