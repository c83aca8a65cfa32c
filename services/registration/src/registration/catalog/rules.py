"""Prices and their phases, opening times, and dates in the time zone of a race."""

from collections.abc import Mapping, Sequence
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


def end_of_day(day: date, timezone: str) -> datetime:
    """Return when a day ends in that time zone.

    Args:
        timezone: an IANA name.
    """
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(timezone))


@dataclass(frozen=True, slots=True)
class PricePhase:
    """A phase of a category's prices, which ends at a time, after a number of participants, or at the first of both.

    Prices are per participant. A type of registration that is not in `prices` has the category's own price. `left` is
    the number of participants who may still register at these prices, None if the phase does not count them. With
    `code_required` a registration in this phase needs a promo code that grants access.
    """

    phase_id: UUID
    name: str
    ends_at: datetime | None
    left: int | None
    prices: Mapping[RegistrationType, Decimal]
    code_required: bool = False

    def is_over(self, now: datetime) -> bool:
        """Return whether its time has passed."""
        return self.ends_at is not None and now >= self.ends_at


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The prices of a category with its phases, of which the first that is not over and has enough left is in force.

    Attributes:
        prices: the category's own, per participant; None for types that are not offered in any phase.
    """

    prices: Mapping[RegistrationType, Decimal | None]
    phases: tuple[PricePhase, ...] = ()

    def phase(self, now: datetime, *, size: int = 1, left: Mapping[UUID, int] | None = None) -> PricePhase | None:
        """Return the phase in force for a registration of this size; None if the category's own prices apply.

        Args:
            left: participants left by phase, where it is newer than what the phases say.
        """
        for phase in self.phases:
            uses = phase.left if left is None else left.get(phase.phase_id, phase.left)
            if not phase.is_over(now) and (uses is None or size <= uses):
                return phase
        return None

    def after(self, phase: PricePhase, now: datetime) -> PricePhase | None:
        """Return the phase that follows one that is in force; None if the category's own prices do."""
        at = now if phase.ends_at is None or phase.left is not None else phase.ends_at
        later = self.phases[self.phases.index(phase) + 1 :]
        return next((each for each in later if not each.is_over(at) and each.left != 0), None)

    def each(self, kind: RegistrationType, phase: PricePhase | None) -> Decimal | None:
        """Return the price per participant in a phase; None if the type is not offered."""
        own = self.prices[kind]
        return own if own is None or phase is None else phase.prices.get(kind, own)


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of a whole registration, with the phase that it comes from; None for the category's own price."""

    amount: Decimal
    phase: PricePhase | None


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
    prices: Mapping[RegistrationType, Decimal | None]
    is_active: bool
    opens_at: datetime | None
    closes_at: datetime | None
    payment_deadline: timedelta
    phases: tuple[PricePhase, ...] = ()
    code_required: bool = False

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

    def quote(self, kind: RegistrationType, now: datetime, *, left: Mapping[UUID, int] | None = None) -> Quote | None:
        """Return the total price of a registration of this type at `now`; None if the type is not offered.

        Args:
            left: participants left by phase, where it is newer than the snapshot.
        """
        table = PriceTable(self.prices, self.phases)
        phase = table.phase(now, size=kind.size, left=left)
        each = table.each(kind, phase)
        return None if each is None else Quote(each * kind.size, phase)

    def needs_code(self, phase: PricePhase | None) -> bool:
        """Return whether a registration in this phase needs a promo code that grants access."""
        return self.code_required or (phase is not None and phase.code_required)

    def counted_phases(self, now: datetime) -> list[UUID]:
        """Return the phases in force or still to come that count their participants."""
        return [each.phase_id for each in self.phases if each.left is not None and not each.is_over(now)]

    def not_open_yet(self, now: datetime) -> bool:
        """Return whether registration has not begun yet."""
        return not self.is_active or (self.opens_at is not None and now < self.opens_at)

    def closed(self, now: datetime) -> bool:
        """Return whether registration has ended."""
        return self.day_of(now) > self.event_date or (self.closes_at is not None and now >= self.closes_at)
