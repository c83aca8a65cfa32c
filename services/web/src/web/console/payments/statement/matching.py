"""Matching of a bank statement with payments that wait, as proposals that a person confirms.

A proposal is sure if the amounts agree and the line names the registration, the reference or the payer, or if the
amount is one that only this payment and this line have and that is not round, as prices are.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from web.console.payments.statement.reading import Line

_WORD: Final = re.compile(r"[^\W_]+")
_MOST_JOINED: Final = 6
_SHORTEST_REFERENCE: Final = 6
_FAR: Final = timedelta(days=3)
_ROUND: Final = 1000
_FULL_NAME: Final = 2


class Why(StrEnum):
    """What speaks for a proposal, or against being sure of it."""

    NUMBER = "number"
    REFERENCE = "reference"
    NAME = "name"
    ONLY_AMOUNT = "only_amount"

    AMOUNT_DIFFERS = "amount_differs"
    SAME_AMOUNTS = "same_amounts"
    JUST_AMOUNT = "just_amount"
    FAR_APART = "far_apart"
    ENDED = "ended"
    SAME_PICTURE = "same_picture"


@dataclass(frozen=True)
class Claim:
    """A payment that waits, or one that was verified.

    Attributes:
        paid_on: when the runner says that they paid.
        reference: what the runner noted.
    """

    payment_id: UUID
    number: str
    payer: str
    amount: Decimal
    paid_on: date
    reference: str | None = None
    has_ended: bool = False
    is_duplicate: bool = False


@dataclass(frozen=True)
class Proposal:
    """A line that may be the money of a payment.

    Attributes:
        grounds: what speaks for it, strongest first.
        doubts: why a person has to look.
    """

    claim: Claim
    line: Line
    grounds: Sequence[Why]
    doubts: Sequence[Why] = ()

    @property
    def is_sure(self) -> bool:
        """Return whether it may be ticked already."""
        return not self.doubts


@dataclass(frozen=True)
class Match:
    """What a statement and payments have to do with each other. Every line and every payment is in one of these.

    Attributes:
        known: lines of payments that are verified already.
        lines: of which no payment is known.
        claims: of which there is no line.
    """

    proposals: Sequence[Proposal]
    known: Sequence[tuple[Line, Claim]] = ()
    lines: Sequence[Line] = ()
    claims: Sequence[Claim] = ()


def match(
    lines: Sequence[Line], waiting: Sequence[Claim], verified: Sequence[Claim] = (), *, knows_all_verified: bool = True
) -> Match:
    """Return what belongs together: first what a line names, then what only amounts say.

    Args:
        knows_all_verified: otherwise a line may be the money of a verified payment that is not here, and an amount or
            a name alone makes nothing sure.
    """
    matching = _Matching(lines, waiting, knows_all_verified=knows_all_verified)
    matching.propose(_Names(waiting).numbers, Why.NUMBER)
    matching.propose(_Names(waiting).references, Why.REFERENCE)
    known = matching.recognise(verified)
    matching.propose_by_amount()
    matching.propose_numbers_with_other_amounts(_Names(waiting).numbers)
    proposals = sorted(matching.proposals, key=lambda each: (not each.is_sure, each.line.number))
    return Match(proposals, known, matching.free_lines(), matching.free_claims())


class _Names:
    """Payments by what a line may name them with. What would name several names none."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        numbers: dict[str, list[Claim]] = defaultdict(list)
        references: dict[str, list[Claim]] = defaultdict(list)
        for claim in claims:
            numbers["".join(_words(claim.number))].append(claim)
            for key in _reference_keys(claim.reference):
                references[key].append(claim)
        self.numbers = _unambiguous(numbers)
        self.references = _unambiguous(references)


def _unambiguous(found: Mapping[str, Sequence[Claim]]) -> Mapping[str, Claim]:
    return {key: claims[0] for key, claims in found.items() if key and len(claims) == 1}


