"""What somebody at the desk means by what they type."""

import re
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

_BETWEEN_WORDS: Final = re.compile(r"[\s!-/:-@\[-`{-~]+")
_LARGEST_BIB: Final = 2**31 - 1


@dataclass(frozen=True)
class Search:
    """What to look for: people with all of `words` in their name, whole or begun; a BIB; a registration number."""

    words: tuple[str, ...]
    bib_number: int | None
    registration_number: str

    @classmethod
    def of(cls, typed: str) -> "Search":
        """The search that was typed."""
        text = normalize("NFC", typed).strip()
        words = tuple(filter(None, _BETWEEN_WORDS.split(text)))
        return cls(words, _bib(text), text.lower())

    @property
    def name_prefixes(self) -> str:
        """`words` as a PostgreSQL text search: each the beginning of some word. Quotes cannot occur in a word."""
        return " & ".join(f"'{word}':*" for word in self.words)


def _bib(text: str) -> int | None:
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(_LARGEST_BIB)):
        return None
    return number if 0 < (number := int(digits)) <= _LARGEST_BIB else None
