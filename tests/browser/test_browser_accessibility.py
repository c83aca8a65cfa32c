"""axe-core finds nothing, and nothing is too wide, on any page, in any width, theme and language."""

import pytest
from playwright.async_api import Page, expect
from standalone.journey.people import Crowd
from testkit.axe import violations

from .conftest import Arrive, OpenFront
from .devices import DESKTOP, PHONE, TABLET, Theme
from .looks import too_wide
from .own import OWN_SCENES, OwnPages, OwnScene
from .pages import BINDING, Runner
from .races import OPEN, Races
from .scenes import SCENES, Scene, every_language, in_languages_by_turns
from .watch import Watch

_THEMES: tuple[Theme, ...] = ("light", "dark")

PALE = """<!doctype html><html lang="en"><title>Pale</title><main><h1>Pale</h1><p id="pale">Places left</p></main>"""


@in_languages_by_turns(SCENES, lambda scene: scene.name)
async def test_axe_finds_nothing(scene: Scene, language: str, arrive: Arrive, open_front: OpenFront) -> None:
    page = await (arrive(at=await open_front(scene.fault)) if scene.fault else arrive())
    answer = await page.goto(scene.address(language))
    assert answer is not None
    assert answer.status == scene.status
    assert await _found(page) == []


@in_languages_by_turns(OWN_SCENES, lambda scene: f"{scene.state} {scene.path}")
async def test_axe_finds_nothing_on_the_pages_of_a_registration(
    scene: OwnScene, language: str, arrive: Arrive, own: OwnPages
) -> None:
    page = await arrive()
    await page.goto(own.links[scene.state])
    answer = await page.goto(own.address(scene, language))
    assert answer is not None
    assert answer.status < 500
    assert await _found(page) == []


@every_language
@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.parametrize("has_scripts", [True, False], ids=["with scripts", "scripts do not arrive"])
async def test_axe_finds_nothing_on_a_form_full_of_errors(
    has_scripts: bool, size: int, language: str, arrive: Arrive, watch: Watch
) -> None:
    page = await arrive()  # axe itself is a script, so they are not switched off
    if not has_scripts:
        watch.allow("net::ERR_FAILED")
        await page.route("**/*.js", lambda route: route.abort())
    runner = Runner(page, prefix="" if language == "id" else "/en")
    await runner.opens_the_race(OPEN)
    await runner.chooses("5k", size)
    await runner.sends()
    await expect(page.locator("[data-errors]")).to_be_visible()
    assert await _found(page) == []


@every_language
@pytest.mark.parametrize("has_scripts", [True, False], ids=["with scripts", "scripts do not arrive"])
async def test_axe_finds_nothing_on_the_review_of_a_group(
    has_scripts: bool, language: str, arrive: Arrive, watch: Watch, races: Races, crowd: Crowd
) -> None:
    page = await arrive()
    if not has_scripts:
        watch.allow("net::ERR_FAILED")
        await page.route("**/*.js", lambda route: route.abort())
    runner = Runner(page, prefix="" if language == "id" else "/en")
    await runner.opens_the_race(OPEN)
    await runner.chooses("5k", 5)
    await runner.fills_everybody(crowd.form(races.categories["5k"]["id"], 5))
    await runner.sends()
    await expect(page.locator(BINDING).filter(visible=True)).to_be_visible()
    assert await _found(page) == []


@every_language
async def test_axe_finds_nothing_on_the_page_after_the_search_for_a_registration(language: str, arrive: Arrive) -> None:
    page = await arrive()
    await page.goto("/recover" if language == "id" else "/en/recover")
    await page.locator('input[name="contact"]').fill("nobody@example.com")
    async with page.expect_navigation():
        await page.locator("main form button").click()
    assert await _found(page) == []


async def _found(page: Page) -> list[str]:
    """Return what axe finds, and what is too wide, at each width and in each theme."""
    found = []
    for device in (PHONE, TABLET, DESKTOP):
        await page.set_viewport_size({"width": device.width, "height": device.height})
        found += [f"{device.width} px: {line}" for line in await too_wide(page)]
        for theme in _THEMES:
            await page.emulate_media(color_scheme=theme)
            found += [f"{device.width} px, {theme}: {line}" for line in await violations(page)]
    return found


@pytest.mark.parametrize(("color", "is_found"), [("#9a9a9a", True), ("#595959", False)])
async def test_axe_would_find_a_pale_text(color: str, is_found: bool, arrive: Arrive) -> None:
    page = await arrive()
    await page.goto("/")
    await page.set_content(PALE)
    await page.evaluate("color => { document.getElementById('pale').style.color = color; }", color)

    found = await violations(page)

    assert any("color-contrast" in line for line in found) is is_found
