"""Moving the deadlines that an outage covered."""

from typing import Final
from uuid import UUID

from chassis.database import UnitOfWork
from sqlalchemy import func, literal, select, update

from payment.invoices.commands import deadline_moved
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.uptime.tables import Outage

AT_ONCE: Final = 500


async def move_deadlines(work: UnitOfWork, *, at_most: int = AT_ONCE) -> bool:
    """Add the oldest unsettled outage to the deadlines that it covered, of some invoices; return whether any are left.

    One process at a time works on an outage. An invoice gets the time from when it was opened.
    """
    oldest = select(Outage).where(~Outage.settled).order_by(Outage.id).limit(1)
    outage = (await work.session.execute(oldest.with_for_update(skip_locked=True))).scalar_one_or_none()
    if outage is None:
        return False
    moved = await _covered(work, outage, at_most)
    await _move(work, outage, moved)
    if len(moved) < at_most:
        outage.settled = True
    else:
        outage.moved_until = moved[-1]
    return True


async def _covered(work: UnitOfWork, outage: Outage, at_most: int) -> list[UUID]:
    covered = (
        select(Invoice.registration_id)
        .where(
            Invoice.registration_id > outage.moved_until,
            Invoice.status == InvoiceStatus.OPEN,
            Invoice.expires_at > outage.began_at,
            Invoice.created_at < outage.ended_at,
        )
        .order_by(Invoice.registration_id)
        .limit(at_most)
    )
    return list((await work.session.execute(covered.with_for_update())).scalars())


async def _move(work: UnitOfWork, outage: Outage, registration_ids: list[UUID]) -> None:
    lost = literal(outage.ended_at) - func.greatest(literal(outage.began_at), Invoice.created_at)
    later = (
        update(Invoice)
        .where(Invoice.registration_id.in_(registration_ids))
        .values(expires_at=Invoice.expires_at + lost, sequence=Invoice.sequence + 1, updated_at=work.now)
        .returning(Invoice)
    )
    for invoice in (await work.session.execute(later)).scalars():
        work.publish(deadline_moved(invoice, at=work.now), subject=invoice.registration_id)
