"""What is decided about a line of a statement."""

from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

LARGEST_AMOUNT: Final = Decimal("9999999999.99")
"""The largest amount that payments and the ledger hold. A line of a statement may be over more."""


class LineState(StrEnum):
    """What was decided about a line. Money that left the account is `outgoing`: there is nothing to decide.

    Attributes:
        MATCHED: it paid an invoice, or confirms the proof that did.
        KEPT: it is money that no invoice took, listed under `/surplus`.
        PAYOUT: it is what a gateway or the acquirer of the QRIS code paid out.
    """

    OPEN = "open"
    MATCHED = "matched"
    IGNORED = "ignored"
    KEPT = "kept"
    PAYOUT = "payout"
    OUTGOING = "outgoing"


def line_source(line_id: UUID) -> str:
    """Return the source of a payment or of kept money that a line was accepted as."""
    return f"line:{line_id}"


def part_source(line_id: UUID, registration_id: UUID) -> str:
    """Return the source of one of the payments that a line was accepted as."""
    return f"{line_source(line_id)}:{registration_id}"


def received_at(booked_on: date, zone: ZoneInfo) -> datetime:
    """Return the beginning of the day on which a bank booked a line, which is all that statements say."""
    return datetime.combine(booked_on, time(), zone)
