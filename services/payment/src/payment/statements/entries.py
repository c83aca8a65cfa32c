"""What the readers of all formats produce, and the statement that it becomes."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from payment.statements.errors import DayToCome, OtherAccount, StatementDoesNotAddUp, TooManyLines
from payment.statements.model import RUPIAH, Format, Line, Place, Statement, Unit, account_number

MOST_LINES: Final = 100_000


@dataclass(slots=True)
class Entry:
    """A line as it stands in the file. A pending one has no date."""

    number: int
    booked_on: date | None
    amount: Decimal
    text: str
    reference: str | None = None
    balance: Decimal | None = None
    before: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A balance or total that the file states, and where."""

    number: int
    amount: Decimal


@dataclass(slots=True)
class Part:
    """Lines between an opening and a closing balance, in the order of the file. MT940 and CAMT.053 have a part per day.

    Attributes:
        credits, debits: the totals of money that came in and went out, both positive.
    """

    entries: list[Entry] = field(default_factory=list)
    opening: Known | None = None
    closing: Known | None = None
    credits: Known | None = None
    debits: Known | None = None

    def add(self, entry: Entry) -> None:
        """Append a line.

        Raises:
            TooManyLines.
        """
        if len(self.entries) == MOST_LINES:
            raise TooManyLines(limit=MOST_LINES)
        self.entries.append(entry)


@dataclass(frozen=True, slots=True)
class Draft:
    """All parts of a file, each of which adds up."""

    format: Format
    account: str | None
    currency: str | None
    parts: Sequence[Part]
    unit: Unit = Unit.LINE


def finished(draft: Draft, account: str | None, *, latest: date = date.max) -> Statement:
    """Return the statement of a file.

    Args:
        account: used if the file names none.
        latest: the last day that a line may have.

    Raises:
        StatementDoesNotAddUp: a part does not begin with the balance that the one before it ends with.
        OtherAccount: the file names another account than `account`.
        DayToCome: a line is of a day after `latest`.
        TooManyLines.
    """
    _follow(draft)
    named = account_number(account) if account else None
    if draft.account and named and draft.account != named:
        raise OtherAccount
    if sum(len(part.entries) for part in draft.parts) > MOST_LINES:
        raise TooManyLines(limit=MOST_LINES)
    own = draft.account or named
    first, last = draft.parts[0], draft.parts[-1]
    entries = [entry for part in draft.parts for entry in part.entries]
    for entry in entries:
        if entry.booked_on and entry.booked_on > latest:
            raise DayToCome.at(Place(entry.number, draft.unit), entry.booked_on)
    return Statement(
        format=draft.format,
        account=own,
        currency=draft.currency or RUPIAH,
        opening=first.opening.amount if first.opening else None,
        closing=last.closing.amount if last.closing else None,
        lines=tuple(_lines(entries, own)),
        pending=sum(entry.booked_on is None for entry in entries),
    )


def _follow(draft: Draft) -> None:
    for part, following in zip(draft.parts, draft.parts[1:], strict=False):
        if not part.closing or not following.opening or part.closing.amount == following.opening.amount:
            continue
        place = Place(following.opening.number, draft.unit)
        raise StatementDoesNotAddUp.at(place, expected=part.closing.amount, found=following.opening.amount)


def _lines(entries: Iterable[Entry], account: str | None) -> Iterator[Line]:
    """Yield the lines that move money.

    A fingerprint is of account, date, signed amount, text and the balance after the line, if the file has one. Lines of
    a file that agree in all of these are numbered, so equal transfers stay apart; as they are equal, it does not matter
    in which order another file has them.
    """
    seen: defaultdict[str, int] = defaultdict(int)
    for entry in entries:
        if entry.booked_on is None or not entry.amount:
            continue
        text = folded_spaces(entry.text)
        parts = (account, entry.booked_on.isoformat(), entry.amount, text, entry.balance)
        same = "\x1f".join("" if part is None else str(part) for part in parts)
        seen[same] += 1
        yield Line(
            number=entry.number,
            booked_on=entry.booked_on,
            amount=entry.amount,
            text=text,
            reference=entry.reference,
            balance=entry.balance,
            fingerprint=hashlib.sha256(f"{same}\x1f{seen[same]}".encode()).hexdigest(),
        )


def folded_spaces(text: str) -> str:
    """Return a text with single spaces in place of blanks and line breaks."""
    return " ".join(text.split())
