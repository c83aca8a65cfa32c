"""Adding outages of the API to open offers: an offer cannot be accepted while the API is not open.

Each offer names the newest outage that its end includes, so an outage counts once, in any number of portions.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from chassis.database import UnitOfWork
from chassis.uptime.rules import LONGEST_GAP
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.catalog.rules import CategorySnapshot
from registration.uptime.tables import Outage
from registration.waitlist.offering import offer_again
from registration.waitlist.rules import OfferTerms, WaitlistStatus, end_with_outages
from registration.waitlist.tables import WaitlistEntry

# An offer made just before the end of an outage loses no more than between two beats, or than clocks differ.
MISSES_AN_OUTAGE: Final = (
    exists()
    .where(
        Outage.id > WaitlistEntry.last_outage_id,
        Outage.began_at < WaitlistEntry.offer_expires_at,
        Outage.ended_at > WaitlistEntry.offered_at + LONGEST_GAP,
    )
    .correlate(WaitlistEntry)
)
"""Condition of an offer whose end does not include an outage that it should."""

_AT_ONCE = 200


async def add_outages(
    work: UnitOfWork, category: CategorySnapshot, terms: OfferTerms, settled: ColumnElement[bool]
) -> None:
    """Add outages to the ends of open offers that miss them, and publish these offers with their new end.

    At most `_AT_ONCE` in the order of the waiting list; the others wait for the next call.

    Args:
        settled: condition of offers that will not be renewed for another reason.
    """
    chosen = select(WaitlistEntry).where(
        WaitlistEntry.race_category_id == category.category_id,
        WaitlistEntry.status == WaitlistStatus.OFFERED,
        MISSES_AN_OUTAGE,
        settled,
    )
    ordered = chosen.order_by(WaitlistEntry.turn).limit(_AT_ONCE).with_for_update()
    entries: Sequence[WaitlistEntry] = (await work.session.execute(ordered)).scalars().all()
    for entry in entries:
        missed = await _missed(work.session, entry)
        entry.last_outage_id = missed[-1].id
        ends = _with(missed, entry, closes_at=category.closes_at)
        if ends != entry.offer_expires_at:
            entry.offer_expires_at = ends
            await offer_again(work, entry, terms.codes)


async def is_open_offer(session: AsyncSession, entry: WaitlistEntry, *, now: datetime) -> bool:
    """Return whether an entry has an offer whose end, with the outages that it misses, has not passed."""
    if entry.status != WaitlistStatus.OFFERED or entry.offer_expires_at is None:
        return False
    return entry.offer_expires_at > now or _with(await _missed(session, entry), entry) > now


async def _missed(session: AsyncSession, entry: WaitlistEntry) -> Sequence[Outage]:
    """Return the outages since the offer was made that its end does not include, oldest first."""
    since = (Outage.id > entry.last_outage_id, Outage.ended_at > entry.offered_at)
    return (await session.execute(select(Outage).where(*since).order_by(Outage.id))).scalars().all()


def _with(missed: Sequence[Outage], entry: WaitlistEntry, *, closes_at: datetime | None = None) -> datetime:
    if entry.offered_at is None or entry.offer_expires_at is None:
        raise RuntimeError("an offer has a beginning and an end")
    outages = [(each.began_at, each.ended_at) for each in missed]
    return end_with_outages(entry.offered_at, entry.offer_expires_at, outages, closes_at=closes_at)
