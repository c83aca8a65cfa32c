"""Light and dark pages of the console in Chromium: the choice counts, whatever the device says, and paper is light."""

from typing import Any, Final

import pytest
from testkit.axe import violations

from . import test_web_states_in_a_browser as states
from .test_web_states_in_a_browser import Shown
from .walk import Example, Walker, browser

shown, walker = states.shown, states.walker

_LIGHT: Final = "rgb(245, 243, 238)"
_DARK: Final = "rgb(12, 15, 19)"
_GROUND: Final = "() => getComputedStyle(document.body).backgroundColor"
_ACCOUNT_LINES: Final = """() => {
    const parts = [...document.querySelectorAll('.console-account > *')].map(each => each.getBoundingClientRect());
    return new Set(parts.map(each => Math.round((each.top + each.bottom) / 2))).size;
}"""
_TOO_WIDE: Final = "() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth"

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.soak]


def _page(theme: str) -> Example:
    return Example("/console/sessions", headers={"Cookie": f"__Host-staff={'k' * 43}; theme={theme}"})


@pytest.mark.parametrize("device", ["light", "dark"])
@pytest.mark.parametrize(("theme", "ground"), [("light", _LIGHT), ("dark", _DARK), ("", None)])
async def test_the_choice_counts_whatever_the_device_says(
    theme: str, ground: str | None, device: Any, shown: Shown, walker: Walker
) -> None:
    await shown.page.emulate_media(color_scheme=device)
    example = _page(theme)
    async with browser(walker.app_for(example)) as client:
        await shown.open(client, example, "")
        expected = ground or {"light": _LIGHT, "dark": _DARK}[device]
        assert await shown.page.evaluate(_GROUND) == expected


async def test_paper_is_light_for_who_chose_dark(shown: Shown, walker: Walker) -> None:
    example = _page("dark")
    async with browser(walker.app_for(example)) as client:
        await shown.page.emulate_media(color_scheme="light", media="print")
        await shown.open(client, example, "")
        found = await shown.page.evaluate(_GROUND)
    await shown.page.emulate_media(media="screen")
    assert found == _LIGHT


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
async def test_the_open_switch_fits_and_can_be_used(width: int, shown: Shown, walker: Walker) -> None:
    example, page = _page("dark"), shown.page
    await page.set_viewport_size({"width": width, "height": 740})
    async with browser(walker.app_for(example)) as client:
        await shown.open(client, example, "/en")
        await page.get_by_text("Appearance").click()
        assert await page.get_by_role("button", name="Always dark").get_attribute("aria-pressed") == "true"
        assert await violations(page) == []
        assert await page.evaluate(_TOO_WIDE) <= 0


@pytest.mark.parametrize("prefix", ["", "/en"])
@pytest.mark.parametrize("width", [320, 390, 768])
async def test_the_account_has_one_line(width: int, prefix: str, shown: Shown, walker: Walker) -> None:
    example, page = _page(""), shown.page
    await page.set_viewport_size({"width": width, "height": 740})
    async with browser(walker.app_for(example)) as client:
        await shown.open(client, example, prefix)
        assert await page.evaluate(_ACCOUNT_LINES) == 1
        assert await page.evaluate(_TOO_WIDE) <= 0
