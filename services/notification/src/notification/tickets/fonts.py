"""Fonts of printed tickets, and conversion of text to their letters.

Arimo has the metrics of Helvetica and the letters of Latin, Greek and Cyrillic scripts with accents. Text is laid out
left to right without ligatures, so other scripts are transliterated (by the anyascii library).
"""

import unicodedata
from functools import cache
from pathlib import Path

import fontpkg
from anyascii import anyascii
from fontTools.ttLib import TTFont

_LATIN_1 = 256
_RIGHT_TO_LEFT = frozenset({"R", "AL"})


def font_file() -> Path:
    """Return the path of the Arimo font file."""
    return Path(fontpkg.path("Arimo"))


@cache
def _letters() -> frozenset[int]:
    with TTFont(font_file(), lazy=True) as font:
        return frozenset(font.getBestCmap())


def is_latin_1(text: str) -> bool:
    """Return whether the standard PDF fonts can show `text`."""
    return all(ord(char) < _LATIN_1 for char in text)


def printable(text: str) -> str:
    """Return `text`, one line, in letters that Arimo has; empty if it has no letter or digit.

    Letters of other scripts are transliterated and emoji left out. If nothing readable remains of letters that even the
    transliteration lacks (rare ideographs), their code points are returned.
    """
    kept = " ".join("".join(_shown(char) for char in unicodedata.normalize("NFC", text)).split())
    if any(char.isalnum() for char in kept):
        return kept
    return " ".join(f"U+{ord(char):04X}" for char in text if char.isalnum())


def _shown(char: str) -> str:
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category.startswith("C"):
        return ""
    if ord(char) in _letters() and unicodedata.bidirectional(char) not in _RIGHT_TO_LEFT:
        return char
    return "" if category == "So" else anyascii(char).replace("?", "")
