"""Sums of payments and refunds."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base

UNKNOWN: Final = UUID(int=0)
"""Race and category of payments of older releases, until they are known."""


class PaymentSum(Base):
    """A change of the number and amount of payments; the sum of all changes of a key is the number and amount.

    Triggers on payments and refunds insert one row per statement and key. Unlike updates of a common sum, inserts do
    not wait for other transactions. A periodic job merges the rows.

    Attributes:
        state: `waiting`, `verified`, `rejected`, `refund_due` or `refunded`.
        at: when it came into that state, in steps of 15 minutes: days of every time zone begin at one. The epoch for
            what waits or is due.
        registration_type: empty for payments of older releases, until it is known.
    """

    __tablename__ = "payment_sums"
    __table_args__ = (Index("ix_payment_sums_event_id", "event_id", "state", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]
    event_id: Mapped[UUID]
    category_id: Mapped[UUID]
    registration_type: Mapped[str] = mapped_column(String(30))
    payment_method: Mapped[str] = mapped_column(String(20))
    currency: Mapped[str] = mapped_column(String(3))
    payments: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[Decimal] = mapped_column(Numeric)
