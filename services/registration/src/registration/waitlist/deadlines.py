"""Ends of offers. An offer does not lapse before its runner could learn of it, and had its whole time to accept it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.clock import SKEW
from chassis.database import UnitOfWork
from chassis.uptime import queries as uptime
from chassis.uptime.rules import is_closed
from contracts import OfferReceived, WaitlistEnd, WaitlistOffered
from sqlalchemy import ColumnElement, Text, and_, cast, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.queries import get_category
from registration.catalog.rules import CategorySnapshot
from registration.marks.rules import unsent
from registration.places import commands as places
from registration.uptime.tables import RECORD
from registration.waitlist.offering import end_entries, offer_again, offer_free_places
from registration.waitlist.outages import MISSES_AN_OUTAGE, add_outages
from registration.waitlist.rules import OfferTerms, WaitlistStatus, offer_ends
from registration.waitlist.tables import WaitlistEntry

RECEIVED_LATE: Final = timedelta(minutes=5)
"""Shorter delays are ignored: events take seconds, and clocks differ."""

_UNCONFIRMED_AT_MOST: Final = timedelta(days=1)
"""Maximum time past its end for which an offer keeps its places without notification's answer, which may be lost."""

_PATIENCE = timedelta(minutes=30)
_RENEWED_AT_ONCE = 200

_OPEN = WaitlistEntry.status == WaitlistStatus.OFFERED
_RECEIVED_IN_TIME = WaitlistEntry.offer_received_at <= WaitlistEntry.offered_at + RECEIVED_LATE
_UNANNOUNCED = cast(WaitlistEntry.id, Text).in_(text(unsent(WaitlistOffered.TYPE)))


async def record_received(work: UnitOfWork, receipt: OfferReceived) -> None:
    """Store that notification received an offer. Ignored if the offer changed since: only its newest event counts."""
    at = min(receipt.received_at, work.now)  # if the clock there is ahead
    current = (WaitlistEntry.id == receipt.registration_id, _OPEN, WaitlistEntry.revision == receipt.revision)
    first = (
        update(WaitlistEntry).where(*current, WaitlistEntry.offer_received_at.is_(None)).values(offer_received_at=at)
    )
    await work.session.execute(first)


async def process_waitlist(
    work: UnitOfWork, category_id: UUID, *, terms: OfferTerms, received_until: datetime | None = None
) -> None:
    """End the expired entries of a category's waiting list, at most a thousand, and offer free places.

    Workers may do so concurrently. An offer is over once its end has passed by every clock: a runner who accepts in
    time, by the clock of the process that handles the request, gets the place. An offer that notification received late
    is renewed, and time in which the API was not open is added to the others.

    Args:
        received_until: offers that were open after this time, and those that notification has not received, do not
            lapse yet; None if this is not required.
    """
    await places.lock_places(work, category_id)
    category = await get_category(work.session, category_id)
    if category is None or not category.is_active or category.closed(work.now - SKEW):
        await end_entries(work, category_id, WaitlistStatus.CLOSED, end=WaitlistEnd.CLOSED)
        return
    await _renew_late_offers(work, category, terms)
    await add_outages(work, category, terms, _not_renewed(min(work.now, received_until or work.now)))
    await _end_lapsed(work, category_id, received_until)
    await offer_free_places(work, category_id, terms=terms)


async def _end_lapsed(work: UnitOfWork, category_id: UUID, received_until: datetime | None) -> None:
    """End offers that are over, none while the API is not open.

    What ended after the last beat waits: the next one may record an outage that the end has to include.
    """
    open_until = await uptime.open_until(work.session, RECORD) or work.now
    if not is_closed(open_until, work.now):
        over = _is_over(work.now, received_until)
        lapsed = and_(_OPEN, over, WaitlistEntry.offer_expires_at <= open_until, ~MISSES_AN_OUTAGE)
        await end_entries(work, category_id, WaitlistStatus.EXPIRED, lapsed, end=WaitlistEnd.LAPSED)


def _is_over(now: datetime, received_until: datetime | None) -> ColumnElement[bool]:
    ends = WaitlistEntry.offer_expires_at
    announced = or_(ends <= now - _PATIENCE, ~_UNANNOUNCED)
    if received_until is None:
        return and_(ends <= now - SKEW, announced)
    never_received = and_(WaitlistEntry.offer_received_at.is_(None), ends <= now - _UNCONFIRMED_AT_MOST)
    received = or_(_RECEIVED_IN_TIME, never_received)  # one that was received late is renewed first, in its turn
    return and_(ends <= min(now, received_until) - SKEW, announced, received)


def _not_renewed(past: datetime) -> ColumnElement[bool]:
    """Return the condition of offers that keep their time: received in time, or not received when they ended.

    The renewal of one that is received late includes all outages before it.
    """
    never_received = and_(WaitlistEntry.offer_received_at.is_(None), WaitlistEntry.offer_expires_at <= past)
    return or_(_RECEIVED_IN_TIME, never_received)


async def _renew_late_offers(work: UnitOfWork, category: CategorySnapshot, terms: OfferTerms) -> None:
    """Renew offers that notification received late with the full time, and publish them with their new end.

    At most `_RENEWED_AT_ONCE` in the order of the waiting list; the others wait for the next call.
    """
    chosen = select(WaitlistEntry).where(WaitlistEntry.race_category_id == category.category_id, _OPEN)
    late = chosen.where(WaitlistEntry.offer_received_at.is_not(None), ~_RECEIVED_IN_TIME)
    ordered = late.order_by(WaitlistEntry.turn).limit(_RENEWED_AT_ONCE).with_for_update()
    entries: Sequence[WaitlistEntry] = (await work.session.execute(ordered)).scalars().all()
    for entry in entries:
        entry.offered_at, entry.offer_received_at = work.now, None
        entry.offer_expires_at = offer_ends(work.now, terms.time, category.closes_at)
        await offer_again(work, entry, terms.codes)


async def waiting_for(session: AsyncSession, *, now: datetime) -> timedelta | None:
    """Return for how long the longest overdue offer has been kept open past its end; None if there is none."""
    first = select(WaitlistEntry.offer_expires_at).where(_OPEN, WaitlistEntry.offer_expires_at <= now - SKEW)
    ended = (await session.execute(first.order_by(WaitlistEntry.offer_expires_at).limit(1))).scalar_one_or_none()
    return None if ended is None else now - SKEW - ended
