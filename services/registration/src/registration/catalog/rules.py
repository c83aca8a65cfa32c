"""Prices and opening times."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from contracts import EventSummary, RegistrationType


@dataclass(frozen=True)
class CategoryOffer:
    """What admission needs to know of a category. Prices are per participant."""

    category_id: UUID
    category_name: str
    event_id: UUID
    event_name: str
    event_date: date
    location: str
    prefix: str
    currency: str
    prices: dict[RegistrationType, Decimal | None]
    is_active: bool
    opens_at: datetime | None
    closes_at: datetime | None
    payment_deadline: timedelta

    @property
    def event(self) -> EventSummary:
        """The race, as messages name it."""
        return EventSummary(
            event_id=self.event_id, name=self.event_name, event_date=self.event_date, location=self.location
        )

    def price(self, kind: RegistrationType) -> Decimal | None:
        """What a registration of this kind costs in all; None when it is not offered."""
        each = self.prices[kind]
        return None if each is None else each * kind.size

    def not_open_yet(self, now: datetime) -> bool:
        """Whether registration has yet to begin."""
        return not self.is_active or (self.opens_at is not None and now < self.opens_at)

    def closed(self, now: datetime) -> bool:
        """Whether registration is over."""
        return now.date() > self.event_date or (self.closes_at is not None and now >= self.closes_at)
