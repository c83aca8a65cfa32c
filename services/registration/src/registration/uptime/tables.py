"""Until when registration's API was open, and its outages."""

from typing import Final

from chassis.uptime.tables import OutageColumns, UptimeColumns, UptimeRecord, outage_checks, uptime_checks
from sqlalchemy import func, select

from registration.base import Base
from registration.entries.tables import Registration


class Uptime(UptimeColumns, Base):
    """The one row, from the first beat on: the last moment at which the API reached the database."""

    __table_args__ = uptime_checks()


class Outage(OutageColumns, Base):
    """A time in which no process of the API reached the database."""

    __table_args__ = outage_checks()


RECORD: Final = UptimeRecord(Uptime, Outage, signs=(select(func.max(Registration.created_at)).scalar_subquery(),))
