"""Responses about reconciliations."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.web.models import Total, View, Words

from payment.ledger.rules import Account
from payment.reconciliation.rules import Channel, Item, ItemKind, Severity, Who, severity_of
from payment.reconciliation.tables import Reconciliation
from payment.reconciliation.words import MEANINGS


class ItemView(View):
    """Something that differs or waits: `count` of a kind, `amount` in all, the oldest for `age_days`.

    `who` has to look, and `what` says what to do. A `severity` of `information` needs no person. The ids are null if
    the item is not about one.
    """

    kind: ItemKind
    severity: Severity
    amount: Total | None
    count: int
    age_days: int | None
    registration_id: UUID | None
    registration_number: str | None
    reference: str | None
    payment_id: UUID | None
    line_id: UUID | None
    money_id: UUID | None
    refund_id: UUID | None
    charge_id: UUID | None
    who: Who
    what: Words

    @classmethod
    def of(cls, item: Item, *, now: dt.datetime) -> Self:
        """Build the view of an item, as of `now`."""
        who, what = MEANINGS[item.kind]
        age = None if item.since is None else max(0, (now - item.since).days)
        facts: dict[str, Any] = {name: value for name, value in vars(item).items() if name in cls.model_fields}
        words = Words(en=what.en, id=what.id)
        return cls(**facts, severity=severity_of(item.kind), age_days=age, who=who, what=words)


class ChannelView(View):
    """An account. `expected` is the sum of `seen`, `waits` and `difference`.

    What waits is explained, such as a transfer that was verified today and is in no statement yet. `differences` is the
    number of items on which a person has to act: 0 is in order. `left_out` items are counted and not listed.
    """

    channel: Account
    currency: str
    expected: Total
    seen: Total
    waits: Total
    difference: Total
    differences: int
    left_out: int
    items: Sequence[ItemView]

    @classmethod
    def of(cls, channel: Channel, *, now: dt.datetime) -> Self:
        """Build the view of a channel, as of `now`."""
        return cls(
            channel=channel.account,
            currency=channel.currency,
            expected=channel.expected,
            seen=channel.seen,
            waits=channel.waits,
            difference=channel.difference,
            differences=channel.differences,
            left_out=channel.left_out,
            items=[ItemView.of(item, now=now) for found in channel.findings for item in found.items],
        )


class ReconciliationView(View):
    """What differed or waited when it ran. `date` is a day in `timezone`; `differences` of 0 is in order."""

    date: dt.date
    timezone: str
    ran_at: dt.datetime
    differences: int
    channels: Sequence[ChannelView]

    @classmethod
    def of(cls, channels: Sequence[Channel], *, day: dt.date, zone: ZoneInfo, ran_at: dt.datetime) -> Self:
        """Build the view of a run."""
        shown = [ChannelView.of(each, now=ran_at) for each in channels]
        differences = sum(each.differences for each in shown)
        return cls(date=day, timezone=zone.key, ran_at=ran_at, differences=differences, channels=shown)

    @classmethod
    def stored(cls, row: Reconciliation) -> Self:
        """Build the view of a run that was stored."""
        return cls(
            date=row.day,
            timezone=row.timezone,
            ran_at=row.ran_at,
            differences=row.differences,
            channels=[ChannelView.model_validate(each) for each in row.figures],
        )


class Run(View):
    """A reconciliation that is stored."""

    date: dt.date
    ran_at: dt.datetime
    differences: int


class Runs(View):
    """The reconciliations of the newest days."""

    items: Sequence[Run]
