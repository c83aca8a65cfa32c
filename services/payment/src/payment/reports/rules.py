"""What movements between accounts mean in a financial report."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from payment.ledger.rules import Account, Kind

REPORTED: Final = (Account.RUNNERS, Account.FEES, Account.ROUNDING)
"""Accounts whose movements are income or costs. All others say where money is, or to whom it is owed."""

_PAID: Final = frozenset({Kind.PAYMENT, Kind.ASSIGNMENT})
_RECEIVED: Final = _PAID | {Kind.ROUNDING}


@dataclass(frozen=True)
class Flow:
    """Movements of one kind between two accounts: their number, their sum, and the discounts of their invoices."""

    kind: Kind
    debit: Account
    credit: Account
    number: int
    amount: Decimal
    discount: Decimal

    def into(self, account: Account) -> Decimal:
        """Return what was credited to an account, negative if it was debited."""
        return ((self.credit is account) - (self.debit is account)) * self.amount


@dataclass(frozen=True)
class Sums:
    """Income and costs of a group.

    Attributes:
        payments, refund_count: number of payments, and of movements back to payers, less those that were taken back.
        discounts: that the invoices of the payments name.
        received: what was paid for registrations, after discounts.
        rounding: what came in more than was owed, by unique amounts of transfers; negative if less.
        refunds: what went back, with reversals and chargebacks.
    """

    payments: int
    discounts: Decimal
    received: Decimal
    rounding: Decimal
    fees: Decimal
    refund_count: int
    refunds: Decimal

    @property
    def gross(self) -> Decimal:
        """Return what the registrations would have cost without discounts."""
        return self.received + self.discounts

    @property
    def net(self) -> Decimal:
        """Return what is left: the balances of the reported accounts."""
        return self.received + self.rounding - self.fees - self.refunds


def sums_of(flows: Iterable[Flow]) -> Sums:
    """Return the sums of flows of one group and currency."""
    found = list(flows)
    paid = [each for each in found if each.kind in _PAID and each.credit is Account.RUNNERS]
    back = [each for each in found if each.kind not in _RECEIVED and Account.RUNNERS in {each.debit, each.credit}]
    received = (each.into(Account.RUNNERS) for each in found if each.kind in _RECEIVED)
    return Sums(
        payments=sum(each.number for each in paid),
        discounts=sum((each.discount for each in paid), Decimal(0)),
        received=sum(received, Decimal(0)),
        rounding=sum((each.into(Account.ROUNDING) for each in found), Decimal(0)),
        fees=-sum((each.into(Account.FEES) for each in found), Decimal(0)),
        refund_count=sum(each.number if each.debit is Account.RUNNERS else -each.number for each in back),
        refunds=-sum((each.into(Account.RUNNERS) for each in back), Decimal(0)),
    )
