"""Response models of rates."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.web.models import Page, View
from pydantic import PlainSerializer, WithJsonSchema

from payment.usdt.rates.port import RateSource, Trouble
from payment.usdt.rates.rules import Reason, as_text

RateText = Annotated[
    Decimal,
    PlainSerializer(as_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+\.[0-9]{2,8}$", "examples": ["16650.00"]}),
]
"""Rupiah for one USDT. In JSON it is a text of digits with two to eight decimals."""


class CurrentRate(View):
    """The rate that is used now. `valid_until` is null unless staff have set it."""

    id: int
    source: RateSource
    idr_per_usdt: RateText
    observed_at: datetime
    created_at: datetime
    valid_until: datetime | None


class RateView(CurrentRate):
    """A rate: what a source said, the median of it, or what staff have set.

    `reason` says why it is not accepted; `set_by` and `note` are of rates that staff have set. One that was withdrawn
    has `withdrawn_by` and `withdrawal_reason`, and its `valid_until` is when that was.
    """

    accepted: bool
    reason: Reason | None
    set_by: UUID | None
    note: str | None
    withdrawn_by: UUID | None
    withdrawal_reason: str | None


class SourceView(View):
    """A source that is asked. `trouble` says why it gives no rate; null if it does."""

    source: RateSource
    asked_at: datetime
    trouble: Trouble | None
    trouble_since: datetime | None


class Rates(Page[RateView]):
    """The rate that is used now, the sources, and a page of all rates. `reason` says why `current` is null."""

    current: CurrentRate | None
    reason: Reason | None
    sources: Sequence[SourceView]
