"""Which rates can be used, and the one that is chosen from what several sources say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from statistics import median, median_high, median_low
from typing import Final

from payment.usdt.rates.port import Quoted

SMALLEST: Final = Decimal("0.00000001")
"""The smallest rate, and the step to which rates are rounded."""
LARGEST: Final = Decimal(10**11)
"""Rates are less than this."""

OLDEST_MEDIAN: Final = timedelta(minutes=15)
"""For how long a chosen rate is used if no other follows."""
LONGEST_MANUAL: Final = timedelta(hours=24)
"""For how long a rate that staff set can be used."""


class Reason(StrEnum):
    """Why a rate is not used. The first one that applies is shown as the reason why there is none.

    Attributes:
        JUMP: it is far from the last one that was accepted; staff have to look.
        DISAGREE: the sources say different things, and none is more likely than the others.
        TOO_FEW: fewer sources than required can be used.
        OUTLIER: it is far from what the other sources say.
        OUTSIDE: it is so low or high that it cannot be a rate of rupiah for one USDT, such as an inverted one.
        FUTURE, STALE: the source says it for a time that is too far ahead, or too long ago.
        NO_ANSWER: no source has answered.
    """

    JUMP = "jump"
    DISAGREE = "sources_disagree"
    TOO_FEW = "too_few_sources"
    OUTLIER = "outlier"
    OUTSIDE = "outside_limits"
    FUTURE = "in_future"
    STALE = "stale"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a rate has to meet.

    Attributes:
        floor, ceiling: lowest and highest rate, in rupiah for one USDT.
        oldest: maximum age of what a source says.
        ahead: how far the clock of a source may be ahead of ours.
        spread: maximum distance from the median, as a share of it.
        jump: maximum distance from the last accepted rate, as a share of that.
        quorum: how many sources have to agree.
    """

    floor: Decimal = Decimal(10_000)
    ceiling: Decimal = Decimal(30_000)
    oldest: timedelta = timedelta(minutes=10)
    ahead: timedelta = timedelta(seconds=30)
    spread: Decimal = Decimal("0.02")
    jump: Decimal = Decimal("0.05")
    quorum: int = 1

    def allow(self, idr_per_usdt: Decimal) -> bool:
        """Return whether a rate is between the lowest and the highest one."""
        return self.floor <= idr_per_usdt <= self.ceiling


LIMITS: Final = Limits()


@dataclass(frozen=True)
class Verdict:
    """What a source said, and why it is not used; None if it is."""

    quoted: Quoted
    reason: Reason | None


@dataclass(frozen=True)
class Choice:
    """What was chosen from the answers of one time.

    Attributes:
        idr_per_usdt: the median of the answers that are used; None if there is none.
        reason: why there is no rate, or why it is not accepted; None if it is.
    """

    verdicts: Sequence[Verdict]
    idr_per_usdt: Decimal | None
    reason: Reason | None

    @property
    def used(self) -> Sequence[Quoted]:
        """Return the answers that are used."""
        return [each.quoted for each in self.verdicts if each.reason is None]


def rounded(idr_per_usdt: Decimal) -> Decimal:
    """Return a rate with eight decimals, as it is stored."""
    return idr_per_usdt.quantize(SMALLEST)


def as_text(idr_per_usdt: Decimal) -> str:
    """Return a rate with two decimals, and those after them that are not zeros."""
    whole, _, decimals = f"{idr_per_usdt:.8f}".partition(".")
    return f"{whole}.{decimals[:2]}{decimals[2:].rstrip('0')}"


def choose(
    quotes: Sequence[Quoted], references: Iterable[Decimal], *, now: datetime, limits: Limits = LIMITS
) -> Choice:
    """Choose a rate: the median of the answers that are recent, plausible and near to each other.

    Args:
        quotes: at most one of each source.
        references: rates that were accepted last. A rate that is far from all of them is not accepted; without any, it
            is.
    """
    faults = [_fault(each, now, limits) for each in quotes]
    usable = [each.idr_per_usdt for each, fault in zip(quotes, faults, strict=True) if fault is None]
    if not usable:
        return Choice(_verdicts(quotes, faults), None, most_telling(faults) or Reason.NO_ANSWER)
    if failure := _failure(usable, limits):
        return Choice(_verdicts(quotes, [fault or failure for fault in faults]), None, failure)
    middle = median(usable)
    outliers = [_outlier(each, middle, limits) for each in quotes]
    verdicts = _verdicts(quotes, [fault or outlier for fault, outlier in zip(faults, outliers, strict=True)])
    chosen = rounded(median(each.quoted.idr_per_usdt for each in verdicts if each.reason is None))
    return Choice(verdicts, chosen, Reason.JUMP if _jumps(chosen, list(references), limits) else None)


def most_telling(reasons: Iterable[Reason | None]) -> Reason | None:
    """Return the reason to show of several; None if there is none."""
    order = list(Reason)
    return min((each for each in reasons if each is not None), key=order.index, default=None)


def _verdicts(quotes: Sequence[Quoted], reasons: Sequence[Reason | None]) -> Sequence[Verdict]:
    return [Verdict(quoted, reason) for quoted, reason in zip(quotes, reasons, strict=True)]


def _fault(quoted: Quoted, now: datetime, limits: Limits) -> Reason | None:
    """Return why an answer cannot be used, whatever the others say."""
    if not limits.allow(quoted.idr_per_usdt):
        return Reason.OUTSIDE
    if quoted.observed_at > now + limits.ahead:
        return Reason.FUTURE
    return Reason.STALE if quoted.observed_at < now - limits.oldest else None


def _failure(usable: Sequence[Decimal], limits: Limits) -> Reason | None:
    """Return why no rate can be chosen from rates of which each could be used.

    The median of an even number is between the two in the middle; if these are far apart, no source is near to it.
    """
    if len(usable) < limits.quorum:
        return Reason.TOO_FEW
    if _is_far(median_high(usable), median_low(usable), limits.spread):
        return Reason.DISAGREE
    near = sum(not _is_far(each, median(usable), limits.spread) for each in usable)
    return Reason.DISAGREE if near * 2 < len(usable) or near < limits.quorum else None


def _outlier(quoted: Quoted, middle: Decimal, limits: Limits) -> Reason | None:
    return Reason.OUTLIER if _is_far(quoted.idr_per_usdt, middle, limits.spread) else None


def _jumps(chosen: Decimal, references: Sequence[Decimal], limits: Limits) -> bool:
    return bool(references) and all(_is_far(chosen, each, limits.jump) for each in references)


def _is_far(rate: Decimal, other: Decimal, share: Decimal) -> bool:
    return abs(rate - other) > other * share
