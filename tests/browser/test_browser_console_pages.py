"""Every kind of page that staff reach from the menu by links: axe, phone width, dark mode, and the keyboard alone."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import urlsplit

import pytest
from chassis.auth.principals import Role
from playwright.async_api import Page

from .conftest import Arrive
from .crew import Crew, menu
from .devices import DESKTOP
from .hall import Hall
from .looks import is_sound, walk

_LINKS: Final = (
    "() => [...document.querySelectorAll('main a[href^=\"/console\"]:not([download])')].map(a => a.pathname)"
)
_ID: Final = re.compile(r"(?<=/)(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d+)(?=/|$)")
_TEMPLATE: Final = re.compile(r"(?<=/templates/)[\w.]+/\w+/\w+")
_NO_PAGES: Final = re.compile(r"\.(csv|xlsx|svg|webp|png|gpx)$|/(file|picture|evidence|proof\.\w+)$")
_SECONDS: Final = 1200


async def _one_of_each_kind(page: Page) -> AsyncIterator[str]:
    """Open one page of each kind that links lead to, beginning with the menu, and yield its path while it is open."""
    waiting, seen = list[str](await menu(page)), set[str]()
    while waiting:
        path = urlsplit(waiting.pop(0)).path
        kind = _TEMPLATE.sub("*", _ID.sub("*", path))
        if kind in seen or _NO_PAGES.search(path):
            continue
        seen.add(kind)
        answer = await page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        waiting += await _links(page)
        yield path


async def _links(page: Page) -> Sequence[str]:
    found: list[str] = await page.evaluate(_LINKS)
    return found


@pytest.mark.soak
@pytest.mark.timeout(_SECONDS)
async def test_every_kind_of_page_can_be_used_by_all(arrive: Arrive, crew: Crew, hall: Hall) -> None:
    # given a platform on which something has happened, and an owner
    await hall.station("Meja jelajah")
    await hall.tickets()
    page = await arrive(DESKTOP)
    await crew.logs_in(page, Role.OWNER)

    # when each kind of page is opened by the links that lead to it
    found, kinds = [], 0
    async for path in _one_of_each_kind(page):
        kinds += 1
        try:
            await is_sound(page)
            walked = await walk(page)
            assert list(walked.order) == list(range(len(walked.names))), walked
            assert (walked.unmarked, walked.covered) == ([], [])
        except AssertionError as fault:
            found.append(f"{path}: {fault}")
        await page.set_viewport_size({"width": DESKTOP.width, "height": DESKTOP.height})

    # then none has a fault
    assert kinds > len(await menu(page))
    assert not found, "\n".join(found)
