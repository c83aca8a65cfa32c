"""Exchange rates, and the sources that are asked for them."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    Identity,
    Index,
    Numeric,
    String,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base

IS_CHOSEN: Final[ColumnElement[bool]] = literal_column("(accepted AND source IN ('median', 'manual'))", Boolean)
"""Whether a rate could be used for quotes: written as in the index, which a query with parameters may not use."""


class UsdtRate(Base):
    """A rate: what a source said, the median of such, or what staff have set.

    The rows of one time have the same `created_at`.

    Attributes:
        idr_per_usdt: rupiah for one USDT.
        observed_at: the time for which the source said it; of a median, the oldest of those that it is of.
        accepted: whether it is used: by the median of its time, or for quotes if it is a median or set by staff.
        reason: why it is not.
        valid_until: until when a rate of staff is used, unless another one replaces it; null for others.
        note: why staff have set it.
        withdrawn_by: who has withdrawn a rate of staff before its end, which was moved to that moment.
    """

    __tablename__ = "usdt_rates"
    __table_args__ = (
        CheckConstraint("idr_per_usdt > 0", name="idr_per_usdt"),
        CheckConstraint("accepted = (reason IS NULL)", name="reason"),
        CheckConstraint(
            "(source = 'manual') = (set_by IS NOT NULL) AND (source = 'manual') = (valid_until IS NOT NULL)"
            " AND (source = 'manual') = (note IS NOT NULL)",
            name="manual",
        ),
        CheckConstraint(
            "(withdrawn_by IS NULL) = (withdrawal_reason IS NULL) AND (withdrawn_by IS NULL OR source = 'manual')",
            name="withdrawn",
        ),
        Index("ix_usdt_rates_created_at", "created_at"),
        Index("ix_usdt_rates_chosen", "created_at", postgresql_where=IS_CHOSEN),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    idr_per_usdt: Mapped[Decimal] = mapped_column(Numeric(20, 8))
    observed_at: Mapped[datetime]
    created_at: Mapped[datetime]
    accepted: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(30))
    valid_until: Mapped[datetime | None]
    set_by: Mapped[UUID | None]
    note: Mapped[str | None] = mapped_column(String(1000))
    withdrawn_by: Mapped[UUID | None]
    withdrawal_reason: Mapped[str | None] = mapped_column(String(1000))


class UsdtRateSource(Base):
    """A source that is asked for rates.

    Attributes:
        asked_at: when a worker last claimed to ask it.
        trouble: why it gave no rate when it was last asked; null if it did.
        trouble_since: the first time of those without a rate in between.
    """

    __tablename__ = "usdt_rate_sources"
    __table_args__ = (CheckConstraint("(trouble IS NULL) = (trouble_since IS NULL)", name="trouble"),)

    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    asked_at: Mapped[datetime]
    trouble: Mapped[str | None] = mapped_column(String(30))
    trouble_since: Mapped[datetime | None]
