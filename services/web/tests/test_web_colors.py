"""Contrast of the colours of the stylesheet, light and dark: https://www.w3.org/TR/WCAG22/#contrast-minimum."""

import re
from collections.abc import Mapping

import pytest
from chassis.colors import contrast
from web.static_files import FOLDER

STYLESHEET = "".join((FOLDER / name).read_text() for name in ("look.css", "status.css", "parts.css"))
TEXT, BORDER = 4.5, 3.0

PAIRS = [
    *((text, ground, TEXT) for text in ("ink", "muted", "brand-text") for ground in ("ground", "raised")),
    ("brand-ink", "brand", TEXT),
    ("ink", "line", TEXT),
    *((f"{kind}", f"{kind}-soft", TEXT) for kind in ("ok", "warn", "bad", "info")),
    *((kind, ground, TEXT) for kind in ("ok", "bad", "info") for ground in ("ground", "raised")),
    *((border, ground, BORDER) for border in ("field", "bad", "warn") for ground in ("ground", "raised")),
]
"""Text and ground, or border and ground, with the least contrast."""


def _values(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3}(?:[0-9a-f]{3})?)\b", block))


def _tokens() -> Mapping[str, Mapping[str, str]]:
    tokens = STYLESHEET[STYLESHEET.index("@layer tokens {") : STYLESHEET.index("@layer base {")]
    light, _, dark = tokens.partition("@media (prefers-color-scheme: dark)")
    return {"light": _values(light), "dark": {**_values(light), **_values(dark)}}


def _long(color: str) -> str:
    return color if len(color) == 7 else "#" + "".join(digit * 2 for digit in color[1:])


def _color(value: str, tokens: Mapping[str, str]) -> str | None:
    """Return a colour of a rule as `#rrggbb`; None if it is no single colour."""
    named = re.fullmatch(r"var\(--([\w-]+)\)", value)
    found = tokens.get(named[1]) if named else value
    return _long(found) if found and re.fullmatch(r"#[0-9a-f]{3}(?:[0-9a-f]{3})?", found) else None


def _rules_with_both() -> list[tuple[str, str, str]]:
    """Return the rules that set the colours of text and ground: selector, text, ground."""
    found = []
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", STYLESHEET):
        declared = dict(re.findall(r"(?:^|;)\s*([\w-]+)\s*:\s*([^;]+?)\s*(?=;|$)", body))
        ground = declared.get("background", declared.get("background-color"))
        if ground and "color" in declared:
            found.append((selector.strip(), declared["color"], ground))
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pairs_of_tokens_can_be_read(scheme: str) -> None:
    tokens = _tokens()[scheme]
    low = {
        f"{one} on {other}": round(found, 2)
        for one, other, least in PAIRS
        if (found := contrast(_long(tokens[one]), _long(tokens[other]))) < least
    }
    assert low == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_rule_with_text_and_ground_can_be_read(scheme: str) -> None:
    tokens, low, computed = _tokens()[scheme], {}, 0
    for selector, text, ground in _rules_with_both():
        one, other = _color(text, tokens), _color(ground, tokens)
        if one is None or other is None:
            continue
        computed += 1
        if ":disabled" not in selector and contrast(one, other) < TEXT:
            low[selector] = round(contrast(one, other), 2)
    assert low == {}
    assert computed > 15


def test_dark_pages_have_their_own_colours() -> None:
    light, dark = _tokens()["light"], _tokens()["dark"]
    assert light.keys() == dark.keys()
    assert {name for name in light if light[name] == dark[name]} == {"hero", "focus"}


def test_the_console_has_the_same_dark_colours_for_who_chose_them() -> None:
    dark = re.compile(r"@media \(prefers-color-scheme: dark\) \{\s*:root[^{]*\{([^}]*)\}")
    chosen = re.compile(r'@media screen \{\s*:root\[data-theme="dark"\] \{\s*color-scheme: dark;([^}]*)\}')
    [of_device] = dark.findall((FOLDER / "look.css").read_text())
    [of_choice] = chosen.findall((FOLDER / "console.css").read_text())
    assert of_choice.split() == of_device.split()


def test_a_ring_of_focus_is_seen_on_every_ground() -> None:
    """The outline stands apart from what it marks, with a ring of the colour of text; one of the two is seen."""
    for tokens in _tokens().values():
        for ground in ("ground", "raised"):
            rings = (tokens["focus"], tokens["ink"])
            assert max(contrast(_long(ring), _long(tokens[ground])) for ring in rings) >= BORDER
