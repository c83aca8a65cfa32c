"""Reading the ledger for reports, and the sums of payments for statistics."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Row,
    Select,
    and_,
    case,
    func,
    literal,
    literal_column,
    or_,
    outerjoin,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from payment.invoices.tables import Invoice
from payment.ledger.rules import Account, Channel, Kind
from payment.ledger.tables import Movement
from payment.proofs.tables import WAITING, Payment
from payment.races.tables import Category, Race
from payment.refunds.tables import Refund
from payment.reports.rules import REPORTED, Flow, Sums, sums_of
from payment.reports.tables import PaymentSum


class GroupBy(StrEnum):
    """What a financial report has a row for. A channel is the account where money arrived, or which it left."""

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
        first = [] if self.after is None else [at >= self.after]
        return first if self.before is None else [*first, at < self.before]

    @property
    def after(self) -> datetime | None:
        """Return the first moment of the period; None if it is open, as one from the calendar's first day on is."""
        return None if self.first is None or self.first == date.min else self._midnight(self.first)

    @property
    def before(self) -> datetime | None:
        """Return the first moment after the period; None if it is open, as one until the calendar's last day is."""
        return None if self.last is None or self.last == date.max else self._midnight(self.last + timedelta(days=1))

    def day_of(self, at: InstrumentedAttribute[datetime]) -> ColumnElement[date]:
        """Return the day of a moment in the period, which has both ends.

        A search among its midnights takes a fifth of the time of a conversion to the time zone.
        """
        assert self.first is not None and self.last is not None  # noqa: S101, PT018  # by the caller
        days = range((self.last - self.first).days + 1)
        midnights = literal(
            [self._midnight(self.first + timedelta(days=each)) for each in days], ARRAY(DateTime(timezone=True))
        )
        return literal(self.first, Date) + func.width_bucket(at, midnights, type_=Integer) - 1

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)


async def zone_of(session: AsyncSession, event_id: UUID | None, *, default: ZoneInfo) -> ZoneInfo:
    """Return the time zone of a race; `default` for all races or an unknown one."""
    query = select(Race.timezone).where(Race.event_id == event_id)
    name = (await session.execute(query)).scalar_one_or_none() if event_id is not None else None
    return ZoneInfo(name) if name else default


_ASSETS: Final = (Account.BANK, Account.MIDTRANS, Account.QRIS, Account.CASH, Account.USDT)
_CHANNELS: Final = {Channel.MIDTRANS.value: Account.MIDTRANS.value, Channel.USDT.value: Account.USDT.value}
# Of movements between two accounts that are no place for money: where that of the payment arrived. Unique amounts are
# transferred, or typed after a static code was read, and USDT are worth more or less; of the few that were assigned the
# payment is looked up.
_ARRIVED: Final = case(
    (and_(Movement.kind == Kind.ROUNDING, Movement.method == "qris"), literal(Account.QRIS.value)),
    (and_(Movement.kind == Kind.ROUNDING, Movement.method == "usdt"), literal(Account.USDT.value)),
    (Movement.kind == Kind.ROUNDING, literal(Account.BANK.value)),
    else_=select(case(_CHANNELS, value=Payment.channel, else_=Account.BANK.value))
    .where(Payment.id == Movement.payment_id)
    .scalar_subquery(),
)
_COLUMNS: Final[Mapping[GroupBy, Any]] = {
    GroupBy.CHANNEL: case(
        (Movement.debit.in_(_ASSETS), Movement.debit), (Movement.credit.in_(_ASSETS), Movement.credit), else_=_ARRIVED
    ),
    GroupBy.CATEGORY: Invoice.category_id,
    GroupBy.TYPE: Invoice.registration_type,
    GroupBy.PHASE: case((Invoice.registration_id.is_not(None), func.coalesce(Invoice.price_phase, ""))),
}
REGULAR_PRICE: Final = "regular"
"""Key of the row of registrations at the regular price. Its label is None: a phase may have the same name."""

_OF_INVOICES: Final = frozenset({GroupBy.CATEGORY, GroupBy.TYPE, GroupBy.PHASE})


_SUMMED_BY: Final = (Movement.currency, Movement.kind, Movement.debit, Movement.credit)


@dataclass(frozen=True)
class Group:
    """The sums of one group and currency.

    `key` and `label` are None for money of no registration, or of unknown; `label` also for the regular price.
    """

    key: str | None
    label: str | None
    currency: str
    sums: Sums


