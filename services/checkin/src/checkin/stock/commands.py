"""Entering how many jerseys were brought."""

from collections.abc import Mapping
from uuid import UUID

from chassis.audit_log import before_and_after
from chassis.database import UnitOfWork
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert

from checkin.stock.queries import brought_of
from checkin.stock.tables import JerseyStock


async def set_brought(work: UnitOfWork, event_id: UUID, brought: Mapping[str, int | None], *, by: str) -> None:
    """Store how many jerseys of these sizes were brought to the pick-up of a race. Other sizes stay.

    Args:
        brought: by size; None removes what is stored.
    """
    before = await brought_of(work.session, event_id, for_update=True)
    await _store(work, event_id, {size: number for size, number in brought.items() if number is not None})
    removed = [size for size, number in brought.items() if number is None]
    gone = (JerseyStock.event_id == event_id) & JerseyStock.jersey_size.in_(removed)
    await work.session.execute(delete(JerseyStock).where(gone))
    await work.audit(by, "stock.change", f"event:{event_id}", **before_and_after(before, brought))


async def _store(work: UnitOfWork, event_id: UUID, brought: Mapping[str, int]) -> None:
    if not brought:
        return
    rows = [{"event_id": event_id, "jersey_size": size, "brought": brought[size]} for size in sorted(brought)]
    stored = upsert(JerseyStock).values(rows)
    known = [JerseyStock.event_id, JerseyStock.jersey_size]
    await work.session.execute(
        stored.on_conflict_do_update(index_elements=known, set_={"brought": stored.excluded.brought})
    )
