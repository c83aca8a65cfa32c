"""What happened to a payment, in the order of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain
from uuid import UUID

from web.console.payments.models import Payment
from web.console.refunds.models import Refund


@dataclass(frozen=True)
class Moment:
    """Something that happened.

    Attributes:
        kind: `paid`, `uploaded`, `checked`, `verified`, `rejected`, `refund_due` or `refund_done`.
        by: of the member of staff who did it; None if it was the runner, or happened by itself.
        text: of the person who did it, such as a reason.
        amount: of money that goes back.
        is_held: whether it can still be undone.
    """

    at: datetime
    kind: str
    by: UUID | str | None = None
    text: str | None = None
    amount: Decimal | None = None
    is_held: bool = False


def history_of(payment: Payment, refunds: Sequence[Refund]) -> Sequence[Moment]:
    """Return what happened to a payment, oldest first."""
    of_refunds = chain.from_iterable(_of_refund(each) for each in refunds)
    return sorted((*_of_payment(payment), *of_refunds), key=lambda moment: moment.at)


def _of_payment(payment: Payment) -> Iterator[Moment]:
    yield Moment(payment.payment_date, "paid", text=payment.notes)
    yield Moment(payment.uploaded_at, "uploaded", payment.recorded_by)
    if payment.checked_at is not None:
        yield Moment(payment.checked_at, "checked", payment.checked_by)
    if payment.held is not None:
        held = payment.held
        yield Moment(held.at, held.outcome, held.by, held.reason, is_held=True)
    if payment.verified_at is not None:
        yield Moment(payment.verified_at, "verified", payment.verified_by)
    if payment.rejected_at is not None:
        yield Moment(payment.rejected_at, "rejected", payment.rejected_by, payment.rejection_reason)


def _of_refund(refund: Refund) -> Iterator[Moment]:
    yield Moment(refund.due_at, "refund_due", refund.asked_by, refund.reason, refund.amount)
    if refund.done_at is not None:
        yield Moment(refund.done_at, "refund_done", refund.done_by, refund.reference, refund.amount)
