"""Whose money a line of a statement is, in tiers: the surest rule that finds something decides.

Only an exact unique amount, or a registration number with its exact amount, is accepted; all else is proposed to a
person. Whether what can be accepted is accepted without a person is the caller's decision.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID

from payment.statements.amount_index import AmountIndex
from payment.statements.candidates import Candidate, in_cents, words_and_phones_of
from payment.statements.model import Line
from payment.statements.number_index import Mention, NumberIndex
from payment.statements.payout_texts import payout_of

SHOWN: Final = 5
"""Maximum number of registrations that are proposed."""


class Tier(IntEnum):
    """The rule that found a match, the surest first."""

    UNIQUE_AMOUNT = 1
    NUMBER_AND_AMOUNT = 2
    NUMBER_ONLY = 3
    PLAIN_AMOUNT = 4
    NEAR_NUMBER = 5
    SUM = 6
    NOTHING = 7


class Kind(StrEnum):
    """What may be done: accept without a person, ask a person, or keep as unknown money."""

    ACCEPT = "accept"
    PROPOSE = "propose"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a line matches, or why it is only proposed.

    Attributes:
        PAYOUT: it is no payer's money, but what the gateway or the acquirer of the QRIS code paid out.
        REFUND: it left the account, and is the transfer of money that goes back.
        ANOTHER_FILE: it may be a line of another file, in another format or other letter case: day and amount agree.
    """

    UNIQUE_AMOUNT = "unique_amount"
    NUMBER_AND_AMOUNT = "number_and_amount"
    CONFIRMS_PAYMENT = "confirms_payment"
    ALREADY_PAID = "already_paid"
    NOT_EXPECTED_THEN = "not_expected_then"
    NAMES_ANOTHER = "names_another"
    SEVERAL_NUMBERS = "several_numbers"
    SEVERAL_AMOUNTS = "several_amounts"
    OTHER_AMOUNT = "other_amount"
    SAME_AMOUNT = "same_amount"
    SAME_AMOUNT_AND_PAYER = "same_amount_and_payer"
    NEAR_NUMBER = "near_number"
    SUM_OF_NAMED = "sum_of_named"
    SUM_OF_PAYER = "sum_of_payer"
    PAYOUT = "payout"
    REFUND = "refund"
    ANOTHER_FILE = "another_file"
    NOT_A_CREDIT = "not_a_credit"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Match:
    """What a line was matched with, and why.

    Attributes:
        registration_ids: the likeliest first, at most `SHOWN`; for a sum, all that it pays.
        facts: what the reason rests on, without names: numbers, amounts and counts.
    """

    tier: Tier
    kind: Kind
    registration_ids: tuple[UUID, ...]
    reason: Reason
    facts: Mapping[str, str] = field(default_factory=dict)


