"""The console as each role meets it: every page of the menu opens, fits a phone, and axe finds nothing on it."""

from dataclasses import replace

import pytest
from chassis.auth.principals import Role
from playwright.async_api import Page, expect
from testkit.axe import violations

from .conftest import Arrive
from .crew import CONSOLE, Crew, menu
from .devices import DESKTOP, PHONE, Device, Theme
from .looks import too_wide

_THEMES: tuple[Theme, ...] = ("light", "dark")
_REASONS = f"{CONSOLE}/payment-settings/reasons"


@pytest.mark.parametrize("role", Role)
async def test_a_role_opens_all_pages_of_its_menu_and_no_others(role: Role, arrive: Arrive, crew: Crew) -> None:
    # given the pages that there are
    page = await arrive(DESKTOP)
    await crew.logs_in(page, Role.OWNER)
    everything = await menu(page)
    await page.context.clear_cookies()

    # when someone of the role logs in
    await crew.logs_in(page, role)
    own = await menu(page)

    # then the pages of the menu open, and the others are refused in words
    assert own
    assert set(own) <= set(everything)
    for path in everything:
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == (200 if path in own else 403), path


@pytest.mark.parametrize("language", ["id", "en"])
async def test_axe_finds_nothing_and_every_page_fits(language: str, arrive: Arrive, crew: Crew) -> None:
    page = await arrive(DESKTOP)
    prefix = "" if language == "id" else "/en"
    await crew.logs_in(page, Role.OWNER, prefix=prefix)
    found = []
    for path in await menu(page):
        await page.goto(path)
        for device in (PHONE, DESKTOP):
            await page.set_viewport_size({"width": device.width, "height": device.height})
            found += [f"{path}, {device.width} px: {line}" for line in await too_wide(page)]
            for theme in _THEMES if language == "id" else _THEMES[:1]:
                await page.emulate_media(color_scheme=theme)
                found += [f"{path}, {device.width} px, {theme}: {line}" for line in await violations(page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("phone", [PHONE], ids=["phone"])
async def test_an_ended_session_leads_to_the_login_and_back(phone: Device, arrive: Arrive, crew: Crew) -> None:
    page = await arrive(phone)
    await page.goto(f"{CONSOLE}/password")
    assert "/console/login" in page.url
    await page.locator('input[name="email"]').fill(crew.emails[Role.VIEWER])
    await page.locator('input[name="password"]').fill("kupu-kupu di atas pagar")
    async with page.expect_navigation():
        await page.locator("main form button").click()
    assert page.url.endswith(f"{CONSOLE}/password")


async def _saves_the_reasons(page: Page) -> None:
    await page.goto(_REASONS)
    async with page.expect_navigation(url="**done=saved"):
        await page.locator("main button[value=save]").click()


async def _top_of_the_form(page: Page) -> float:
    box = await page.locator("main form").first.bounding_box()
    assert box is not None
    return box["y"]


@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_a_toast_lies_above_the_page_until_its_time_is_over_or_it_is_closed(
    device: Device, arrive: Arrive, crew: Crew
) -> None:
    # given
    page = await arrive(device)
    await crew.logs_in(page, Role.OWNER)
    await page.clock.install()
    await page.goto(_REASONS)
    top, toast = await _top_of_the_form(page), page.locator("[data-toast]")

    # when a change is made
    await _saves_the_reasons(page)

    # then the toast moves nothing, stays under the pointer, and everybody can read it
    await expect(toast.get_by_role("status")).to_have_text("Alasan tersimpan.")
    await toast.hover()
    await page.clock.fast_forward(60_000)
    await expect(toast).to_be_in_viewport(ratio=1)
    assert await _top_of_the_form(page) == top
    assert await too_wide(page) == []
    for theme in _THEMES:
        await page.emulate_media(color_scheme=theme)
        assert await violations(page) == []

    # and it goes away when it is no longer pointed at, and is closed by its button
    await page.mouse.move(1, 1)
    await page.clock.fast_forward(6_000)
    await expect(toast).to_be_hidden()
    await page.reload()
    await toast.get_by_role("button", name="Tutup pemberitahuan ini").click()
    await expect(toast).to_be_hidden()
    assert await _top_of_the_form(page) == top


async def test_without_scripts_what_was_saved_is_said_at_the_top_of_the_page(arrive: Arrive, crew: Crew) -> None:
    page = await arrive(replace(DESKTOP, has_scripts=False))
    await crew.logs_in(page, Role.OWNER)
    await _saves_the_reasons(page)
    toast = page.locator("[data-toast]")
    await expect(toast.get_by_role("status")).to_have_text("Alasan tersimpan.")
    await expect(toast.locator("button")).to_be_hidden()
    box = await toast.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= await _top_of_the_form(page)
