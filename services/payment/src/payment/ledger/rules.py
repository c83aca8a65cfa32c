"""The accounts of the ledger and the movements that each fact causes.

Every movement has one debit account, one credit account and a positive amount, so the accounts always add up to zero.
Assets grow by debits: `bank`, `midtrans`, `qris`, `cash`, `usdt`, and the costs `fees` and `rounding`. What the
organiser owes or has earned grows by credits: `runners`, `surplus`, `unknown`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID


class Account(StrEnum):
    """An account of the ledger.

    Attributes:
        QRIS: at the acquirer of the static QRIS code, until it is paid out to the bank.
        RUNNERS: received for registrations.
        SURPLUS: received for a registration that was paid already; to be given back.
        UNKNOWN: received, owner not known.
        ROUNDING: differences between prices and the unique amounts of transfers.
    """

    BANK = "bank"
    MIDTRANS = "midtrans"
    QRIS = "qris"
    CASH = "cash"
    USDT = "usdt"
    RUNNERS = "runners"
    SURPLUS = "surplus"
    UNKNOWN = "unknown"
    FEES = "fees"
    ROUNDING = "rounding"


class Kind(StrEnum):
    """Why money moved."""

    PAYMENT = "payment"
    SURPLUS = "surplus"
    UNKNOWN = "unknown"
    ASSIGNMENT = "assignment"
    REFUND = "refund"
    REVERSAL = "reversal"
    CHARGEBACK = "chargeback"
    PAYOUT = "payout"
    FEE = "fee"
    ROUNDING = "rounding"


class Channel(StrEnum):
    """How a payment was found.

    By a proof that a person verified, a charge of the gateway, a line of a statement, or a transfer of USDT on a chain.
    """

    PROOF = "proof"
    MIDTRANS = "midtrans"
    STATEMENT = "statement"
    USDT = "usdt"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A movement to record.

    Attributes:
        source: the fact, such as `payment:<id>`; with `leg` it is recorded once.
        amount: positive, in units of `currency`.
    """

    source: str
    kind: Kind
    debit: Account
    credit: Account
    amount: Decimal
    currency: str
    occurred_at: datetime
    leg: int = 1
    registration_id: UUID | None = None
    payment_id: UUID | None = None
    method: str | None = None


_PROOF_ACCOUNTS: Final[Mapping[str, Account]] = {"bank_transfer": Account.BANK, "qris": Account.QRIS}
_CHANNEL_ACCOUNTS: Final[Mapping[Channel, Account]] = {
    Channel.MIDTRANS: Account.MIDTRANS,
    Channel.STATEMENT: Account.BANK,
    Channel.USDT: Account.USDT,
}


def account_of(channel: str, method: str) -> Account:
    """Return the account into which money of a channel and payment method arrives.

    A method of a later release counts as money at the bank.
    """
    found = Channel(channel)
    return _PROOF_ACCOUNTS.get(method, Account.BANK) if found is Channel.PROOF else _CHANNEL_ACCOUNTS[found]


def payment_source(payment_id: UUID) -> str:
    """Return the source of the movement of a verified payment."""
    return f"payment:{payment_id}"


def refund_source(refund_id: UUID) -> str:
    """Return the source of the movement of a completed refund."""
    return f"refund:{refund_id}"
