"""Everything can be reached and seen with the keyboard alone, also at 400 %."""

import pytest
from playwright.async_api import Page, expect

from .conftest import Arrive, OpenFront
from .devices import DESKTOP, ENLARGED, Device
from .looks import too_wide, walk
from .own import OwnPages, OwnScene, every_own_scene
from .races import OPEN
from .scenes import Scene, every_scene

# Of each page one view is not left to the soak.
_WINDOWS = pytest.mark.parametrize(
    "device", [pytest.param(DESKTOP, id="1280 px"), pytest.param(ENLARGED, id="400 %", marks=pytest.mark.soak)]
)
_VIEWS = pytest.mark.parametrize(
    ("device", "language"),
    [
        pytest.param(DESKTOP, "en", id="1280 px-en", marks=pytest.mark.soak),
        pytest.param(ENLARGED, "id", id="400 %-id"),
        pytest.param(DESKTOP, "id", id="1280 px-id", marks=pytest.mark.soak),
        pytest.param(ENLARGED, "en", id="400 %-en", marks=pytest.mark.soak),
    ],
)
_FAULTY = """<!doctype html><html lang="en"><title>Faulty</title><main>
<a href="#a" id="first">One</a> <a href="#b" id="second">Two</a> <a href="#c" id="third">Three</a></main>"""


async def _show(page: Page, scene: Scene, language: str) -> None:
    await page.goto(scene.address(language))
    await page.evaluate("() => document.querySelectorAll('details').forEach(part => { part.open = true; })")


@_VIEWS
@every_scene
async def test_a_walk_reaches_everything_in_order_and_shows_where_it_is(
    scene: Scene, language: str, device: Device, arrive: Arrive, open_front: OpenFront
) -> None:
    page = await (arrive(device, at=await open_front(scene.fault)) if scene.fault else arrive(device))
    await _show(page, scene, language)

    walked = await walk(page)

    assert walked.names
    assert list(walked.order) == list(range(len(walked.names))), walked
    assert not walked.unmarked
    assert not walked.covered
    assert await too_wide(page) == []


@_WINDOWS
@every_own_scene
async def test_a_walk_through_the_pages_of_a_registration(
    scene: OwnScene, device: Device, arrive: Arrive, own: OwnPages
) -> None:
    page = await arrive(device)
    await page.goto(own.links[scene.state])
    await page.goto(own.address(scene, "id"))

    walked = await walk(page)

    assert list(walked.order) == list(range(len(walked.names))), walked
    assert not walked.unmarked
    assert not walked.covered
    assert await too_wide(page) == []


async def test_the_skip_link_leads_past_the_masthead(arrive: Arrive) -> None:
    page = await arrive(DESKTOP)
    await page.goto(f"/races/{OPEN}")

    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await expect(page.locator(".skip")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")

    assert await page.evaluate("() => document.getElementById('main').contains(document.activeElement)")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("third.tabIndex = 1", "order"),
        ("second.tabIndex = -1", "reached"),
        ("second.style.outline = 'none'", "unmarked"),
        ("document.body.append(cover)", "covered"),
    ],
)
async def test_the_walk_would_find_a_fault(fault: str, why: str, arrive: Arrive) -> None:
    page = await arrive(DESKTOP)
    await page.goto("/")
    await page.set_content(_FAULTY)
    await page.evaluate(f"""() => {{
        const [first, second, third] = document.querySelectorAll('a');
        for (const link of [first, second, third]) link.style.outline = '3px solid';
        const cover = document.createElement('div');
        cover.style.cssText = 'position: fixed; inset: 0; background: white';
        {fault};
    }}""")

    walked = await walk(page)

    found = {
        "order": list(walked.order) != sorted(walked.order),
        "reached": [walked.names[number] for number in walked.order] == ["One", "Three"],
        "unmarked": list(walked.unmarked) == ["Two"],
        "covered": list(walked.covered) == ["One", "Two", "Three"],
    }
    assert [name for name, is_found in found.items() if is_found] == [why]


async def test_a_wide_element_would_be_found(arrive: Arrive) -> None:
    page = await arrive(ENLARGED)
    await page.goto("/")
    await page.evaluate("() => { document.querySelector('h1').style.width = '400px'; }")
    assert any(line.startswith("h1 reaches") for line in await too_wide(page))
