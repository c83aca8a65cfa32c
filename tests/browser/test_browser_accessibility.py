"""axe-core finds nothing, on any page, in any width, theme and language."""

import pytest

from .axe import violations
from .conftest import Arrive, OpenFront
from .devices import DESKTOP, PHONE, TABLET, Theme
from .scenes import Scene, every_language, every_scene

_THEMES: tuple[Theme, ...] = ("light", "dark")

PALE = """<!doctype html><html lang="en"><title>Pale</title><main><h1>Pale</h1><p id="pale">Places left</p></main>"""


@every_language
@every_scene
async def test_axe_finds_nothing(scene: Scene, language: str, arrive: Arrive, open_front: OpenFront) -> None:
    page = await (arrive(at=await open_front(scene.fault)) if scene.fault else arrive())
    answer = await page.goto(scene.address(language))
    assert answer is not None
    assert answer.status == scene.status
    found = []
    for device in (PHONE, TABLET, DESKTOP):
        await page.set_viewport_size({"width": device.width, "height": device.height})
        for theme in _THEMES:
            await page.emulate_media(color_scheme=theme)
            found += [f"{device.width} px, {theme}: {line}" for line in await violations(page)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("color", "is_found"), [("#9a9a9a", True), ("#595959", False)])
async def test_axe_would_find_a_pale_text(color: str, is_found: bool, arrive: Arrive) -> None:
    page = await arrive()
    await page.goto("/")
    await page.set_content(PALE)
    await page.evaluate("color => { document.getElementById('pale').style.color = color; }", color)

    found = await violations(page)

    assert any("color-contrast" in line for line in found) is is_found
