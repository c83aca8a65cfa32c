"""Contrast of colours, by WCAG 2.2. Colours are `#rrggbb`."""

from typing import Final

WHITE: Final = "#ffffff"
NEAR_BLACK: Final = "#15191f"
INKS: Final = (WHITE, NEAR_BLACK)
"""The colours of text on a brand colour."""

ENOUGH_CONTRAST: Final = 4.5
"""The least contrast of text at level AA: https://www.w3.org/TR/WCAG22/#contrast-minimum."""

_LINEAR_UP_TO: Final = 0.04045  # of sRGB; WCAG 2.0 had 0.03928, which differs for no colour of 8 bits


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def ink_on(color: str) -> str:
    """Return the ink that is easier to read on `color`."""
    return max(INKS, key=lambda ink: contrast(color, ink))


def carries_text(color: str) -> bool:
    """Return whether text in the better of the inks can be read on `color`."""
    return contrast(color, ink_on(color)) >= ENOUGH_CONTRAST


def _luminance(color: str) -> float:
    """Return the relative luminance, from 0 to 1: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    red, green, blue = (_linear(channel / 255) for channel in bytes.fromhex(color.removeprefix("#")))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= _LINEAR_UP_TO else float(((channel + 0.055) / 1.055) ** 2.4)
