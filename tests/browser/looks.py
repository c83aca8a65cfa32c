"""How a page behaves for people who enlarge it and for those who use the keyboard only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page
from testkit.axe import violations

from .devices import DESKTOP, PHONE

_TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth;
    if (document.scrollingElement.scrollWidth <= width) return [];
    const named = e => [e.tagName.toLowerCase(), ...e.classList].join('.');
    return [...document.body.querySelectorAll('*')]
        .filter(e => e.getBoundingClientRect().right > width + 1)
        .map(e => `${named(e)} reaches ${Math.round(e.getBoundingClientRect().right)} of ${width} px`);
}"""

_STOPS = """() => {
    const tags = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]';
    const hidden = '[aria-hidden="true"][tabindex="-1"]';
    const shown = e => !e.disabled && !e.matches(hidden) && e.checkVisibility({visibilityProperty: true});
    const groups = new Set();
    const first = e => {
        if (e.type !== 'radio') return true;
        const group = [...document.getElementsByName(e.name)];
        const stop = group.find(each => each.checked) || group[0];
        return e === stop || (false);
    };
    const stops = [...document.querySelectorAll(tags)].filter(shown).filter(first);
    stops.forEach((stop, number) => { stop.stopNumber = number; });
    return stops.map(stop => (stop.innerText || stop.getAttribute('aria-label') || stop.id || stop.name || stop.tagName)
        .trim().slice(0, 40));
}"""

_FOCUSED = """async () => {
    const focused = document.activeElement;
    if (!focused || focused === document.body || focused.stopNumber === undefined) return null;
    const label = focused.closest('label');
    const drawn = [focused, label, ...(label ? label.children : []), focused.parentElement].filter(Boolean);
    const ring = e => [null, '::after'].some(part => {
        const style = getComputedStyle(e, part);
        return style.opacity !== '0' && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    });
    const isSeen = () => [focused, label].filter(Boolean).flatMap(e => [...e.getClientRects()]).some(box => {
        const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        return hit && (focused.contains(hit) || label !== null && label.contains(hit));
    });
    const nextFrame = () => new Promise(done => { requestAnimationFrame(done); });
    for (let frames = 0; frames < 10 && !isSeen(); frames += 1) await nextFrame();
    return {number: focused.stopNumber, visible: drawn.some(ring), seen: isSeen()};
}"""


_PARTS_OF_FIELDS = 20
"""Steps within fields: a date field is left only after its day, month, year and calendar."""


async def too_wide(page: Page) -> Sequence[str]:
    """Return the elements that make the page wider than the window; none if it needs no sideways scrolling."""
    found: list[str] = await page.evaluate(_TOO_WIDE)
    return found


async def is_sound(page: Page) -> None:
    """Check that the page fits a phone and a desktop, and that axe finds nothing in light and dark."""
    for device in (PHONE, DESKTOP):
        await page.set_viewport_size({"width": device.width, "height": device.height})
        assert await too_wide(page) == []
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme=theme)
            assert await violations(page) == []


@dataclass(frozen=True)
class Walk:
    """A walk through a page with the tabulator key.

    Attributes:
        names: of all elements that can be reached, in the order of the document.
        order: their numbers, in the order of the walk.
        unmarked: those that do not show that they have the focus.
        covered: those that were focused while something else lay over them.
    """

    names: Sequence[str]
    order: Sequence[int]
    unmarked: Sequence[str]
    covered: Sequence[str]


async def walk(page: Page) -> Walk:
    """Press the tabulator key from the top of the page until its end."""
    names: list[str] = await page.evaluate(_STOPS)
    stops: dict[int, dict[str, Any]] = {}
    last = None
    for _ in range(len(names) + _PARTS_OF_FIELDS):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(_FOCUSED)
        if stop is None or (stop["number"] in stops and stop["number"] != last):
            break
        last = stop["number"]
        stops.setdefault(last, stop)
    return Walk(
        names=names,
        order=list(stops),
        unmarked=[names[stop["number"]] for stop in stops.values() if not stop["visible"]],
        covered=[names[stop["number"]] for stop in stops.values() if not stop["seen"]],
    )
