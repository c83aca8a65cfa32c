"""Registration numbers in the texts of banks, where hyphens, zeros and case get lost and letters are mistyped."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from payment.statements.candidates import LONGEST_TEXT, Candidate

DIGITS: Final = 5
"""Minimum digits of a registration number: they are filled up with zeros."""

_NUMBER: Final = re.compile(r"(.*?)[^A-Z0-9]*([0-9]+)", re.DOTALL)
_APART: Final = re.compile("[^A-Z0-9]+")
_TOKEN: Final = re.compile("[A-Z0-9]+")
_REST: Final = re.compile(r"\s+([0-9]+)")
_TOKENS_JOINED: Final = 3
_BEGINNING: Final = 2
"""Characters that set most words apart from mistyped prefixes."""
_SHORTEST_PREFIX: Final = 3
"""Shorter prefixes, such as `A`, stand in texts by chance: they are found only as they are."""
_LETTERS_OF_A_WORD: Final = 2
"""A prefix with fewer letters, such as `10K`, needs all digits: `10K-2` may be about two runners."""

_LOOK_ALIKES: Final = str.maketrans("OISB", "0158")
_ALPHABET: Final = "ACDEFGHJKLMNPQRTUVWXYZ0123456789"
"""Letters and digits without those that `_LOOK_ALIKES` replaces."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place in a text that names registrations; a sure one names exactly one, in full."""

    candidates: tuple[Candidate, ...]
    is_sure: bool


