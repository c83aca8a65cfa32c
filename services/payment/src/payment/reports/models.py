"""Responses of reports and statistics."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Self
from uuid import UUID

from chassis.web.models import Total, View
from pydantic import Field

from payment.proofs.rules import Method
from payment.reports.queries import Group, GroupBy
from payment.reports.usdt import TakenOn, total
from payment.usdt.pay.models import Usdt


class Money(View):
    """Income and costs of a period, from the ledger.

    `gross` is what the registrations that were paid would have cost without `discounts`, `received` what they cost.
    `rounding` is what came in beyond that by unique amounts of transfers, negative if less; `fees` were kept back by
    the gateway, and are never added to what runners pay: those of settlement reports are of their registrations, those
    of payouts of none. `refunds` went back. `net` is what is left.
    """

    currency: str
    payments: int
    gross: Total
    discounts: Total
    received: Total
    rounding: Total
    fees: Total
    refund_count: int
    refunds: Total
    net: Total


class FinancialRow(Money):
    """The money of one group. `key` is null for money of no registration, such as fees, and if it is not known.

    By price phase, the regular price is a row with the key `regular` and without a label; a phase has its name as both.
    """

    key: str | None
    label: str | None

    @classmethod
    def of(cls, group: Group) -> Self:
        """Build the row of a group."""
        sums = {name: getattr(group.sums, name) for name in Money.model_fields if name != "currency"}
        return cls(key=group.key, label=group.label, currency=group.currency, **sums)


class UsdtSums(View):
    """USDT that were confirmed: `amount`, `worth` in rupiah at the rates that were quoted, and the `average_rate`."""

    transfers: int
    amount: Usdt
    worth: Total
    average_rate: Total


class UsdtOnNetwork(UsdtSums):
    """USDT that were confirmed on a network."""

    network: str


class UsdtView(UsdtSums):
    """USDT that were confirmed, in all and by network.

    Transfers count on the day of their block, with what is kept for a decision. What was sent back is not subtracted.
    """

    networks: Sequence[UsdtOnNetwork]

    @classmethod
    def of(cls, found: Sequence[TakenOn]) -> Self:
        """Build the view of what came in on networks."""
        sums = total(found)
        return cls(
            transfers=sums.transfers,
            amount=sums.amount,
            worth=sums.worth,
            average_rate=sums.average_rate,
            networks=[UsdtOnNetwork.model_validate(each) for each in found],
        )


class FinancialReport(View):
    """A financial report. `from` and `to` are days in `timezone`, both included; totals are by currency.

    `usdt` is null if none came in.
    """

    group_by: GroupBy
    event_id: UUID | None
    timezone: str
    first: date | None = Field(serialization_alias="from")
    last: date | None = Field(serialization_alias="to")
    items: Sequence[FinancialRow]
    totals: Sequence[Money]
    usdt: UsdtView | None = None


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

    payment_method: Method


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
