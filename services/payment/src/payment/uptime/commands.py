"""Moving the deadlines that an outage covered."""

from typing import Final
from uuid import UUID

from chassis.database import UnitOfWork
from sqlalchemy import select

from payment.invoices.tables import Invoice
from payment.uptime.moving import covered_by, move
from payment.uptime.tables import Outage

AT_ONCE: Final = 500


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
