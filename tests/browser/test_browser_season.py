"""A race from its creation to its end, by what an organiser and a runner click."""

from io import BytesIO

import pytest
from PIL import Image
from playwright.async_api import expect
from standalone.journey.checks import eventually
from standalone.journey.people import Crowd

from .conftest import Arrive
from .crew import Crew
from .devices import DESKTOP, PHONE
from .organiser import Organiser
from .pages import Runner

_RACE = "Lari Pantai Losari"
_SLUG = "lari-pantai-losari"
_CATEGORY = {
    "name": "7K",
    "distance": "7 km",
    "price_individual": "Rp 175.000",
    "payment_deadline_hours": "24",
    "quota": "3",
    "registration_prefix": "LOS7",
    "bib_start_number": "7001",
    "bib_end_number": "7003",
}


def _banner() -> bytes:
    file = BytesIO()
    Image.new("RGB", (1600, 900), "#0b5fff").save(file, "PNG")
    return file.getvalue()


@pytest.mark.timeout(400)
async def test_a_race_is_created_sold_reviewed_exported_and_closed_by_clicks_alone(
    arrive: Arrive, crew: Crew, crowd: Crowd
) -> None:
    # given an organiser who has nothing but the address of the console
    organiser = await Organiser.logs_in(await arrive(DESKTOP), crew)

    # when a race is created with its banner and its category, and published
    await organiser.creates_a_race(_RACE, location="Anjungan Losari, Makassar", brand_color="#0b5fff")
    await organiser.uploads_a_banner(_banner())
    await organiser.adds_a_category(_CATEGORY)
    await organiser.publishes()

    # then a runner finds it, registers and pays
    form = crowd.form("")
    [person] = form["participants"]
    runner = Runner(await arrive(PHONE))
    number = await runner.registers(_SLUG, "7k", form)
    await runner.sees_how_to_pay(number)
    await runner.uploads_a_proof(number, "175000.00")

    # and the organiser verifies the proof, finds the person by the number, and takes the file of participants
    await organiser.verifies(number)
    await runner.waits_for_the_tickets(number)
    await runner.sees(person["full_name"])
    await organiser.finds(number)
    await expect(organiser.page.locator("main")).to_contain_text(person["full_name"])
    file = await organiser.takes("participants", "csv", _SLUG)
    assert person["full_name"] in file.decode("utf-8-sig")

    # when the category closes and the race is taken off the site
    await organiser.opens_the_race(_RACE)
    await organiser.closes_the_category("7K")
    await runner.opens_the_race(_SLUG)
    assert await runner.page.locator('a[href$="/register/7k/1"]').count() == 0
    await organiser.takes_off()

    # then its page is gone, and the runner's is not
    async def is_gone() -> bool:
        answer = await runner.page.goto(f"/races/{_SLUG}")
        return answer is not None and answer.status == 404

    await eventually(is_gone, "the end of the page of the race", within=30)
    await runner.opens_the_tickets(number)
    await runner.sees(person["full_name"])
