"""Names as they are compared and searched: case, accents, apostrophes, hyphens and scripts make no difference.

The same function writes what is indexed and reads what is searched for. Transliteration is the anyascii library's.
"""

import re
import unicodedata
from typing import Final

from anyascii import anyascii

_APOSTROPHES: Final = re.compile(r"['`\"^]+")
_BETWEEN_WORDS: Final = re.compile(r"[^a-z0-9]+")


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


def squeezed(text: str) -> str:
    """Return the letters and digits of `text`, folded, without any spaces: spelling apart, the same name is equal."""
    return "".join(folded_words(text))
