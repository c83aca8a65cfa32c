"""The rate that is used now, why there is none, and all rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from payment.usdt.rates.errors import RateUnavailable
from payment.usdt.rates.port import Quoted, RateSource
from payment.usdt.rates.rules import LONGEST_MANUAL, OLDEST_MEDIAN, Reason, most_telling
from payment.usdt.rates.tables import IS_CHOSEN, UsdtRate, UsdtRateSource


@dataclass(frozen=True)
class Rate:
    """A rate that is used for quotes.

    Attributes:
        idr_per_usdt: rupiah for one USDT.
        valid_until: until when a rate of staff is used; None for a median.
    """

    id: int
    source: RateSource
    idr_per_usdt: Decimal
    observed_at: datetime
    created_at: datetime
    valid_until: datetime | None

    @classmethod
    def of(cls, row: UsdtRate) -> Self:
        """Build it from its row."""
        source = RateSource(row.source)
        return cls(row.id, source, row.idr_per_usdt, row.observed_at, row.created_at, row.valid_until)


async def current_rate(session: AsyncSession, now: datetime) -> Rate | None:
    """Return the rate that is used now; None if there is none.

    It is the one that staff set last, while that is valid; otherwise the newest median, if it was accepted and is not
    older than 15 minutes. The median before one that was not accepted is not used either.
    """
    manual = await _newest(session, RateSource.MANUAL, IS_CHOSEN, since=now - LONGEST_MANUAL)
    if manual is not None and manual.valid_until is not None and manual.valid_until > now:
        return Rate.of(manual)
    median = await _newest(session, RateSource.MEDIAN, since=now - OLDEST_MEDIAN)
    return Rate.of(median) if median is not None and median.accepted else None


async def require_rate(session: AsyncSession, now: datetime) -> Rate:
    """Return the rate that is used now.

    Raises:
        RateUnavailable.
    """
    rate = await current_rate(session, now)
    if rate is None:
        raise RateUnavailable(retry_after=60)
    return rate


async def why_none(session: AsyncSession, now: datetime) -> Reason:
    """Return why there is no rate: what the last answers of sources were not used for, if they are recent."""
    fetched = (UsdtRate.source != RateSource.MANUAL, UsdtRate.created_at >= now - OLDEST_MEDIAN)
    last = select(func.max(UsdtRate.created_at)).where(*fetched).scalar_subquery()
    reasons = select(UsdtRate.reason).where(*fetched, UsdtRate.created_at == last, UsdtRate.reason.is_not(None))
    found = (await session.execute(reasons)).scalars()
    return most_telling(Reason(each) for each in found if each) or Reason.NO_ANSWER


async def newest_answers(session: AsyncSession, *, since: datetime) -> Sequence[Quoted]:
    """Return the newest answer of each source, of those that were stored `since`."""
    answers = (UsdtRate.source.not_in((RateSource.MEDIAN, RateSource.MANUAL)), UsdtRate.created_at >= since)
    query = select(UsdtRate).where(*answers).ext(distinct_on(UsdtRate.source))
    rows = await session.execute(query.order_by(UsdtRate.source, UsdtRate.created_at.desc(), UsdtRate.id.desc()))
    return [Quoted(RateSource(each.source), each.idr_per_usdt, each.observed_at) for each in rows.scalars()]


async def reference_rates(session: AsyncSession) -> Sequence[Decimal]:
    """Return the rates with which a new median is compared: the last accepted one, and what staff have set since.

    A rate that was withdrawn says nothing about the level.
    """
    median = await _newest(session, RateSource.MEDIAN, IS_CHOSEN)
    since = None if median is None else median.created_at
    manual = await _newest(session, RateSource.MANUAL, IS_CHOSEN, UsdtRate.withdrawn_by.is_(None), since=since)
    return [each.idr_per_usdt for each in (median, manual) if each is not None]


async def _newest(
    session: AsyncSession, source: RateSource, *conditions: ColumnElement[bool], since: datetime | None = None
) -> UsdtRate | None:
    return (await session.execute(newest_of(source, *conditions, since=since))).scalar_one_or_none()


def newest_of(source: RateSource, *conditions: ColumnElement[bool], since: datetime | None = None) -> Select[UsdtRate]:
    """Return the query for the newest rate from a source, perhaps of those that were stored `since`."""
    query = select(UsdtRate).where(UsdtRate.source == source, *conditions).limit(1)
    if since is not None:
        query = query.where(UsdtRate.created_at >= since)
    return query.order_by(UsdtRate.created_at.desc(), UsdtRate.id.desc())


async def history(
    session: AsyncSession, *, only_chosen: bool, limit: int, before: tuple[datetime, int] | None
) -> Sequence[UsdtRate]:
    """Return rates, the newest first.

    Args:
        only_chosen: without what single sources said, and without medians that were not accepted.
        before: time and id of the last rate of the page before; None for the first page.
    """
    query = select(UsdtRate).order_by(UsdtRate.created_at.desc(), UsdtRate.id.desc()).limit(limit)
    if only_chosen:
        query = query.where(IS_CHOSEN)
    if before is not None:
        query = query.where(tuple_(UsdtRate.created_at, UsdtRate.id) < before)
    return (await session.execute(query)).scalars().all()


async def sources(session: AsyncSession) -> Sequence[UsdtRateSource]:
    """Return the sources that were asked, in the order of their names."""
    return (await session.execute(select(UsdtRateSource).order_by(UsdtRateSource.source))).scalars().all()
