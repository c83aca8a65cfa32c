"""Recording that a service is open, and its outages."""

from datetime import datetime

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import insert

from chassis.database import UnitOfWork
from chassis.telemetry import logger
from chassis.uptime.rules import advanced, is_closed
from chassis.uptime.tables import UptimeRecord

log = logger(__name__)


async def record_beat(work: UnitOfWork, record: UptimeRecord) -> None:
    """Record that the service is open now and, if the last beat is too old, the outage between the two.

    Of several beats at once one sees the gap: each waits for the row. The very first beat ends no outage.
    """
    first = insert(record.uptime).values(id=1, open_until=work.now).on_conflict_do_nothing()
    await work.session.execute(first)
    row = (await work.session.execute(select(record.uptime).with_for_update())).scalar_one()
    if is_closed(row.open_until, work.now):
        await _record_outage(work, record, since=row.open_until)
    row.open_until = advanced(row.open_until, work.now)


async def _record_outage(work: UnitOfWork, record: UptimeRecord, *, since: datetime) -> None:
    """Record an outage from `since` until now. It begins no earlier than the last sign that the service was open.

    These are signs of a release without this record, and the last outage: outages do not overlap, so that processes
    whose clocks differ too much do not move deadlines again and again.
    """
    last = select(func.max(record.outages.ended_at)).scalar_subquery()
    known = func.greatest(literal(since), last, *record.signs)
    began: datetime = (await work.session.execute(select(known))).scalar_one()
    if is_closed(began, work.now):
        await work.session.execute(insert(record.outages).values(began_at=began, ended_at=work.now))
        log.warning("outage_recorded", began_at=began.isoformat(), seconds=round((work.now - began).total_seconds()))