class CandidateIndex:
    """The invoices that lines are matched with, prepared once for all lines of a statement.

    Give it all that are not paid, and of the paid ones those that ended lately or await a line.
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        known = list(candidates)
        self.numbers = NumberIndex(known)
        self.amounts = AmountIndex(known)


def propose(line: Line, candidates: CandidateIndex) -> Match:
    """Return the match of a line. Lines are independent: that two match the same invoice is for the caller to see."""
    if line.amount <= 0:
        return Match(Tier.NOTHING, Kind.UNKNOWN, (), Reason.NOT_A_CREDIT, _amount_of(line))
    if payout := payout_of(line):
        return Match(Tier.NOTHING, Kind.PROPOSE, (), Reason.PAYOUT, _amount_of(line) | dict(payout))
    text = f"{line.text} {line.reference or ''}"
    mentions = candidates.numbers.mentions(text)
    named = list(dict.fromkeys(found for mention in mentions if mention.is_sure for found in mention.candidates))
    return (
        _by_unique_amount(line, candidates.amounts, named)
        or _by_number(line, mentions, named)
        or _by_near_number(line, text, candidates.numbers, mentions)
        or _by_amount_or_sum(line, text, candidates.amounts)
        or Match(Tier.NOTHING, Kind.UNKNOWN, (), Reason.NOTHING, _amount_of(line))
    )


def doubted(match: Match) -> Match:
    """Return the match of a line that may be one of another file, with other words: a person decides about it."""
    if match.reason is Reason.PAYOUT:
        return match
    kind = Kind.PROPOSE if match.kind is Kind.ACCEPT else match.kind
    return replace(match, kind=kind, reason=Reason.ANOTHER_FILE)


def _by_unique_amount(line: Line, amounts: AmountIndex, named: Sequence[Candidate]) -> Match | None:
    unique = amounts.unique(line.amount, line.booked_on)
    if not unique:
        return None
    others = [each for each in named if each not in unique]
    if others:
        return _proposal(Tier.UNIQUE_AMOUNT, [*unique, *others], Reason.NAMES_ANOTHER, line)
    another = amounts.another(unique[0], line.booked_on)
    if another:
        return _proposal(Tier.UNIQUE_AMOUNT, [*unique, another], Reason.SEVERAL_AMOUNTS, line)
    return _settled(Tier.UNIQUE_AMOUNT, unique[0], Reason.UNIQUE_AMOUNT, line)


def _by_number(line: Line, mentions: Sequence[Mention], named: Sequence[Candidate]) -> Match | None:
    if not named:
        return None
    if len(named) > 1 and sum(in_cents(each.payable) for each in named) == in_cents(line.amount):
        return _proposal(Tier.SUM, named, Reason.SUM_OF_NAMED, line)
    matching = _with_amount(line, named)
    if not matching:
        return _proposal(Tier.NUMBER_ONLY, named, Reason.OTHER_AMOUNT, line)
    others = [each for mention in mentions for each in mention.candidates if each is not matching[0]]
    if others:
        return _proposal(Tier.NUMBER_AND_AMOUNT, [*matching, *others], Reason.SEVERAL_NUMBERS, line)
    return _settled(Tier.NUMBER_AND_AMOUNT, matching[0], Reason.NUMBER_AND_AMOUNT, line)


def _settled(tier: Tier, found: Candidate, reason: Reason, line: Line) -> Match:
    """Return a match that may be accepted, unless the invoice is paid, ended long ago or is newer than the line."""
    if found.is_paid_twice:
        return _proposal(tier, [found], Reason.ALREADY_PAID, line)
    if not found.is_live(line.booked_on):
        return _proposal(tier, [found], Reason.NOT_EXPECTED_THEN, line)
    why = Reason.CONFIRMS_PAYMENT if found.awaits_line else reason
    return Match(tier, Kind.ACCEPT, (found.registration_id,), why, _facts(line, found))


def _by_near_number(line: Line, text: str, numbers: NumberIndex, mentions: Sequence[Mention]) -> Match | None:
    unsure = [each for mention in mentions for each in mention.candidates]
    same = _with_amount(line, [*unsure, *numbers.near(text)])
    if not same:
        return None
    words = words_and_phones_of(text)
    same.sort(key=lambda each: -len(each.words & words))
    return _proposal(Tier.NEAR_NUMBER, same, Reason.NEAR_NUMBER, line)


def _by_amount_or_sum(line: Line, text: str, amounts: AmountIndex) -> Match | None:
    """Return a proposal by amount alone. A sum comes before it only if the text names the payer of the sum alone."""
    words = words_and_phones_of(text)
    ranking = amounts.ranked(line.amount, words, line.booked_on, limit=SHOWN)
    total = amounts.sum_of(line.amount, words)
    if total and (not ranking.found or (total.names_payer and not ranking.names_payer)):
        return _proposal(Tier.SUM, total.candidates, Reason.SUM_OF_PAYER, line, count=total.count)
    if not ranking.found:
        return None
    reason = Reason.SAME_AMOUNT_AND_PAYER if ranking.names_payer else Reason.SAME_AMOUNT
    return _proposal(Tier.PLAIN_AMOUNT, ranking.found, reason, line, count=ranking.count)


def _with_amount(line: Line, found: Iterable[Candidate]) -> list[Candidate]:
    return [each for each in dict.fromkeys(found) if each.payable == line.amount]


def _proposal(
    tier: Tier, found: Collection[Candidate], reason: Reason, line: Line, *, count: int | None = None
) -> Match:
    each_once = list(dict.fromkeys(found))
    shown = each_once if tier is Tier.SUM else each_once[:SHOWN]
    facts = _facts(line, shown[0]) | {"candidates": str(count or len(each_once))}
    return Match(tier, Kind.PROPOSE, tuple(each.registration_id for each in shown), reason, facts)


def _amount_of(line: Line) -> dict[str, str]:
    return {"amount": f"{line.amount:.2f}"}


def _facts(line: Line, first: Candidate) -> dict[str, str]:
    """Return the amount of the line, and of the likeliest invoice its number, amount, status and end."""
    facts = {"number": first.number, "payable": f"{first.payable:.2f}", "status": first.status.value}
    return _amount_of(line) | facts | ({"ended_on": first.ended_on.isoformat()} if first.ended_on else {})
