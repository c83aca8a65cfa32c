"""The form while it is filled in: the browser's checks are those of the server, and groups see how far they are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chassis.wording import Language
from playwright.async_api import Page, expect
from standalone.journey.fields import participant_fields
from standalone.journey.people import Crowd
from web.register.runners import errors_of

from .conftest import Arrive
from .pages import BINDING, Runner
from .races import OPEN, Races

_WRONG: Final[Sequence[Mapping[str, str]]] = (
    {"full_name": ""},
    {"full_name": "123"},
    {"whatsapp": ""},
    {"whatsapp": "12"},
    {"whatsapp": "siti"},
    {"email": ""},
    {"email": "budi@"},
    {"email": "budi.example.com"},
    {"emergency_contact_name": "-"},
    {"emergency_contact_phone": "lihat di atas"},
    {"date_of_birth-day": "31", "date_of_birth-month": "2"},
    {"date_of_birth-month": "Xyz"},
    {"date_of_birth-year": "90"},
    {"date_of_birth-day": ""},
    {"date_of_birth-day": "", "date_of_birth-month": "", "date_of_birth-year": ""},
    {"full_name": "", "whatsapp": "12", "email": "budi@"},
)
_RIGHT: Final[Sequence[Mapping[str, str]]] = (
    {"full_name": "Ó Briain-Święty, Jr."},
    {"whatsapp": "0812-3456-7890"},
    {"whatsapp": "+62 812 3456 7890"},
    {"whatsapp": "\u202a+62 812\u20113456\u20117890\u202c"},
    {"emergency_contact_phone": "(021) 3456789"},
    {"email": "budi+lari@mail.example.com"},
    {"date_of_birth-month": "Agustus"},
    {"date_of_birth-month": "aug", "date_of_birth-day": "07"},
)


async def _type(page: Page, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        await page.locator(f'[name="p1-{name}"]').fill(value)


async def _said(page: Page) -> Sequence[tuple[str, str]]:
    links = await page.locator("[data-errors] a").all()
    return [((await each.get_attribute("href") or "")[1:], await each.inner_text()) for each in links]


def _by_the_server(typed: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return [(each.field, each.message) for each in errors_of(typed, 1, Language.INDONESIAN)]


async def test_what_the_browser_refuses_the_server_refuses_in_the_same_words(
    arrive: Arrive, races: Races, crowd: Crowd
) -> None:
    form = crowd.form(races.categories["10k"]["id"])
    runner = Runner(await arrive())
    await runner.fills_in(OPEN, "10k", form)
    filled = participant_fields(1, form["participants"][0])
    for wrong in _WRONG:
        await _type(runner.page, wrong)
        await runner.sends()
        await expect(runner.page.locator("[data-errors]")).to_be_focused()
        expected = _by_the_server({**filled, **{f"p1-{name}": value for name, value in wrong.items()}})
        assert expected, wrong
        assert await _said(runner.page) == expected
        await _type(runner.page, {name: filled[f"p1-{name}"] for name in wrong})


async def test_what_people_rightly_write_is_refused_by_neither(arrive: Arrive, races: Races, crowd: Crowd) -> None:
    form = crowd.form(races.categories["10k"]["id"])
    runner = Runner(await arrive())
    await runner.fills_in(OPEN, "10k", form)
    filled = participant_fields(1, form["participants"][0])
    for right in _RIGHT:
        assert _by_the_server({**filled, **{f"p1-{name}": value for name, value in right.items()}}) == []
        await _type(runner.page, right)
        await runner.page.keyboard.press("Tab")
        assert await runner.page.locator(".field-error").all_inner_texts() == [], right


async def test_a_group_sees_its_progress_and_copies_the_emergency_contact_on_wish(
    arrive: Arrive, races: Races, crowd: Crowd
) -> None:
    # given a group of five whose first runner is filled in
    form: dict[str, Any] = crowd.form(races.categories["10k"]["id"], 5)
    first, *others = form["participants"]
    runner = Runner(await arrive())
    await runner.opens_the_race(OPEN)
    await runner.chooses("10k", 5)
    progress, page = runner.page.locator("[data-progress]"), runner.page
    await expect(progress).to_have_text("0 dari 5 lengkap")
    await runner.fills_runner(1, first)
    await expect(progress).to_have_text("1 dari 5 lengkap")

    # when the others have the same emergency contact, and their own fields for it stay empty
    for number, person in enumerate(others, start=2):
        await runner.fills_runner(number, {**person, "emergency_contact_name": "", "emergency_contact_phone": ""})
        await page.locator("label", has=page.locator(f'[name="p{number}-same_emergency"]')).click()

    # then all are complete, under their own names, and with one contact
    await expect(progress).to_have_text("5 dari 5 lengkap")
    await runner.sends()
    review = page.locator("[data-review-list] li")
    await expect(review).to_have_count(5)
    contact = f"{first['emergency_contact_name']}, {first['emergency_contact_phone']}"
    for line, person in zip(await review.all_inner_texts(), form["participants"], strict=True):
        assert person["full_name"] in line
        assert contact in line
    await page.locator(BINDING).filter(visible=True).click()
    await runner.is_registered()
