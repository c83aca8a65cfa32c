"""Delivery reports of the WhatsApp provider about messages that it accepted."""

from datetime import timedelta

from chassis.database import Database, UnitOfWork
from chassis.portions import delete_in_portions
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.queue.outcomes import publish_failure
from notification.queue.rules import Progress, Status
from notification.queue.tables import DeliveryReport, Notification

_KEEP_REPORTS = timedelta(days=30)


async def record_report(
    work: UnitOfWork, *, provider_id: str | None, state_id: str | None, progress: Progress | None, word: str | None
) -> None:
    """Store a delivery report and update its message. A report that arrives before `provider_id` is applied later."""
    key = state_id or (f"id:{provider_id}" if provider_id else None)
    if key is None:
        return
    table = DeliveryReport.__table__
    row = upsert(DeliveryReport).values(
        state_id=key,
        provider_id=provider_id,
        progress=progress,
        word=word or None,
        updated_at=work.now,
    )
    # greatest() ignores nulls: a report without progress keeps the stored one.
    merged = row.on_conflict_do_update(
        index_elements=[table.c.state_id],
        set_={
            "provider_id": func.coalesce(table.c.provider_id, row.excluded.provider_id),
            "progress": func.greatest(table.c.progress, row.excluded.progress),
            "word": row.excluded.word,
            "updated_at": work.now,
        },
    ).returning(table.c.provider_id)
    about = (await work.session.execute(merged)).scalar_one()
    if about is not None:
        await lock_provider_id(work, about)
        await apply_report(work, about)


async def lock_provider_id(work: UnitOfWork, provider_id: str) -> None:
    """Serialise a report and the recording of its message's id, until the transaction ends."""
    await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(provider_id, 0))))


async def apply_report(work: UnitOfWork, provider_id: str) -> None:
    """Update the message by its reports. Its progress never decreases; a message that waits is not changed."""
    reported = select(func.max(DeliveryReport.progress)).where(DeliveryReport.provider_id == provider_id)
    progress = (await work.session.execute(reported)).scalar_one()
    if progress is None:
        return
    sent = select(Notification).where(
        Notification.provider_id == provider_id, Notification.status.in_((Status.SENT, Status.FAILED))
    )
    for message in (await work.session.execute(sent.with_for_update())).scalars():
        _follow(work, message, Progress(progress))


def _follow(work: UnitOfWork, message: Notification, progress: Progress) -> None:
    if progress is Progress.DELIVERED:
        message.status = Status.DELIVERED
        message.failed_reason = None
        message.delivered_at = message.updated_at = work.now
    elif progress is Progress.FAILED and message.status == Status.SENT:
        message.status = Status.FAILED
        message.failed_reason = "whatsapp_undelivered"
        message.updated_at = work.now
        publish_failure(work, message)


async def forget_reports(database: Database) -> None:
    """Delete reports that are older than 30 days."""
    old = DeliveryReport.updated_at < database.clock() - _KEEP_REPORTS
    await delete_in_portions(database, DeliveryReport, old)