class NumberIndex:
    """Finds candidates by their registration numbers."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self._in_full: defaultdict[tuple[str, str], list[Candidate]] = defaultdict(list)
        self._by_value: defaultdict[tuple[str, int], list[Candidate]] = defaultdict(list)
        self._folded: defaultdict[str, list[Candidate]] = defaultdict(list)
        highest: dict[str, int] = {}
        for candidate in candidates:
            prefix, digits = parts_of(candidate.number)
            if prefix and digits:
                self._in_full[prefix, digits].append(candidate)
                self._by_value[prefix, int(digits)].append(candidate)
                self._folded[prefix.translate(_LOOK_ALIKES) + digits].append(candidate)
                highest[prefix] = max(highest.get(prefix, 0), int(digits))
        self._long = frozenset(prefix for prefix, number in highest.items() if number >= 10**DIGITS // 10)
        self._widths = sorted({len(digits) for _, digits in self._in_full})
        self._prefixes = frozenset(prefix.translate(_LOOK_ALIKES) for prefix in highest)
        self._prefix_lengths = sorted(set(map(len, self._prefixes)))
        self._mistyped = _mistyped(self._prefixes)
        self._beginnings = frozenset(spelling[:_BEGINNING] for spelling in self._mistyped)
        self._pattern = _pattern(highest)

    def mentions(self, text: str) -> list[Mention]:
        """Return where a text names registrations. Sure is a number with all its digits, or without any of its zeros.

        Not sure: some zeros are missing or too many, more digits follow at once, a blank stands before few digits
        (`FR5K 2 orang`), the bank may have cut the text there, or two readings name different registrations.
        """
        upper = text[:LONGEST_TEXT].upper().rstrip()
        return [found for match in self._pattern.finditer(upper) if (found := self._mention(match, upper))]

    def _mention(self, match: re.Match[str], text: str) -> Mention | None:
        prefix, digits = _APART.sub("", match["prefix"]), match["digits"]
        rest = _REST.match(text, match.end())
        joined = digits + rest[1] if rest and len(digits) < DIGITS else ""
        across = self._in_full.get((prefix, joined), []) if len(joined) == DIGITS else []
        exact = self._in_full.get((prefix, digits), [])
        by_value = self._by_value.get((prefix, int(digits)), [])
        glued = self._in_full.get((prefix, digits[:DIGITS]), []) if len(digits) > DIGITS else []
        found = tuple(dict.fromkeys([*exact, *across, *by_value, *glued]))
        is_full = bool(exact or across)
        is_short = bool(by_value) and self._may_be_shortened(prefix, digits, match, text)
        return Mention(found, len(found) == 1 and (is_full or is_short)) if found else None

    def _may_be_shortened(self, prefix: str, digits: str, match: re.Match[str], text: str) -> bool:
        """Return whether digits without zeros in front surely are a whole number, as in `FR5K-42`."""
        may_be_cut = match.end() == len(text) and prefix in self._long
        is_word = sum(map(str.isalpha, prefix)) >= _LETTERS_OF_A_WORD and not match["between"].isspace()
        return digits[0] != "0" and len(digits) < DIGITS and is_word and not may_be_cut

    def near(self, text: str) -> Sequence[Candidate]:
        """Return candidates whose number is one mistake away from a word of the text, or from two or three in a row.

        Look-alikes (O and 0, I and 1, S and 5, B and 8) and missing zeros are no mistakes.
        """
        found: dict[Candidate, None] = {}
        for word in self._words(text):
            for key in (*self._with_other_prefix(word), *self._with_other_digits(word)):
                found.update(dict.fromkeys(self._folded.get(key, ())))
        return list(found)

    def _words(self, text: str) -> Iterator[str]:
        """Yield words and joined neighbours that may be mistyped registration numbers, look-alikes replaced."""
        tokens = _TOKEN.findall(text[:LONGEST_TEXT].upper())
        for start in range(len(tokens)):
            beginning = "".join(tokens[start : start + _BEGINNING])[:_BEGINNING].translate(_LOOK_ALIKES)
            if beginning in self._beginnings or beginning[0] in self._beginnings:
                yield from self._joined(tokens[start : start + _TOKENS_JOINED])

    def _joined(self, tokens: Iterable[str]) -> Iterator[str]:
        """Yield the beginnings of a row of words that are about as long as a registration number."""
        shortest, longest = self._prefix_lengths[0], self._prefix_lengths[-1] + self._widths[-1] + 1
        word = ""
        for token in tokens:
            word += token
            if shortest < len(word) <= longest and not word.isalpha():
                yield word.translate(_LOOK_ALIKES)

    def _with_other_prefix(self, word: str) -> Iterator[str]:
        for width in self._widths:
            head, tail = word[:-width], word[-width:]
            for prefix in self._mistyped.get(head, ()):
                yield prefix + tail

    def _with_other_digits(self, word: str) -> Iterator[str]:
        for length in self._prefix_lengths:
            head, tail = word[:length], word[length:]
            if head in self._prefixes and tail.isdigit() and len(tail) <= self._widths[-1] + 1:
                yield from (head + digits for digits in one_mistake(tail, "0123456789"))
                yield head + tail.lstrip("0").zfill(DIGITS)


def parts_of(number: str) -> tuple[str, str]:
    """Return prefix and digits of a registration number, in upper case without separators: `FR5K`, `00042`."""
    upper = number.upper()
    head, hyphen, digits = upper.rpartition("-")
    if not hyphen or not digits.isdigit():
        found = _NUMBER.fullmatch(upper)
        head, digits = (found[1], found[2]) if found else (upper, "")
    return _APART.sub("", head), digits


def one_mistake(word: str, alphabet: str) -> Iterator[str]:
    """Yield the word, and all words with one character less, more, or another one."""
    yield word
    for index in range(len(word) + 1):
        before, after = word[:index], word[index:]
        yield from (before + letter + after for letter in alphabet)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in alphabet)


def _mistyped(prefixes: Iterable[str]) -> dict[str, set[str]]:
    """Return for each spelling of a prefix with at most one mistake the prefixes that it may be."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for prefix in prefixes:
        spellings = one_mistake(prefix, _ALPHABET) if len(prefix) >= _SHORTEST_PREFIX else (prefix,)
        for spelling in spellings:
            found[spelling].add(prefix)
    return dict(found)


def _pattern(prefixes: Iterable[str]) -> re.Pattern[str]:
    """Return the expression for a known prefix with digits; in longer prefixes hyphens and blanks may stand anywhere.

    A letter before a prefix makes another word of it; so does a digit before one that begins with a digit. Prefixes are
    grouped by their first character, as most places in a text have another one.
    """
    longest_first = sorted(prefixes, key=lambda prefix: (prefix[0], -len(prefix), prefix))
    groups = [_spelled(first, group) for first, group in groupby(longest_first, key=lambda prefix: prefix[0])]
    spelled = "|".join(groups) or "(?!)"
    return re.compile(rf"(?P<prefix>{spelled})(?P<between>[^A-Z0-9]{{0,3}})(?P<digits>[0-9]+)")


def _spelled(first: str, prefixes: Iterable[str]) -> str:
    before = "(?<![A-Z0-9])" if first.isdigit() else "(?<![A-Z])"
    return f"{before}{first}(?:{'|'.join(map(_after_the_first, prefixes))})"


def _after_the_first(prefix: str) -> str:
    apart = "[^A-Z0-9]{0,2}" if len(prefix) >= _SHORTEST_PREFIX else ""
    return "".join(apart + letter for letter in prefix[1:])
