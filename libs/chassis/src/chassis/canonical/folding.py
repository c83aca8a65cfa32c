"""Names as they are compared and searched: case, accents, apostrophes and hyphens make no difference.

The same function writes what is indexed and reads what is searched for; it transliterates other scripts, with
the anyascii library.
"""

import re
import unicodedata
from typing import Final

from anyascii import anyascii

_APOSTROPHES: Final = re.compile(r"['`\"^]+")
_BETWEEN_WORDS: Final = re.compile(r"[^a-z0-9]+")

_KANA_VOICING: Final = "\u3099\u309a"  # parts of other letters, not accents


def folded_words(text: str) -> list[str]:
    """Return the words of `text` in ASCII letters and digits, lower case, as a search for them looks for them."""
    return _words(_APOSTROPHES.sub("", _plain(text)))


def folded(text: str) -> str:
    """Return the words of `text` as they are stored for searches, with one space between them.

    A word with an apostrophe is there as a whole and in its parts: `O'Brien` gives `obrien o brien`.
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
    """Return the letters and digits of a name without case and accents: spelling apart, the same name is equal.

    Punctuation, symbols and marks are dropped before compatibility forms are resolved: `™` is no `tm`. Latin letters
    with strokes are plain (`Ł` is `l`); other scripts are not transliterated, since different names would be equal.
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
    if name.startswith("MODIFIER LETTER"):  # the apostrophes among the letters
        return ""
    return anyascii(char).lower() if name.startswith("LATIN ") else char
