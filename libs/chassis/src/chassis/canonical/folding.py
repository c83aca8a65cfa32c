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
    """Return the words of `text` in ASCII letters and digits, lower case."""
    plain = text if text.isascii() else anyascii(unicodedata.normalize("NFKC", text))
    return [word for word in _BETWEEN_WORDS.split(_APOSTROPHES.sub("", plain).lower()) if word]


def folded(text: str) -> str:
    """Return the words of `text`, folded, with one space between them."""
    return " ".join(folded_words(text))


def squeezed(text: str) -> str:
    """Return the letters and digits of `text`, folded, without any spaces: spelling apart, the same name is equal."""
    return "".join(folded_words(text))
