"""Invoices by amount: one with the amount, or several of one payer whose sum it is."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations, islice
from typing import Final, Generic, Protocol, TypeVar

from payment.statements.candidates import EARLY, Candidate, in_cents, words_of

_RARE: Final = 300
"""A word that more invoices of one amount share only confirms what a rarer one found."""
_SCANNED: Final = 200
"""Invoices of one amount that are looked at if the text names no payer."""
_PARTS: Final = range(2, 5)
_LARGEST_GROUP: Final = 8
_MOST_SUMS: Final = 200_000
"""Sums that are kept; payers with the most invoices are left out first."""
_FEW: Final = 3


class _Worded(Protocol):
    @property
    def words(self) -> frozenset[str]: ...


_Item = TypeVar("_Item", bound=_Worded)


class _WordIndex(Generic[_Item]):
    """Items with the same amount, and which of them have a word."""

    def __init__(self, items: Sequence[_Item]) -> None:
        self.items = items
        self._having: defaultdict[str, list[int]] = defaultdict(list)
        self._words = [item.words for item in items]
        for number, words in enumerate(self._words):
            for word in words:
                self._having[word].append(number)

    def scores(self, text: Iterable[str]) -> Counter[int]:
        """Return how many words items have in common with a text, by their index; no item that has none."""
        known = sorted((word for word in text if word in self._having), key=lambda word: len(self._having[word]))
        scores: Counter[int] = Counter()
        for rank, word in enumerate(known):
            having = self._having[word]
            if len(having) <= _RARE or rank == 0:
                scores.update(islice(having, _RARE))
            else:
                scores.update([number for number in scores if word in self._words[number]])
        return scores


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates with an amount, the likeliest first.

    Attributes:
        count: how many there are, which may be more than are in `found`.
        names_payer: the text has words of the payer's name, or the phone number.
    """

    found: Sequence[Candidate]
    count: int
    names_payer: bool


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """Open invoices of one payer or phone number."""

    candidates: tuple[Candidate, ...]

    @property
    def words(self) -> frozenset[str]:
        """Return the words of their payers' names, and their phone numbers."""
        return frozenset().union(*(each.words for each in self.candidates))


@dataclass(frozen=True, slots=True)
class Sum:
    """Open invoices that an amount is the sum of.

    Attributes:
        count: how many payers have such a sum.
        names_payer: the text has words of the payer's name, or the phone number.
    """

    candidates: tuple[Candidate, ...]
    count: int
    names_payer: bool


class AmountIndex:
    """Finds candidates by the amount of a line. What is needed for an amount is built when it is first asked for."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._all: defaultdict[int, list[Candidate]] = defaultdict(list)
        self._unique: defaultdict[int, list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            cents = in_cents(candidate.payable)
            self._all[cents].append(candidate)
            if candidate.has_unique_code:
                self._unique[cents].append(candidate)
        self._bundles = _bundles(candidates)
        self._unpaid_words: dict[int, _WordIndex[Candidate]] = {}
        self._bundle_words: dict[int, _WordIndex[Bundle]] = {}

    def unique(self, amount: Decimal, booked_on: date) -> Sequence[Candidate]:
        """Return the live candidates to which the amount was given as a unique one; no more than one if all is well."""
        return [each for each in self._unique.get(in_cents(amount), ()) if each.is_live(booked_on)]

    def another(self, than: Candidate, booked_on: date) -> Candidate | None:
        """Return another live candidate with the same amount; None if there is none."""
        same = self._all.get(in_cents(than.payable), ())
        return next((each for each in same if each is not than and each.is_live(booked_on)), None)

    def ranked(self, amount: Decimal, words: frozenset[str], booked_on: date, *, limit: int) -> Ranking:
        """Return live candidates with the amount that are not paid: those that the text names, or else the newest."""
        index = self._unpaid(in_cents(amount))
        scores = index.scores(words)
        named = list(islice(_best(scores, index.items, booked_on), limit))
        if named:
            return Ranking(named, len(scores), names_payer=True)
        newest = list(islice(_newest(index.items, booked_on), limit))
        return Ranking(newest, len(index.items) if newest else 0, names_payer=False)

    def sum_of(self, amount: Decimal, words: frozenset[str]) -> Sum | None:
        """Return 2 to 4 open invoices of one payer or phone number whose sum is the amount; None if there are none.

        Of several payers it is the one that the text names; if it names none, only few are worth a proposal.
        """
        cents = in_cents(amount)
        if cents not in self._bundles:
            return None
        if cents not in self._bundle_words:
            self._bundle_words[cents] = _WordIndex(self._bundles[cents])
        index = self._bundle_words[cents]
        scores = index.scores(words)
        if not scores and len(index.items) > _FEW:
            return None
        best = max(scores, key=lambda number: (scores[number], -number)) if scores else 0
        return Sum(index.items[best].candidates, len(index.items), names_payer=bool(scores))

    def _unpaid(self, cents: int) -> _WordIndex[Candidate]:
        """Return the candidates with an amount that are not paid, the oldest in front."""
        if cents not in self._unpaid_words:
            unpaid = [each for each in self._all.get(cents, ()) if not each.is_paid_twice]
            self._unpaid_words[cents] = _WordIndex(sorted(unpaid, key=_since))
        return self._unpaid_words[cents]


def _since(candidate: Candidate) -> date:
    return candidate.payable_since or date.min


def _best(scores: Mapping[int, int], items: Sequence[Candidate], booked_on: date) -> Iterator[Candidate]:
    """Yield live candidates, those with the most words in common first, of these the newest."""
    for score in sorted(set(scores.values()), reverse=True):
        same = [items[number] for number in scores if scores[number] == score]
        yield from (each for each in sorted(same, key=_since, reverse=True) if each.is_live(booked_on))


def _newest(items: Sequence[Candidate], booked_on: date) -> Iterator[Candidate]:
    """Yield live candidates, the last before a day first."""
    end = bisect_right(items, booked_on + EARLY, key=_since)
    return (
        items[number] for number in range(end - 1, max(-1, end - 1 - _SCANNED), -1) if items[number].is_live(booked_on)
    )


def _bundles(candidates: Iterable[Candidate]) -> dict[int, list[Bundle]]:
    """Return the sums of 2 to 4 open invoices of one payer or phone number, each sum of a payer once."""
    found: defaultdict[int, list[Bundle]] = defaultdict(list)
    seen: set[tuple[Candidate, ...]] = set()
    for group in sorted(_groups(candidates), key=len):
        sums: dict[int, tuple[Candidate, ...]] = {}
        for count in _PARTS:
            for parts in combinations(group, count):
                sums.setdefault(sum(in_cents(each.payable) for each in parts), parts)
        for cents, parts in sums.items():
            if parts not in seen and len(seen) < _MOST_SUMS:
                seen.add(parts)
                found[cents].append(Bundle(parts))
    return dict(found)


def _groups(candidates: Iterable[Candidate]) -> Iterator[Sequence[Candidate]]:
    """Yield open invoices with the same phone number, or the same name of at least two words, oldest first."""
    groups: defaultdict[str | frozenset[str], list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=_since):
        if not candidate.is_open:
            continue
        name = words_of(candidate.payer_name)
        if len(name) > 1:
            groups[name].append(candidate)
        if candidate.phone:
            groups[candidate.phone].append(candidate)
    return (group for group in groups.values() if 1 < len(group) <= _LARGEST_GROUP)
