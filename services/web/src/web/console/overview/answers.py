"""What the APIs answer about how a race stands, and about what needs staff."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from web.upstream.client import Answer

STATUSES: Final = ("payment_verified", "payment_uploaded", "pending_payment", "expired", "cancelled")
"""States of a registration, paid first."""


class CategoryCounts(Answer):
    """Counts of one category: registrations by state, and people by whether they have paid."""

    category_id: UUID
    category_name: str
    registered: int
    pending_payment: int
    payment_uploaded: int
    payment_verified: int
    expired: int
    cancelled: int
    participants: int
    participants_paid: int
    amount_expected: Decimal
    amount_verified: Decimal
    quota: int
    places_taken: int
    places_left: int
    places_offered: int
    places_burned: int
    waitlist_participants: int

    @property
    def waiting(self) -> int:
        """Return the registrations that may still pay, or whose proof waits."""
        return self.pending_payment + self.payment_uploaded

    @property
    def places(self) -> Sequence[int]:
        """Return the places by use: paid, held until paid, offered to the waiting list, without a BIB, and free."""
        ended = self.places_offered + self.places_burned
        held = max(0, self.places_taken - self.participants_paid - ended)
        return self.participants_paid, held, self.places_offered, self.places_burned, max(0, self.places_left)


_SUMMED: Final = tuple(
    name for name, field in CategoryCounts.model_fields.items() if field.annotation in (int, Decimal)
)


class Stats(Answer):
    """Counts of a race by category."""

    categories: tuple[CategoryCounts, ...]

    @property
    def total(self) -> CategoryCounts:
        """Return the sums of all categories."""
        sums = {name: sum(getattr(each, name) for each in self.categories) for name in _SUMMED}
        return CategoryCounts(category_id=UUID(int=0), category_name="", **sums)


class Bucket(Answer):
    """What happened in an hour or a day."""

    at: datetime
    registered: int
    participants: int
    verified: int
    amount: Decimal


class Timeline(Answer):
    """Hours or days in a row."""

    items: tuple[Bucket, ...]


class Backlog(Answer):
    """What waits, and since when the oldest of it does."""

    count: int
    oldest_at: datetime | None


class Amount(Answer):
    """A number of payments, and their amount in one currency."""

    payments: int
    amount: Decimal
    currency: str


def rupiah_of(amounts: Iterable[Amount]) -> Decimal:
    """Return the sum of the amounts in rupiah."""
    return sum((each.amount for each in amounts if each.currency == "IDR"), Decimal(0))


class MethodAmount(Amount):
    """Verified payments by one method."""

    payment_method: str


class RefundsDue(Answer):
    """Refunds to be transferred."""

    oldest_at: datetime | None
    amounts: tuple[Amount, ...]


class Verified(Answer):
    """Payments that were verified today and yesterday, in the time zone of the race."""

    today: tuple[Amount, ...] = ()
    yesterday: tuple[Amount, ...] = ()


class PaymentStats(Answer):
    """Money by method, and what of the money needs staff. Amounts are prices, without unique amounts."""

    waiting: Backlog
    verified: Verified = Verified()
    methods: tuple[MethodAmount, ...]
    refunds_due: RefundsDue

    @property
    def paid(self) -> Decimal:
        """Return the sum of all payments that were ever verified; refunds are not taken off."""
        return rupiah_of(self.methods)

    @property
    def paid_today(self) -> Decimal:
        """Return the sum of those that were verified today."""
        return rupiah_of(self.verified.today)

    @property
    def paid_yesterday(self) -> Decimal:
        """Return the sum of those that were verified yesterday."""
        return rupiah_of(self.verified.yesterday)

    @property
    def to_pay_back(self) -> Decimal:
        """Return the sum of the refunds that are still to be transferred."""
        return rupiah_of(self.refunds_due.amounts)


class GatewayAccount(Answer):
    """Since when the payment gateway has refused the stored server key; None if it accepts it, or there is none."""

    refused_since: datetime | None = None


class MessageStats(Answer):
    """Messages that need staff."""

    failed: Backlog
    undelivered_tickets: Backlog
    channels_in_trouble: tuple[str, ...]
    counted_at_most: int


class _DeadLetters(Answer):
    count: int


class Queues(Answer):
    """Events that a service gave up."""

    dead_letters: _DeadLetters


class _Handout(Answer):
    checked_in_at: datetime


class Handouts(Answer):
    """Packs that were handed out, the newest first."""

    items: tuple[_Handout, ...]
    next_cursor: str | None = None


class _Conflict(Answer):
    received_at: datetime


class Conflicts(Answer):
    """Scans made without a network that staff have to decide about, the newest first."""

    items: tuple[_Conflict, ...]
    next_cursor: str | None = None


class _Run(Answer):
    differences: int
    ran_at: datetime


class Reconciliations(Answer):
    """The last reconciliation, if there was one."""

    items: tuple[_Run, ...]


class Packs(Answer):
    """How many packs of a race are handed out."""

    handed_out: int
    waiting: int
