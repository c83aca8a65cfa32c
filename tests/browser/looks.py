"""How a page behaves for people who enlarge it and for those who use the keyboard only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

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
    const shown = e => !e.disabled && e.checkVisibility({visibilityProperty: true});
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

_FOCUSED = """() => {
    const focused = document.activeElement;
    if (!focused || focused === document.body || focused.stopNumber === undefined) return null;
    const label = focused.closest('label');
    const drawn = [focused, label, ...(label ? label.children : []), focused.parentElement].filter(Boolean);
    const ring = e => [null, '::after'].some(part => {
        const style = getComputedStyle(e, part);
        return style.opacity !== '0' && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    });
    const boxes = [focused, label].filter(Boolean).flatMap(e => [...e.getClientRects()]);
    const seen = boxes.some(box => {
        const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        return hit && (focused.contains(hit) || label !== null && label.contains(hit));
    });
    return {number: focused.stopNumber, visible: drawn.some(ring), seen};
}"""


_PARTS_OF_FIELDS = 20
"""Steps within fields: a date field is left only after its day, month, year and calendar."""


async def too_wide(page: Page) -> Sequence[str]:
    """Return the elements that make the page wider than the window; none if it needs no sideways scrolling."""
    found: list[str] = await page.evaluate(_TOO_WIDE)
    return found


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
