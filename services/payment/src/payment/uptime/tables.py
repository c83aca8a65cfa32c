"""Until when payment was open, and its outages."""

from typing import Final
from uuid import UUID

from chassis.uptime.tables import OutageColumns, UptimeColumns, UptimeRecord, outage_checks, uptime_checks
from sqlalchemy import Index, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base
from payment.proofs.tables import Payment

_BEFORE_ALL = UUID(int=0)


class Uptime(UptimeColumns, Base):
    """The one row, from the first beat on: the last moment at which payment could take proofs."""

    __table_args__ = uptime_checks()


class Outage(OutageColumns, Base):
    """A time in which payment could take no proofs.

    `moved_until` is the last invoice, in the order of ids, whose deadline it has moved; `settled` when all are done.
    """

    __table_args__ = (*outage_checks(), Index("ix_outages_unsettled", "id", postgresql_where=text("NOT settled")))

    moved_until: Mapped[UUID] = mapped_column(default=_BEFORE_ALL)
    settled: Mapped[bool] = mapped_column(default=False)


RECORD: Final = UptimeRecord(Uptime, Outage, signs=(select(func.max(Payment.uploaded_at)).scalar_subquery(),))
