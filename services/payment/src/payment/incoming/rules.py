"""Money that arrived, and what becomes of money that no invoice takes."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from payment.ledger.rules import Account, Channel, Kind


class MoneyKind(StrEnum):
    """Why money was kept: its registration was paid already, or nothing says whose it is."""

    SURPLUS = "surplus"
    UNKNOWN = "unknown"


class MoneyState(StrEnum):
    """What was decided about kept money.

    Attributes:
        ASSIGNED: it paid a registration.
        ASKED: it is to go back, and the gateway was asked for that, or has accepted it; it has not confirmed it.
    """

    OPEN = "open"
    ASSIGNED = "assigned"
    REFUND_DUE = "refund_due"
    ASKED = "asked"
    REFUNDED = "refunded"


USDT_TOLERANCE: Final = Decimal("0.005")
"""Share of an amount by which what USDT are worth may differ from it: a rate seldom gives the exact amount."""

ACCOUNTS = {MoneyKind.SURPLUS: Account.SURPLUS, MoneyKind.UNKNOWN: Account.UNKNOWN}
KINDS = {MoneyKind.SURPLUS: Kind.SURPLUS, MoneyKind.UNKNOWN: Kind.UNKNOWN}


@dataclass(frozen=True, kw_only=True)
class Received:
    """Money that arrived by a channel.

    Attributes:
        source: what it was found by, such as `charge:<id>`; the same source is received once.
        method: `qris`, `bank_transfer` or `usdt`.
        amount: in units of `currency`; it pays an invoice if it is the invoice's, or the one asked for as a transfer.
        came_in: what that is worth, if it is another amount: USDT at their rate.
        registration_id: whose it says to be; None if nothing says so.
        reference: of the bank or gateway, for a person who looks for it there.
    """

    source: str
    channel: Channel
    method: str
    amount: Decimal
    currency: str
    received_at: datetime
    came_in: Decimal | None = None
    registration_id: UUID | None = None
    reference: str | None = None


def money_source(money_id: UUID) -> str:
    """Return the source of the movements of kept money."""
    return f"money:{money_id}"
