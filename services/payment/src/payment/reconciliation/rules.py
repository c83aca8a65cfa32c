"""Channels that are reconciled, and the items that name what differs in them.

Of each channel `expected` is compared with `seen`: at the bank, what the ledger says came in and went out with what
statements show; of USDT, the same with what the chains show; of every other account, what its facts add up to with its
balance in the ledger.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from payment.ledger.rules import Account

CHANNELS: Final = (
    Account.BANK,
    Account.MIDTRANS,
    Account.QRIS,
    Account.USDT,
    Account.RUNNERS,
    Account.SURPLUS,
    Account.UNKNOWN,
)
"""USDT is one if any came in."""
LISTED: Final = 50
"""Maximum number of items of one kind that are listed."""

NOT_SEEN_AFTER: Final = timedelta(days=3)
"""Banks book a transfer within two days; statements are uploaded by hand."""
UNDECIDED_AFTER: Final = timedelta(days=1)
KEPT_AFTER: Final = timedelta(days=3)
PAYOUT_AFTER: Final = timedelta(days=7)
"""Gateways pay out within three working days."""
REFUND_AFTER: Final = timedelta(days=7)
UNSETTLED_AFTER: Final = timedelta(hours=1)
TAKEN_BACK_FOR: Final = timedelta(days=30)
NOT_SETTLED_AFTER: Final = timedelta(minutes=10)
"""A job settles transfers of USDT every half minute."""


class Who(StrEnum):
    """Who has to look: `finance` handles money, `admin` decides about registrations, `operator` runs the servers."""

    FINANCE = "finance"
    ADMIN = "admin"
    OPERATOR = "operator"


class Severity(StrEnum):
    """Whether a person has to act on an item; of information alone, everything is in order."""

    DIFFERENCE = "difference"
    INFORMATION = "information"


class ItemKind(StrEnum):
    """What is different, or waits."""

    NO_STATEMENTS = "no_statements"
    BEFORE_STATEMENTS = "before_statements"
    NOT_YET_IN_STATEMENT = "not_yet_in_statement"
    NOT_IN_STATEMENT = "not_in_statement"
    REFUND_NOT_IN_STATEMENT = "refund_not_in_statement"
    LINE_NEW = "line_new"
    LINE_OPEN = "line_open"
    BALANCE_DIFFERS = "balance_differs"
    CHARGE_NOT_SETTLED = "charge_not_settled"
    CHARGE_TAKEN_BACK = "charge_taken_back"
    CHARGE_PARTLY_TAKEN_BACK = "charge_partly_taken_back"
    WAITS_FOR_PAYOUT = "waits_for_payout"
    PAYOUT_OVERDUE = "payout_overdue"
    PAID_OUT_TOO_MUCH = "paid_out_too_much"
    PAID_NOT_BOOKED = "paid_not_booked"
    BOOKED_NOT_PAID = "booked_not_paid"
    PAID_WITHOUT_PAYMENT = "paid_without_payment"
    REFUND_OVERDUE = "refund_overdue"
    REFUND_PAST_WINDOW = "refund_past_window"
    KEPT_TOO_LONG = "kept_too_long"
    BOOKING_DIFFERS = "booking_differs"
    USDT_PARTIAL = "usdt_partial"
    USDT_TOO_LITTLE = "usdt_too_little"
    USDT_NOT_SETTLED = "usdt_not_settled"
    USDT_TAKEN_BACK = "usdt_taken_back"
    USDT_DIFFERS = "usdt_differs"
    EVENTS_STUCK = "events_stuck"


WAITING: Final = frozenset(
    {
        ItemKind.NO_STATEMENTS,
        ItemKind.BEFORE_STATEMENTS,
        ItemKind.NOT_YET_IN_STATEMENT,
        ItemKind.LINE_NEW,
        ItemKind.USDT_PARTIAL,
        ItemKind.USDT_TOO_LITTLE,
    }
)
"""Explained differences between the ledger and statements or chains. Their items are shown as one, with a number."""
INFORMATION: Final = WAITING | {ItemKind.WAITS_FOR_PAYOUT}


def severity_of(kind: ItemKind) -> Severity:
    """Return whether items of a kind are differences."""
    return Severity.INFORMATION if kind in INFORMATION else Severity.DIFFERENCE


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something that differs or waits, or `count` of them.

    Attributes:
        amount: in units of the channel's currency, not negative; None if it is about no money.
        since: when it began; None if that is not known.
    """

    kind: ItemKind
    amount: Decimal | None = None
    count: int = 1
    since: datetime | None = None
    registration_id: UUID | None = None
    registration_number: str | None = None
    reference: str | None = None
    payment_id: UUID | None = None
    line_id: UUID | None = None
    money_id: UUID | None = None
    refund_id: UUID | None = None
    charge_id: UUID | None = None


