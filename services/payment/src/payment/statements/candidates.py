"""Invoices that a line of a statement may pay, and the words by which they are found."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from chassis.canonical.folding import unaccented

from payment.invoices.rules import InvoiceStatus
from payment.transfers.rules import KEPT

EARLY: Final = timedelta(days=1)
"""How much earlier than the invoice's day a line's may be: days begin earlier in the east of Indonesia."""

LONGEST_TEXT: Final = 1000
"""Characters of a line's text that are looked at."""

_LETTERS: Final = re.compile("[a-z]{3,}")
_PHONES: Final = re.compile(r"(?<![0-9])(?:\+?62|0)(8[1-9][0-9]{7,10})(?![0-9])")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """An invoice.

    Attributes:
        payable: the amount that its payer was asked to transfer; of one that awaits a line, what the proof says.
        has_unique_code: no other invoice has this amount while it is open and for `KEPT` afterwards.
        phone: digits with country code.
        awaits_line: it is paid by a proof that a person verified, and no statement has confirmed that yet.
        payable_since: the day on which its payer was first asked for this amount: that of the unique code, or else of
            the registration. A unique amount may have been another payer's before.
        ended_on: day on which it was paid, expired or cancelled; None while it is open.
    """

    registration_id: UUID
    number: str
    payable: Decimal
    has_unique_code: bool
    payer_name: str
    status: InvoiceStatus
    phone: str | None = None
    awaits_line: bool = False
    payable_since: date | None = None
    ended_on: date | None = None

    @property
    def is_open(self) -> bool:
        """Return whether it is to be paid."""
        return self.status is InvoiceStatus.OPEN or self.status is InvoiceStatus.PROOF_UPLOADED

    @property
    def is_expected(self) -> bool:
        """Return whether a line is expected: it is to be paid, or a statement has to confirm that it is."""
        return self.is_open or self.awaits_line

    @property
    def is_paid_twice(self) -> bool:
        """Return whether a line would be a second payment."""
        return self.status is InvoiceStatus.PAID and not self.awaits_line

    def is_live(self, booked_on: date) -> bool:
        """Return whether money of that day may be for it: it was asked for, and is open or ended within `KEPT`."""
        if self.payable_since is not None and booked_on + EARLY < self.payable_since:
            return False
        return self.is_expected or (self.ended_on is not None and booked_on - self.ended_on < KEPT)

    @property
    def words(self) -> frozenset[str]:
        """Return what a text must have in common with it: words of the payer's name, and the phone number."""
        return words_of(self.payer_name) | ({f"#{self.phone.removeprefix('62')}"} if self.phone else frozenset())


def in_cents(amount: Decimal) -> int:
    """Return an amount of two decimals as a whole number, which is found faster."""
    return int(amount * 100)


def words_of(text: str) -> frozenset[str]:
    """Return the words of at least three letters of a text, folded, also where digits are glued to them."""
    return frozenset(_LETTERS.findall(unaccented(text)))


def words_and_phones_of(text: str) -> frozenset[str]:
    """Return the words of a line's text and the phone numbers in it, in the form of `Candidate.words`."""
    beginning = text[:LONGEST_TEXT]
    return words_of(beginning) | {f"#{digits}" for digits in _PHONES.findall(beginning)}
