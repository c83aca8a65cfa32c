"""The pages of the console in every state, as a browser shows them: axe finds nothing, and they fit."""

from itertools import cycle
from typing import Any, Final

import pytest
from testkit.axe import violations

from . import test_web_states_in_a_browser as states
from .test_web_states_in_a_browser import Shown
from .walk import Example, Walker, browser
from .walk_examples import EXAMPLES

shown, walker = states.shown, states.walker

_VIEWS: Final[tuple[tuple[str, int, Any], ...]] = (("", 360, "light"), ("/en", 1280, "dark"), ("", 768, "dark"))
"""Languages with a width in px and a theme: the states of a page are seen in them by turns, each in one."""

_TOO_WIDE: Final = "() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth"

STATES: Final = [
    (each, view)
    for examples in EXAMPLES.values()
    for each, view in zip(examples, cycle(_VIEWS), strict=False)
    if each.status != 303 and each.address.startswith("/console")
]

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.soak]


@pytest.mark.parametrize(("example", "view"), STATES, ids=str)
async def test_all_staff_can_use_a_page_in_every_state(
    example: Example, view: tuple[str, int, Any], shown: Shown, walker: Walker
) -> None:
    page, (prefix, width, theme) = shown.page, view
    await page.set_viewport_size({"width": width, "height": 740})
    await page.emulate_media(color_scheme=theme)
    async with browser(walker.app_for(example)) as client:
        await shown.open(client, example, prefix)
        assert await violations(page) == []
        assert await page.evaluate(_TOO_WIDE) <= 0, f"at {width} px the page has to be scrolled sideways"
    assert shown.refused == []
