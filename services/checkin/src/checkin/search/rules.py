"""Parsing of the text typed into a search."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from unicodedata import normalize

from chassis.canonical.folding import folded_words
from contracts import TicketNumber

from checkin.roster.rules import LONGEST_WORD

_BETWEEN_WORDS: Final = re.compile(r"[\s!-/:-@\[-`{-~]+")
_LARGEST_BIB: Final = 2**31 - 1


class PackState(StrEnum):
    """What became of a check-in. `cancelled` is handed out, too: the registration was cancelled afterwards."""

    HANDED_OUT = "handed_out"
    UNDONE = "undone"
    CANCELLED = "cancelled"


def search_words(text: str) -> list[str]:
    """Return the words that a search for `text` looks for."""
    return [word[:LONGEST_WORD] for word in folded_words(text)]


@dataclass(frozen=True)
class Search:
    """A search: names that contain words beginning with each of `words`, or a BIB, a registration or ticket number.

    `unfolded_words` is for rows of older releases, whose names are not folded yet.
    """

    words: tuple[str, ...]
    unfolded_words: tuple[str, ...]
    bib_number: int | None
    registration_number: str
    ticket: TicketNumber | None

    @classmethod
    def of(cls, typed: str) -> "Search":
        """Parse the typed text."""
        text = normalize("NFC", typed).strip()
        unfolded = tuple(filter(None, _BETWEEN_WORDS.split(text)))
        return cls(tuple(search_words(text)), unfolded, _bib(text), text.lower(), TicketNumber.parse(text))


def prefixes(words: Iterable[str]) -> str:
    """Return a PostgreSQL text search for words that begin with `words`, which must not contain quotes."""
    return " & ".join(f"'{word}':*" for word in words)


def _bib(text: str) -> int | None:
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > len(str(_LARGEST_BIB)):
        return None
    return number if 0 < (number := int(digits)) <= _LARGEST_BIB else None
