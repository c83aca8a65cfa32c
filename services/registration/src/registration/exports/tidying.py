"""Deleting what exports left: files after their time, old counts of jerseys, and downloads that never ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.database import Database
from chassis.images.store import ImageStore
from chassis.portions import change_in_portions, delete_in_portions
from chassis.web.downloads import WHOLE_SECONDS
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from registration.exports.files import delete_files, stored_exports
from registration.exports.rules import JERSEYS_KEPT, Delivery, Reason, State
from registration.exports.tables import CountedJerseys, Export

_UNFINISHED_KEPT: Final = timedelta(days=1)


async def tidy_exports(database: Database, store: ImageStore) -> int:
    """Delete files whose time is over or that no row names; return of how many exports.

    Old counts of jerseys are deleted, and downloads whose process died are recorded as interrupted.
    """
    async with database.read() as session:
        now = await database.server_time(session)
    await _end_dead_downloads(database, now)
    old = select(Export.id).where(Export.requested_at < now - JERSEYS_KEPT)
    await delete_in_portions(database, CountedJerseys, CountedJerseys.export_id.in_(old))
    stored = await stored_exports(store)  # before the rows are read: a folder has a row from the beginning
    async with database.read() as session:
        kept_until = await _kept_until(session, stored)
    gone = [each for each in stored if kept_until.get(each, now) <= now]
    for export_id in gone:
        await delete_files(store, export_id)
    return len(gone)


async def _end_dead_downloads(database: Database, now: datetime) -> None:
    running = Export.delivery == Delivery.DIRECT, Export.state == State.RUNNING
    dead = Export.requested_at < now - timedelta(seconds=2 * WHOLE_SECONDS)
    values = {"state": State.FAILED, "reason": Reason.INTERRUPTED, "finished_at": now}
    await change_in_portions(database, Export, values, *running, dead)


async def _kept_until(session: AsyncSession, stored: Sequence[UUID]) -> dict[UUID, datetime]:
    """Return until when the files of exports are kept; those that failed are not in it."""
    query = select(Export.id, Export.state, Export.expires_at, Export.available_at).where(Export.id.in_(stored))
    rows = (await session.execute(query)).all()
    return {row.id: row.expires_at or row.available_at + _UNFINISHED_KEPT for row in rows if row.state != State.FAILED}
