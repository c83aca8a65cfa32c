"""Money that left the account: whether it is the transfer of a refund, or of kept money that went back."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from chassis.canonical.folding import folded_words

from payment.statements.candidates import in_cents, words_and_phones_of, words_of
from payment.statements.matching import Kind, Match, Reason, Tier
from payment.statements.model import Line

_SHORTEST_REFERENCE: Final = 4
"""Characters from which a reference is hardly in a text by accident."""


class Returned(StrEnum):
    """What went back; the value is the name of the fact with its id."""

    REFUND = "refund_id"
    KEPT_MONEY = "money_id"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SentBack:
    """A refund, or kept money, that went back or is to go back, and that no line shows yet.

    Attributes:
        registration_id, number, payer_name: whose it is; None or empty if that is not known.
        reference: of the transfer; None if it is not done.
    """

    what: Returned
    id: UUID
    amount: Decimal
    registration_id: UUID | None = None
    number: str = ""
    payer_name: str = ""
    reference: str | None = None


class SentBackIndex:
    """Money that goes back by its amount, prepared once for all lines of a statement."""

    def __init__(self, returned: Iterable[SentBack]) -> None:
        self._by_amount: defaultdict[int, list[SentBack]] = defaultdict(list)
        for each in returned:
            self._by_amount[in_cents(each.amount)].append(each)

    def find(self, line: Line) -> SentBack | None:
        """Return what a line sent back: by the reference of the transfer, or else by the name of the payer.

        None if nothing of that amount is named, or several payers are.
        """
        same = self._by_amount.get(in_cents(-line.amount), [])
        text = f"{line.text} {line.reference or ''}"
        found = [each for each in same if _has_reference(each, text)] or _most_named(same, text)
        return found[0] if len(found) == 1 else None


def propose_sent_back(line: Line, index: SentBackIndex) -> Match:
    """Return the match of a line that left the account. A person decides about it."""
    facts = {"amount": f"{line.amount:.2f}"}
    found = index.find(line)
    if found is None:
        return Match(Tier.NOTHING, Kind.UNKNOWN, (), Reason.NOT_A_CREDIT, facts)
    facts |= {found.what.value: str(found.id)} | ({"number": found.number} if found.number else {})
    registrations = (found.registration_id,) if found.registration_id else ()
    return Match(Tier.NUMBER_AND_AMOUNT, Kind.PROPOSE, registrations, Reason.REFUND, facts)


def _has_reference(returned: SentBack, text: str) -> bool:
    wanted = _folded(returned.reference or "")
    return len(wanted) >= _SHORTEST_REFERENCE and wanted in _folded(text)


def _folded(text: str) -> str:
    return "".join(folded_words(text))


def _most_named(same: list[SentBack], text: str) -> list[SentBack]:
    """Return those whose payer's name has the most words in common with a text: two at least, or its only one."""
    words = words_and_phones_of(text)
    scores = {each.id: _score(words_of(each.payer_name), words) for each in same}
    best = max(scores.values(), default=0)
    return [each for each in same if best and scores[each.id] == best]


def _score(name: frozenset[str], words: frozenset[str]) -> int:
    common = len(name & words)
    return common if common >= min(len(name), 2) else 0