@dataclass(frozen=True)
class Finding:
    """All items of one kind in a channel.

    Attributes:
        items: the oldest, at most `LISTED`.
        count: of all of them.
        effect: by how much all of them make `expected` larger than `seen`; negative if smaller.
    """

    account: Account
    currency: str
    kind: ItemKind
    items: Sequence[Item]
    count: int = 1
    effect: Decimal = Decimal(0)


@dataclass(frozen=True)
class Channel:
    """One account: `expected` is `seen`, what `waits`, and the difference."""

    account: Account
    currency: str
    expected: Decimal
    seen: Decimal
    findings: Sequence[Finding]

    @property
    def waits(self) -> Decimal:
        """Return the part of the difference that is explained and needs no person."""
        return sum((each.effect for each in self.findings if each.kind in WAITING), Decimal(0))

    @property
    def difference(self) -> Decimal:
        """Return what is expected, and neither seen nor waiting."""
        return self.expected - self.seen - self.waits

    @property
    def differences(self) -> int:
        """Return the number of items on which a person has to act."""
        return sum(each.count for each in self.findings if severity_of(each.kind) is Severity.DIFFERENCE)

    @property
    def left_out(self) -> int:
        """Return how many items are counted and not listed."""
        return sum(each.count - sum(item.count for item in each.items) for each in self.findings)


@dataclass(frozen=True)
class Flow:
    """Movements from one account to another.

    Attributes:
        amount: sum of all of them.
        old: sum of those into an account that is paid out, and occurred `PAYOUT_AFTER` ago or earlier.
        by_charges: sum of those that no fact but a report of the gateway caused: about a charge that was reversed, or
            refunded there, or about its fee.
    """

    debit: str
    credit: str
    currency: str
    amount: Decimal
    old: Decimal
    by_charges: Decimal


Facts = Mapping[tuple[str, str], Decimal]
"""Sums of facts by account and currency."""


def balance(flows: Iterable[Flow], account: Account, currency: str) -> Decimal:
    """Return what was debited to an account less what was credited."""
    return sum((_signed(each, account) * each.amount for each in flows if each.currency == currency), Decimal(0))


def _by_charges(flows: Iterable[Flow], account: Account, currency: str) -> Decimal:
    mine = (_signed(each, account) * each.by_charges for each in flows if each.currency == currency)
    return sum(mine, Decimal(0))


def _signed(flow: Flow, account: Account) -> int:
    return (flow.debit == account) - (flow.credit == account)


def channel_of(
    account: Account, currency: str, *, flows: Sequence[Flow], facts: Facts, findings: Iterable[Finding]
) -> Channel:
    """Return a channel. What its findings do not explain is a finding of its own."""
    known, booked = facts.get((account, currency), Decimal(0)), balance(flows, account, currency)
    mine = [each for each in findings if (each.account, each.currency) == (account, currency)]
    if account in {Account.BANK, Account.USDT}:
        expected, seen = booked, known
    elif account in {Account.MIDTRANS, Account.QRIS}:
        expected, seen = known + _by_charges(flows, account, currency), booked
    else:
        expected, seen = known - _by_charges(flows, account, currency), -booked
    unexplained = expected - seen - sum((each.effect for each in mine), Decimal(0))
    if unexplained:
        item = Item(kind=ItemKind.BALANCE_DIFFERS, amount=abs(unexplained))
        mine.append(Finding(account, currency, ItemKind.BALANCE_DIFFERS, [item], effect=unexplained))
    return Channel(account, currency, expected, seen, mine)


_PAID_INTO: Final = frozenset({Account.BANK, Account.FEES})


def payout_finding(
    account: Account, currency: str, flows: Iterable[Flow], *, now: datetime, statements_in_use: bool
) -> Finding | None:
    """Return what a gateway or acquirer still has to pay out, or paid out too much; None if nothing is left there.

    What arrived first is paid out first. Without statements no payout is known, so none is overdue. A payout that was
    taken back is none.
    """
    mine = [each for each in flows if each.currency == currency]
    held = balance(mine, account, currency)
    came = sum((each.old for each in mine if each.debit == account and each.credit not in _PAID_INTO), Decimal(0))
    taken_back = sum((each.amount for each in mine if each.debit == account and each.credit in _PAID_INTO), Decimal(0))
    overdue = came + taken_back - sum((each.amount for each in mine if each.credit == account), Decimal(0))
    if held < 0:
        kind, amount, since = ItemKind.PAID_OUT_TOO_MUCH, -held, None
    elif overdue > 0 and statements_in_use:
        kind, amount, since = ItemKind.PAYOUT_OVERDUE, overdue, now - PAYOUT_AFTER
    elif held > 0:
        kind, amount, since = ItemKind.WAITS_FOR_PAYOUT, held, None
    else:
        return None
    return Finding(account, currency, kind, [Item(kind=kind, amount=amount, since=since)])
