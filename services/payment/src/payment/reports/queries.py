"""Reading the sums of payments."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, RowMapping, Select, String, cast, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from payment.proofs.tables import WAITING, Payment
from payment.races.tables import Category, Race
from payment.refunds.tables import Refund
from payment.reports.tables import PaymentSum


class GroupBy(StrEnum):
    """What a financial report has a row for. Price phases do not exist yet: all payments are in one without a name."""

    DAY = "day"
    CHANNEL = "channel"
    CATEGORY = "category"
    TYPE = "type"
    PHASE = "phase"


@dataclass(frozen=True)
class Period:
    """A period of days in a time zone, first and last included; None is open."""

    zone: ZoneInfo
    first: date | None = None
    last: date | None = None

    def conditions(self, at: InstrumentedAttribute[datetime]) -> list[ColumnElement[bool]]:
        """Return the conditions for moments in the period."""
        after = [] if self.first is None else [at >= self._midnight(self.first)]
        return after if self.last is None else [*after, at < self._midnight(self.last + timedelta(days=1))]

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)


async def zone_of(session: AsyncSession, event_id: UUID | None, *, default: ZoneInfo) -> ZoneInfo:
    """Return the time zone of a race; `default` for all races or an unknown one."""
    query = select(Race.timezone).where(Race.event_id == event_id)
    name = (await session.execute(query)).scalar_one_or_none() if event_id is not None else None
    return ZoneInfo(name) if name else default


_COLUMNS: Final[Mapping[GroupBy, Any]] = {
    GroupBy.DAY: PaymentSum.at,
    GroupBy.CHANNEL: PaymentSum.payment_method,
    GroupBy.CATEGORY: PaymentSum.category_id,
    GroupBy.TYPE: PaymentSum.registration_type,
    GroupBy.PHASE: literal_column("NULL::text", String),
}


def _key_and_label(group_by: GroupBy, value: Any, zone: ZoneInfo) -> tuple[Any, Any]:
    """Return key and label of the group that a value of its column belongs to."""
    match group_by:
        case GroupBy.DAY:
            day = func.to_char(func.timezone(zone.key, value), "YYYY-MM-DD")
            return day, day
        case GroupBy.CATEGORY:
            return cast(value, String), select(Category.name).where(Category.category_id == value).scalar_subquery()
        case _:
            return value, value


async def financial(
    session: AsyncSession, group_by: GroupBy, event_id: UUID | None, period: Period
) -> Sequence[RowMapping]:
    """Return what was verified and what was refunded in a period, by group and currency."""
    return (await session.execute(financial_query(group_by, event_id, period))).mappings().all()


def financial_query(group_by: GroupBy, event_id: UUID | None, period: Period) -> Select[*tuple[Any, ...]]:
    """Return the query of `financial`. It adds up by column first: there are fewer days and names than rows."""
    column = _COLUMNS[group_by].label("value")
    added = (
        select(column, PaymentSum.currency, *_sums("verified", "payments", "gross"), *_sums("refunded", *_REFUNDED))
        .where(PaymentSum.state.in_(("verified", "refunded")), *_of_race(event_id), *period.conditions(PaymentSum.at))
        .group_by(column, PaymentSum.currency)
        .cte("added")
    )
    key, label = _key_and_label(group_by, added.c.value, period.zone)
    named = select(key.label("key"), label.label("label"), *list(added.c)[1:]).subquery()
    payments, gross, refund_count, refunds = (func.sum(each) for each in list(named.c)[3:])
    return (
        select(
            named.c.key,
            named.c.label,
            named.c.currency,
            payments.label("payments"),
            gross.label("gross"),
            refund_count.label("refund_count"),
            refunds.label("refunds"),
        )
        .group_by(named.c.key, named.c.label, named.c.currency)
        .having((payments != 0) | (refund_count != 0))
        .order_by(named.c.label, named.c.key, named.c.currency)
    )


_REFUNDED: Final = ("refund_count", "refunds")


def _of_race(event_id: UUID | None) -> list[ColumnElement[bool]]:
    return [] if event_id is None else [PaymentSum.event_id == event_id]


def _sums(state: str, number: str, amount: str) -> Iterator[ColumnElement[Any]]:
    """Yield number and amount of the payments in a state, under these names."""
    for column, name in ((PaymentSum.payments, number), (PaymentSum.amount, amount)):
        yield func.coalesce(func.sum(column).filter(PaymentSum.state == state), 0).label(name)


async def sums_by(
    session: AsyncSession,
    *columns: InstrumentedAttribute[str],
    state: str,
    event_id: UUID | None = None,
    period: Period | None = None,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return number and amount of payments in a state, by these columns and currency; the number comes last but one."""
    payments, amount = func.sum(PaymentSum.payments), func.sum(PaymentSum.amount)
    when = period.conditions(PaymentSum.at) if period else []
    query = (
        select(*columns, PaymentSum.currency, payments, amount)
        .where(PaymentSum.state == state, *_of_race(event_id), *when)
        .group_by(*columns, PaymentSum.currency)
        .having(payments != 0)
        .order_by(*columns, PaymentSum.currency)
    )
    return (await session.execute(query)).all()


@dataclass(frozen=True)
class Waiting:
    """The queue of proofs that wait for a decision; those with a decision that is held are not in it."""

    count: int
    oldest_at: datetime | None


async def waiting(session: AsyncSession, event_id: UUID | None = None) -> Waiting:
    """Return how many proofs wait, from the sums, and since when the oldest does."""
    mine = () if event_id is None else (Payment.event_id == event_id,)
    held = select(func.count()).where(Payment.held_until.is_not(None), WAITING, *mine)
    oldest = select(Payment.uploaded_at).where(WAITING, Payment.held_until.is_(None), *mine)
    uploaded = sum(row[-2] for row in await sums_by(session, state="waiting", event_id=event_id))
    return Waiting(
        count=max(0, int(uploaded) - (await session.execute(held)).scalar_one()),
        oldest_at=(await session.execute(oldest.order_by(Payment.uploaded_at).limit(1))).scalar_one_or_none(),
    )


async def oldest_refund(session: AsyncSession, event_id: UUID | None) -> datetime | None:
    """Return since when the oldest refund is due."""
    done = Refund.done_at.is_not(None)
    query = select(Refund.due_at).where(~done).order_by(done, Refund.due_at).limit(1)  # the order of the index
    if event_id is not None:
        query = query.join(Payment, Payment.id == Refund.payment_id).where(Payment.event_id == event_id)
    return (await session.execute(query)).scalar_one_or_none()
