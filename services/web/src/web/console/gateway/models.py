"""What payment answers about reports of the gateway, which say what it kept of each payment."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from web.upstream.client import Answer

_BY_AMOUNT: Final = frozenset({"amount_differs", "net_differs", "fee_differs", "fee_too_large"})
"""Kinds of differences whose two values are amounts."""


class Difference(Answer):
    """A row of a report for which no fee was booked, and in words why.

    Attributes:
        line: of the file.
        expected, found: what is known here, and what stands in the file: amounts or states.
        line_id: of the statement's line that was booked as a payout with this fee.
    """

    line: int
    order_id: str
    kind: str
    expected: str | None = None
    found: str | None = None
    registration_id: UUID | None = None
    registration_number: str | None = None
    line_id: UUID | None = None
    words: Mapping[str, str]

    @property
    def amounts(self) -> tuple[Decimal, Decimal] | None:
        """Return what was expected and what was found; None if they are no amounts."""
        try:
            return (Decimal(self.expected or ""), Decimal(self.found or "")) if self.kind in _BY_AMOUNT else None
        except ArithmeticError:
            return None


class Report(Answer):
    """A report of the gateway, as it was compared last.

    Attributes:
        rows: payments in the file, with their sums `amount`, `fees` and `net`; `others` were left out.
        booked: number of fees that were booked by the comparison, `booked_amount` their sum.
        known: number of fees that were booked before.
        items: the first of its `differences`; a list of reports has none.
    """

    report_id: UUID
    uploaded_at: datetime
    uploaded_by: UUID
    compared_at: datetime
    repeated_file: bool = False
    rows: int
    others: int
    amount: Decimal
    fees: Decimal
    net: Decimal
    booked: int
    booked_amount: Decimal
    known: int
    differences: int
    items: tuple[Difference, ...] = ()


class Reports(Answer):
    """A page of reports, the newest first."""

    items: tuple[Report, ...]
    next_cursor: str | None = None
