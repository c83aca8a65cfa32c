"""Whether amounts and balances of a statement agree."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from payment.statements.entries import Entry, Known, Part
from payment.statements.errors import StatementDoesNotAddUp
from payment.statements.model import Place, Unit

_ZERO: Final = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the file says another sum than its amounts give."""

    number: int
    expected: Decimal
    found: Decimal


@dataclass(slots=True)
class _Walk:
    """One way through the lines in time.

    Attributes:
        opening: the balance before the first line, if the file says it there or for the whole.
        known: the balance at this moment; None until the file says one.
    """

    opening: Known | None
    known: Decimal | None
    breaks: list[Break] = field(default_factory=list)

    def compare(self, number: int, found: Decimal | None) -> None:
        """Compare a balance of the file with the one that the amounts give, and go on from it."""
        if found is None:
            return
        if self.known is not None and self.known != found:
            self.breaks.append(Break(number, self.known, found))
        self.known = found

    def move(self, amount: Decimal) -> None:
        """Add the amount of a line."""
        if self.known is not None:
            self.known += amount


def ensure_adds_up(part: Part, unit: Unit = Unit.LINE) -> None:
    """Compare all balances and totals of a part with its amounts, and complete its opening and closing balance.

    Banks list lines oldest or newest first, and count pending lines in their balances or not. The way in which the file
    adds up is taken; if there is none, the one that breaks least often.

    Raises:
        StatementDoesNotAddUp: with the first place in the file that breaks.
    """
    walks = [_walk(part, entries) for entries in _ways(part.entries)]
    best = min(walks, key=lambda walk: len(walk.breaks))
    if best.breaks:
        first = min(best.breaks, key=lambda each: each.number)
        raise StatementDoesNotAddUp.at(Place(first.number, unit), expected=first.expected, found=first.found)
    part.opening = best.opening
    running = [entry.number for entry in part.entries if entry.balance is not None]
    if part.closing is None and best.known is not None and running:
        part.closing = Known(max(running), best.known)


def _ways(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Yield the entries that balances may count, oldest first."""
    booked = [entry for entry in entries if entry.booked_on is not None]
    for counted in [entries, booked] if len(booked) < len(entries) else [entries]:
        days = [entry.booked_on for entry in (booked[:1] + booked[-1:]) if entry.booked_on]
        if not days or days[0] <= days[-1]:
            yield counted
        if not days or days[0] >= days[-1]:
            yield counted[::-1]


def _walk(part: Part, entries: Sequence[Entry]) -> _Walk:
    opening = part.opening
    if opening is None and entries and entries[0].before is not None:
        opening = Known(entries[0].number, entries[0].before)
    walk = _Walk(opening, opening.amount if opening else None)
    for entry in entries:
        walk.compare(entry.number, entry.before)
        walk.move(entry.amount)
        walk.compare(entry.number, entry.balance)
    if part.closing:
        walk.compare(part.closing.number, part.closing.amount)
    came, went = _totals(entries)
    for total, expected in ((part.credits, came), (part.debits, went)):
        if total and total.amount != expected:
            walk.breaks.append(Break(total.number, expected, total.amount))
    return walk


def _totals(entries: Iterable[Entry]) -> tuple[Decimal, Decimal]:
    came = went = _ZERO
    for entry in entries:
        if entry.amount > 0:
            came += entry.amount
        else:
            went -= entry.amount
    return came, went
