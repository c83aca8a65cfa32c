"""Recording that payment is open, and moving the deadlines that an outage covered."""

from datetime import datetime
from typing import Final
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.telemetry import logger
from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import insert

from payment.invoices.tables import Invoice
from payment.proofs.tables import Payment
from payment.uptime.moving import covered_by, move
from payment.uptime.rules import advanced, is_closed
from payment.uptime.tables import Outage, Uptime

log = logger(__name__)

AT_ONCE: Final = 500
_BEFORE_ALL: Final = UUID(int=0)


async def record_beat(work: UnitOfWork) -> None:
    """Record that payment is open now, and the outage that ends with this if the last beat is too old.

    Of several beats at once one sees the gap: each waits for the row. The very first beat ends no outage.
    """
    first = insert(Uptime).values(id=1, open_until=work.now).on_conflict_do_nothing()
    await work.session.execute(first)
    record = (await work.session.execute(select(Uptime).with_for_update())).scalar_one()
    if is_closed(record.open_until, work.now):
        await _record_outage(work, since=record.open_until)
    record.open_until = advanced(record.open_until, work.now)


async def _record_outage(work: UnitOfWork, *, since: datetime) -> None:
    """Record an outage from then on, but from no earlier than what speaks against it.

    That is the newest proof: a release without this record took it. And outages do not overlap, so that processes
    whose clocks differ too much do not move deadlines for ever.
    """
    known = func.greatest(
        literal(since),
        select(func.max(Outage.ended_at)).scalar_subquery(),
        select(func.max(Payment.uploaded_at)).scalar_subquery(),
    )
    began: datetime = (await work.session.execute(select(known))).scalar_one()
    if is_closed(began, work.now):
        outage = Outage(began_at=began, ended_at=work.now, moved_until=_BEFORE_ALL, settled=False)
        work.session.add(outage)
        log.warning("outage_recorded", began_at=began.isoformat(), seconds=round((work.now - began).total_seconds()))


async def move_deadlines(work: UnitOfWork, *, at_most: int = AT_ONCE) -> bool:
    """Add the oldest unsettled outage to the deadlines that it covered, of some invoices; return whether any are left.

    One process at a time works on an outage. An invoice gets the time from when it was opened. Those that it fails
    for are set aside, so that the outage is settled without them.
    """
    oldest = select(Outage).where(~Outage.settled).order_by(Outage.id).limit(1)
    outage = (await work.session.execute(oldest.with_for_update(skip_locked=True))).scalar_one_or_none()
    if outage is None:
        return False
    moved = await _covered(work, outage, at_most)
    await move(work, outage, moved)
    if len(moved) < at_most:
        outage.settled = True
    else:
        outage.moved_until = moved[-1]
    return True


async def _covered(work: UnitOfWork, outage: Outage, at_most: int) -> list[UUID]:
    covered = (
        select(Invoice.registration_id)
        .where(Invoice.registration_id > outage.moved_until, *covered_by(outage))
        .order_by(Invoice.registration_id)
        .limit(at_most)
    )
    return list((await work.session.execute(covered)).scalars())
