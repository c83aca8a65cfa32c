"""Moving the deadlines of invoices; those that it fails for are set aside."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from chassis.aside import SET_ASIDE, WAIT_BRIEFLY, put_aside
from chassis.database import Database, UnitOfWork, is_out_of_reach
from chassis.inbox import reason_of
from chassis.telemetry import logger
from contracts import PaymentDeadlineMoved
from sqlalchemy import ColumnElement, delete, func, literal, select, update

from payment.base import set_aside
from payment.invoices.commands import deadline_moved
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.uptime.tables import Outage

log = logger(__name__)

_JOB = "outage:"
"""With the id of the outage: the job in `set_aside`."""

_RETRY_AFTER = timedelta(minutes=1)
"""Less than other jobs wait: meanwhile the deadline may pass."""


def covered_by(outage: Outage) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for invoices whose deadline the outage moves."""
    return (
        Invoice.status == InvoiceStatus.OPEN,
        Invoice.expires_at > outage.began_at,
        Invoice.created_at < outage.ended_at,
    )


async def move(work: UnitOfWork, outage: Outage, registration_ids: Sequence[UUID]) -> None:
    """Add an outage to the deadlines of these invoices, one by one if that fails for all; set aside those that fail."""
    if await _try_to_move(work, outage, registration_ids) is None:
        return
    for each in registration_ids:
        if reason := await _try_to_move(work, outage, [each]):
            await put_aside(work, f"{_JOB}{outage.id}", each, reason, retry_after=_RETRY_AFTER)


async def _try_to_move(work: UnitOfWork, outage: Outage, registration_ids: Sequence[UUID]) -> str | None:
    """Move deadlines and publish the new ones. Return None, or the reason why it failed and changed nothing."""
    try:
        async with work.session.begin_nested():
            await work.session.execute(WAIT_BRIEFLY)
            moved = await _move(work, outage, registration_ids)
    except Exception as error:
        if is_out_of_reach(error):
            raise
        ids = [str(each) for each in registration_ids[:3]]
        log.warning("deadlines_not_moved", outage=outage.id, invoices=len(registration_ids), first=ids, exc_info=error)
        return reason_of(error)
    for payload in moved:
        work.publish(payload, subject=payload.registration_id)
    return None


async def _move(work: UnitOfWork, outage: Outage, registration_ids: Sequence[UUID]) -> list[PaymentDeadlineMoved]:
    these = (Invoice.registration_id.in_(registration_ids), *covered_by(outage))
    in_order = select(Invoice.registration_id).where(*these).order_by(Invoice.registration_id)
    await work.session.execute(in_order.with_for_update())
    lost = literal(outage.ended_at) - func.greatest(literal(outage.began_at), Invoice.created_at)
    later = (
        update(Invoice)
        .where(*these)
        .values(expires_at=Invoice.expires_at + lost, sequence=Invoice.sequence + 1, updated_at=work.now)
        .returning(Invoice)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    return [deadline_moved(invoice, at=work.now) for invoice in (await work.session.execute(later)).scalars()]


async def retry_one(work: UnitOfWork) -> bool:
    """Move the deadline of an invoice that was set aside long enough. Return False if there is none.

    Its row is locked, so that of several processes one moves it.
    """
    job, retry_at = set_aside.c.job, set_aside.c.retry_at
    rested = select(set_aside).where(job.startswith(_JOB), retry_at <= work.now).order_by(retry_at).limit(1)
    found = (await work.session.execute(rested.with_for_update(skip_locked=True))).one_or_none()
    if found is None:
        return False
    outage = await work.session.get_one(Outage, int(found.job.removeprefix(_JOB)))
    if reason := await _try_to_move(work, outage, [found.subject_id]):
        await put_aside(work, found.job, found.subject_id, reason, retry_after=_RETRY_AFTER)
    else:
        this = (job == found.job, set_aside.c.subject_id == found.subject_id)
        await work.session.execute(delete(set_aside).where(*this))
    return True


async def count_aside(database: Database) -> None:
    """Set the metric to the number of invoices that are set aside, for all outages."""
    query = select(func.count()).select_from(set_aside).where(set_aside.c.job.startswith(_JOB))
    async with database.read() as session:
        SET_ASIDE.labels("outage").set((await session.execute(query)).scalar_one())
