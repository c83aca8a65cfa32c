"""Responses of reports and statistics."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from chassis.web.models import Total, View
from contracts import PaymentMethod
from pydantic import Field

from payment.reports.queries import GroupBy
from payment.reports.tables import UNKNOWN


class Money(View):
    """Money of verified payments in a period, and money that went back in it.

    `discounts` and `fees` are zero: neither promo codes nor channels with fees exist yet. `net` is what is left.
    """

    currency: str
    payments: int
    gross: Total
    discounts: Total = Decimal(0)
    fees: Total = Decimal(0)
    refund_count: int
    refunds: Total
    net: Total


class FinancialRow(Money):
    """The money of one group. `key` is null if it is not known, as for payments of older releases."""

    key: str | None
    label: str | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """Build the row of a group."""
        unknown = row["key"] in {"", str(UNKNOWN), None}
        named = {"key": None, "label": None} if unknown else {}
        return cls.model_validate({**row, "net": row["gross"] - row["refunds"], **named})


class FinancialReport(View):
    """A financial report. `from` and `to` are days in `timezone`, both included; totals are by currency."""

    group_by: GroupBy
    event_id: UUID | None
    timezone: str
    first: date | None = Field(serialization_alias="from")
    last: date | None = Field(serialization_alias="to")
    items: Sequence[FinancialRow]
    totals: Sequence[Money]


def totals(rows: Iterable[FinancialRow]) -> list[Money]:
    """Return the sums of the rows, by currency."""
    by_currency: dict[str, list[FinancialRow]] = {}
    for row in rows:
        by_currency.setdefault(row.currency, []).append(row)
    return [
        Money(
            currency=currency,
            **{name: sum(getattr(row, name) for row in of) for name in Money.model_fields if name != "currency"},
        )
        for currency, of in sorted(by_currency.items())
    ]


class Queue(View):
    """Proofs that wait for a decision."""

    count: int
    oldest_at: datetime | None


class Amounts(View):
    """A number of payments and their amount in one currency."""

    payments: int
    amount: Total
    currency: str


class MethodAmounts(Amounts):
    """Verified payments by one method."""

    payment_method: PaymentMethod


class Verified(View):
    """Verified payments of two days, in the time zone of the race."""

    today: Sequence[Amounts]
    yesterday: Sequence[Amounts]


class RefundsDue(View):
    """Refunds that have to be transferred."""

    oldest_at: datetime | None
    amounts: Sequence[Amounts]


class Stats(View):
    """What an organiser looks at first."""

    waiting: Queue
    verified: Verified
    methods: Sequence[MethodAmounts]
    refunds_due: RefundsDue
