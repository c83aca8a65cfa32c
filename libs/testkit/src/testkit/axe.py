"""Run axe-core on a page and return its violations."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from playwright.async_api import Page

SCRIPT: Final = Path(__file__).parents[4] / "services/web/node_modules/axe-core/axe.min.js"

_RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_RUN: Final = """rules => axe.run(document, {
    runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']
})"""


@cache
def _source() -> str:
    if not SCRIPT.exists():
        raise FileNotFoundError(f"axe-core is missing at {SCRIPT}: make setup")
    return SCRIPT.read_text(encoding="utf-8")


async def violations(page: "Page") -> Sequence[str]:
    """Return what axe finds wrong on the page as it is shown now. The page's policy does not hinder it."""
    await page.evaluate(_source())
    found: dict[str, Any] = await page.evaluate(_RUN, list(_RULES))
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