class _Matching:
    """The state of one matching."""

    def __init__(self, lines: Sequence[Line], claims: Sequence[Claim], *, knows_all_verified: bool) -> None:
        self._knows_all_verified = knows_all_verified
        self.proposals: list[Proposal] = []
        self._lines = {line.number: line for line in lines}
        self._claims = {claim.payment_id: claim for claim in claims}
        self._line_amounts = Counter(line.amount.value for line in lines)
        self._claim_amounts = Counter(claim.amount for claim in claims)
        self._paid: dict[Decimal, list[Claim]] = defaultdict(list)

    def free_lines(self) -> Sequence[Line]:
        """Return the lines that belong to nothing yet."""
        return list(self._lines.values())

    def free_claims(self) -> Sequence[Claim]:
        """Return the payments without a line yet."""
        return list(self._claims.values())

    def propose(self, named: Mapping[str, Claim], why: Why) -> None:
        """Propose lines that name a payment of the same amount."""
        for line in self.free_lines():
            found = [claim for claim in self._named_by(line, named) if claim.amount == line.amount.value]
            if found:
                self._add(found[0], line, [why])

    def propose_by_amount(self) -> None:
        """Propose the free lines and payments of each amount: those with the payer's name first."""
        by_amount: dict[Decimal, list[Claim]] = defaultdict(list)
        for claim in self.free_claims():
            by_amount[claim.amount].append(claim)
        self._propose_names(by_amount)
        for line in self.free_lines():
            same = [each for each in by_amount[line.amount.value] if each.payment_id in self._claims]
            if same:
                claim = min(same, key=lambda each: _distance(each, line))
                self._add(claim, line, *self._by_amount(claim))

    def _propose_names(self, by_amount: Mapping[Decimal, Sequence[Claim]]) -> None:
        names = {amount: _by_first_name(claims) for amount, claims in by_amount.items()}
        for line in self.free_lines():
            words = _words(line.description)
            candidates = names.get(line.amount.value, {})
            found = [claim for word in words for claim in candidates.get(word, ()) if claim.payment_id in self._claims]
            named = {claim.payment_id: claim for claim in found if _names_payer(claim, set(words))}
            if len(named) == 1:
                may_be_paid = any(_names_payer(each, set(words)) for each in self._paid[line.amount.value])
                is_doubtful = may_be_paid or not self._knows_all_verified
                self._add(next(iter(named.values())), line, [Why.NAME], [Why.SAME_AMOUNTS] if is_doubtful else [])

    def propose_numbers_with_other_amounts(self, numbers: Mapping[str, Claim]) -> None:
        """Propose, with a doubt, lines that name a registration but have another amount."""
        for line in self.free_lines():
            found = self._named_by(line, numbers)
            if found:
                self._add(found[0], line, [Why.NUMBER], [Why.AMOUNT_DIFFERS])

    def recognise(self, verified: Sequence[Claim]) -> Sequence[tuple[Line, Claim]]:
        """Return the free lines that name a verified payment of their amount, or are the only ones that may be it."""
        names = _Names(verified)
        amounts = Counter(claim.amount for claim in verified)
        by_amount = {claim.amount: claim for claim in verified if amounts[claim.amount] == 1}
        known = []
        for line in self.free_lines():
            claim = names.numbers.get(_first_key(line, names.numbers)) or names.references.get(
                _first_key(line, names.references)
            )
            if claim is None and self._is_telling(line.amount.value) and not self._claim_amounts[line.amount.value]:
                claim = by_amount.get(line.amount.value)
            if claim is not None and claim.amount == line.amount.value:
                known.append((line, claim))
                del self._lines[line.number]
        self._remember_without_line(verified, {claim.payment_id for _, claim in known})
        return known

    def _remember_without_line(self, verified: Sequence[Claim], known: Collection[UUID]) -> None:
        """Keep the verified payments that have no line yet: a line of their amount may be theirs."""
        for claim in verified:
            if claim.payment_id not in known:
                self._paid[claim.amount].append(claim)

    def _named_by(self, line: Line, named: Mapping[str, Claim]) -> Sequence[Claim]:
        found = {named[key].payment_id: named[key] for key in _keys(line.description) if key in named}
        return [claim for claim in found.values() if claim.payment_id in self._claims]

    def _by_amount(self, claim: Claim) -> tuple[Sequence[Why], Sequence[Why]]:
        is_alone = max(self._claim_amounts[claim.amount], self._line_amounts[claim.amount]) == 1
        if not is_alone or self._paid[claim.amount] or not self._knows_all_verified:
            return [], [Why.SAME_AMOUNTS]
        return ([Why.ONLY_AMOUNT], []) if self._is_telling(claim.amount) else ([], [Why.JUST_AMOUNT])

    def _is_telling(self, amount: Decimal) -> bool:
        """Return whether an amount is not round, as prices are: its last digits tell whose it is."""
        return amount % _ROUND != 0

    def _add(self, claim: Claim, line: Line, grounds: Sequence[Why], doubts: Sequence[Why] = ()) -> None:
        found = [*doubts, *_doubts(claim, line)]
        self.proposals.append(Proposal(claim, line, grounds, found))
        del self._lines[line.number], self._claims[claim.payment_id]


def _doubts(claim: Claim, line: Line) -> Iterator[Why]:
    if line.day is not None and abs(line.day - claim.paid_on) > _FAR:
        yield Why.FAR_APART
    if claim.has_ended:
        yield Why.ENDED
    if claim.is_duplicate:
        yield Why.SAME_PICTURE


def _distance(claim: Claim, line: Line) -> tuple[timedelta, date]:
    return (abs(line.day - claim.paid_on) if line.day else timedelta(), claim.paid_on)


def _words(text: str) -> Sequence[str]:
    return [word.upper() for word in _WORD.findall(text)]


def _keys(text: str) -> Iterator[str]:
    """Yield the words of a text, and neighbours joined: banks cut numbers apart at dashes and put spaces in."""
    words = _words(text)
    for start in range(len(words)):
        for end in range(start + 1, min(start + _MOST_JOINED, len(words)) + 1):
            yield "".join(words[start:end])


def _first_key(line: Line, named: Mapping[str, Claim]) -> str:
    return next((key for key in _keys(line.description) if key in named), "")


def _reference_keys(notes: str | None) -> set[str]:
    """Return the words of a note that look like a reference: long enough, and with a digit."""
    words = _words(notes or "")
    return {word for word in words if len(word) >= _SHORTEST_REFERENCE and any(char.isdigit() for char in word)}


def _by_first_name(claims: Iterable[Claim]) -> Mapping[str, Sequence[Claim]]:
    found: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        words = _words(claim.payer)
        if words:
            found[words[0]].append(claim)
    return found


def _names_payer(claim: Claim, words: set[str]) -> bool:
    """Return whether all of the payer's names are among words; a single name could be anybody's."""
    names = _words(claim.payer)
    return len(names) >= _FULL_NAME and words.issuperset(names)