async def financial(session: AsyncSession, group_by: GroupBy, event_id: UUID | None, period: Period) -> Sequence[Group]:
    """Return income and costs of a period from the ledger, by group and currency. Groups are sorted by label.

    Fees of payouts are of no registration: with a race they are not in it.
    """
    moved = await _period_of_movements(session, period)
    if moved is None:
        return ()
    rows = (await session.execute(financial_query(group_by, event_id, moved))).all()
    names = await _names(session) if group_by is GroupBy.CATEGORY else {}
    flows: defaultdict[tuple[Any, str], list[Flow]] = defaultdict(list)
    for row in rows:
        flow = Flow(Kind(row.kind), Account(row.debit), Account(row.credit), row.number, row.amount, row.discount)
        flows[row.value, row.currency].append(flow)
    groups = [_group(value, currency, found, names) for (value, currency), found in flows.items()]
    return sorted(groups, key=_position)


def _position(group: Group) -> tuple[bool, bool, str, str, str]:
    return group.key is None, group.label is None, group.label or "", group.key or "", group.currency


def _group(value: Any, currency: str, flows: Iterable[Flow], names: Mapping[UUID, str]) -> Group:
    if value == "":
        return Group(REGULAR_PRICE, None, currency, sums_of(flows))
    key = None if value is None else str(value)
    return Group(key, names.get(value, key), currency, sums_of(flows))


async def _names(session: AsyncSession) -> Mapping[UUID, str]:
    rows = (await session.execute(select(Category.category_id, Category.name))).all()
    return {row.category_id: row.name for row in rows}


def financial_query(group_by: GroupBy, event_id: UUID | None, period: Period) -> Select[*tuple[Any, ...]]:
    """Return the query of `financial`: the sums of movements of each kind between each two accounts, by group.

    Args:
        period: for `GroupBy.DAY`, with both ends.
    """
    value = period.day_of(Movement.occurred_at) if group_by is GroupBy.DAY else _COLUMNS[group_by]
    of_race = [] if event_id is None else [Invoice.event_id == event_id]
    moved = (
        select(value.label("value"), *_SUMMED_BY, Movement.amount, Invoice.discount)
        .select_from(outerjoin(Movement, Invoice, _whose(group_by, event_id)))
        .where(or_(Movement.credit.in_(REPORTED), Movement.debit.in_(REPORTED)))
        .where(*of_race, *period.conditions(Movement.occurred_at))
        # Without it the planner expects a group for each moment or payment that `value` may depend on, and sorts.
        .offset(literal_column("0"))
        .subquery()
    )
    keys = [moved.c.value, *(moved.c[column.key] for column in _SUMMED_BY)]
    return select(
        *keys,
        func.count().label("number"),
        func.sum(moved.c.amount).label("amount"),
        func.coalesce(func.sum(moved.c.discount), 0).label("discount"),
    ).group_by(*keys)


def _whose(group_by: GroupBy, event_id: UUID | None) -> ColumnElement[bool]:
    """Return the condition that joins invoices: if only discounts are asked of them, to those that have one."""
    same = Invoice.registration_id == Movement.registration_id
    is_asked = event_id is not None or group_by in _OF_INVOICES
    return same if is_asked else and_(same, Invoice.discount > 0)


async def _period_of_movements(session: AsyncSession, period: Period) -> Period | None:
    """Return the first and last day of a period on which, as far as is known, money moved; None if there is none."""
    ends = select(func.min(Movement.occurred_at), func.max(Movement.occurred_at))
    days = [moment.astimezone(period.zone).date() for moment in (await session.execute(ends)).one() if moment]
    if not days:
        return None
    first, last = max(period.first or days[0], days[0]), min(period.last or days[-1], days[-1])
    return replace(period, first=first, last=last) if first <= last else None


def _of_race(event_id: UUID | None) -> list[ColumnElement[bool]]:
    return [] if event_id is None else [PaymentSum.event_id == event_id]


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
    is_open = select(Refund.due_at).where(~Refund.closed)
    query = is_open.order_by(Refund.closed, Refund.due_at).limit(1)  # the order of the index
    if event_id is not None:
        query = query.join(Payment, Payment.id == Refund.payment_id).where(Payment.event_id == event_id)
    return (await session.execute(query)).scalar_one_or_none()
