"""Until when payment was open, and its outages."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class Uptime(Base):
    """The one row, from the first beat on: the last moment at which payment could take proofs."""

    __tablename__ = "uptime"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    open_until: Mapped[datetime]


class Outage(Base):
    """A time in which payment could take no proofs.

    `moved_until` is the last invoice, in the order of ids, whose deadline it has moved; `settled` when all are done.
    """

    __tablename__ = "outages"
    __table_args__ = (
        CheckConstraint("ended_at > began_at", name="in_order"),
        Index("ix_outages_unsettled", "id", postgresql_where=text("NOT settled")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    moved_until: Mapped[UUID]
    settled: Mapped[bool]
