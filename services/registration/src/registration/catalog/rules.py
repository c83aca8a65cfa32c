"""Prices, opening times, and dates in the time zone of a race."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from contracts import EventSummary, RegistrationType

_CHANGES_END_BEFORE = timedelta(days=3)


def day_in(moment: datetime, timezone: str) -> date:
    """Return the date at `moment` in that time zone.

    Args:
        timezone: an IANA name.
    """
    return moment.astimezone(ZoneInfo(timezone)).date()


def changes_end(
    changes_until: datetime | None, closings: Sequence[datetime | None], event_date: date, timezone: str
) -> datetime:
    """Return until when runners may correct their own fields.

    If staff chose no time, it is when the last category closes, or, if a category never closes, the beginning of the
    third day before the race.

    Args:
        closings: when registration for each category closes.
    """
    if changes_until is not None:
        return changes_until
    known = [closing for closing in closings if closing is not None]
    if known and len(known) == len(closings):
        return max(known)
    return datetime.combine(event_date - _CHANGES_END_BEFORE, time(), ZoneInfo(timezone))


@dataclass(frozen=True)
class CategorySnapshot:
    """The data of a category that admission needs. Prices are per participant."""

    category_id: UUID
    category_name: str
    event_id: UUID
    event_name: str
    event_date: date
    location: str
    timezone: str
    race_revision: int
    prefix: str
    currency: str
    prices: dict[RegistrationType, Decimal | None]
    is_active: bool
    opens_at: datetime | None
    closes_at: datetime | None
    payment_deadline: timedelta

    @property
    def event(self) -> EventSummary:
        """Return the facts of the race for events."""
        return EventSummary(
            event_id=self.event_id,
            name=self.event_name,
            event_date=self.event_date,
            location=self.location,
            timezone=self.timezone,
            revision=self.race_revision,
        )

    def day_of(self, moment: datetime) -> date:
        """Return the date at `moment` in the time zone of the race."""
        return day_in(moment, self.timezone)

    def price(self, kind: RegistrationType) -> Decimal | None:
        """Return the total price of a registration of this type; None if the type is not offered."""
        each = self.prices[kind]
        return None if each is None else each * kind.size

    def not_open_yet(self, now: datetime) -> bool:
        """Return whether registration has not begun yet."""
        return not self.is_active or (self.opens_at is not None and now < self.opens_at)

    def closed(self, now: datetime) -> bool:
        """Return whether registration has ended."""
        return self.day_of(now) > self.event_date or (self.closes_at is not None and now >= self.closes_at)
