"""Forms of names for searching and comparing, without case, accents, apostrophes and hyphens.

Indexed text and search terms pass through the same function. It transliterates other scripts with the anyascii library.
"""

import re
import unicodedata
from typing import Final

from anyascii import anyascii

_APOSTROPHES: Final = re.compile(r"['`\"^]+")
_BETWEEN_WORDS: Final = re.compile(r"[^a-z0-9]+")

_KANA_VOICING: Final = "\u3099\u309a"  # parts of other letters, not accents


def folded_words(text: str) -> list[str]:
    """Return the words of a search term in lower-case ASCII letters and digits."""
    return _words(unaccented(text))


def unaccented(text: str) -> str:
    """Return a text in lower-case ASCII without accents and apostrophes. What stands between its words is kept."""
    return _APOSTROPHES.sub("", _plain(text))


def folded(text: str) -> str:
    """Return the words of `text` as they are stored for searches, separated by one space.

    A word with an apostrophe is included as a whole and in its parts: `O'Brien` gives `obrien o brien`.
    """
    plain = _plain(text)
    whole = _words(_APOSTROPHES.sub("", plain))
    parts = _words(_APOSTROPHES.sub(" ", plain)) if _APOSTROPHES.search(plain) else []
    return " ".join([*whole, *(part for part in parts if part not in whole)])


def _plain(text: str) -> str:
    return (text if text.isascii() else anyascii(unicodedata.normalize("NFKC", text))).lower()


def _words(plain: str) -> list[str]:
    return [word for word in _BETWEEN_WORDS.split(plain) if word]


def name_core(text: str) -> str:
    """Return the letters and digits of a name without case and accents; spellings of the same name give equal results.

    Punctuation, symbols and marks are dropped before compatibility forms are resolved: `™` does not become `tm`. Latin
    letters with strokes become plain (`Ł` becomes `l`). Other scripts are not transliterated, as different names would
    become equal.
    """
    if text.isascii():
        return "".join(filter(str.isalnum, text.lower()))
    letters = _alphanumeric(unicodedata.normalize("NFC", text))
    forms = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", letters).casefold())
    return "".join(map(_without_stroke, _alphanumeric(forms, besides=_KANA_VOICING)))


def _alphanumeric(text: str, besides: str = "") -> str:
    return "".join(char for char in text if char in besides or unicodedata.category(char)[0] in "LN")


def _without_stroke(char: str) -> str:
    if char.isascii():
        return char
    name = unicodedata.name(char, "")
    if name.startswith("MODIFIER LETTER"):  # apostrophes in the category of letters
        return ""
    return anyascii(char).lower() if name.startswith("LATIN ") else char
