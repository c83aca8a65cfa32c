"""Writing exports in the worker. Any number of workers may do so concurrently."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast
from uuid import UUID, uuid4

from chassis.database import Database, UnitOfWork, is_unavailable
from chassis.errors import Unavailable
from chassis.images.store import ImageStore
from chassis.telemetry import logger
from sqlalchemy import ColumnElement, CursorResult, delete, text, update

from registration.entries.rules import Status
from registration.exports.content import CountedRows, file_stream, rows_of
from registration.exports.files import Written, write_file
from registration.exports.rules import FileFormat, Kind, Reason, State
from registration.exports.tables import CountedJerseys, Export
from registration.exports.wanted import Request, wanted_by

log = logger(__name__)

ATTEMPTS: Final = 5
_FIRST_RETRY: Final = timedelta(seconds=10)
_RENEWALS_IN_A_LEASE: Final = 3


@dataclass(frozen=True)
class Terms:
    """How long files are kept, and how long a job belongs to a worker that does not renew its lease."""

    keep: timedelta
    lease: timedelta = timedelta(minutes=1)


@dataclass(frozen=True)
class Job:
    """An export that a worker has taken."""

    export_id: UUID
    lease: UUID
    attempt: int
    request: Request


# A job whose workers died each time is given up, as it may be what kills them.
_TAKE = text("""
    UPDATE exports
       SET state = CASE WHEN attempts < :attempts THEN 'running' ELSE 'failed' END,
           reason = CASE WHEN attempts < :attempts THEN reason ELSE :gave_up END,
           finished_at = CASE WHEN attempts < :attempts THEN NULL ELSE CAST(:now AS timestamptz) END,
           attempts = attempts + CASE WHEN attempts < :attempts THEN 1 ELSE 0 END,
           lease = :lease, available_at = :leased_until
     WHERE id = (SELECT id FROM exports
                  WHERE state IN ('waiting', 'running') AND delivery = 'file' AND available_at <= :now
                  ORDER BY available_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, attempts, state, lease, kind, format, event_id, category_id, status, since,
              registration_ids
""")


async def write_exports(database: Database, store: ImageStore, terms: Terms) -> int:
    """Write all waiting exports, one after the other; return how many files were finished."""
    finished = 0
    while (job := await take(database, terms)) is not None:
        finished += await attempt(database, store, job, terms)
    return finished


async def take(database: Database, terms: Terms) -> Job | None:
    """Take the job that has waited longest, or whose worker died; return None if there is none."""
    while True:
        async with database.work() as work:
            row = (await work.session.execute(_TAKE, await _taking(work, terms))).one_or_none()
        if row is None:
            return None
        if row.state == State.RUNNING:
            break
        log.error("export_given_up", export_id=str(row.id))
    status = None if row.status is None else Status(row.status)
    of = row.event_id, row.category_id, status, row.since, row.registration_ids
    request = Request(Kind(row.kind), FileFormat(row.format), *of)
    return Job(row.id, row.lease, row.attempts, request)


async def _taking(work: UnitOfWork, terms: Terms) -> dict[str, Any]:
    now = await work.server_time()
    return {
        "now": now,
        "lease": uuid4(),
        "leased_until": now + terms.lease,
        "attempts": ATTEMPTS,
        "gave_up": Reason.GAVE_UP,
    }


async def attempt(database: Database, store: ImageStore, job: Job, terms: Terms) -> bool:
    """Write the file of a job, and record the end if the lease is still this one; return whether it was."""
    try:
        async with _lease_kept(database, job, terms.lease):
            rows, written = await _write(database, store, job)
    except Exception as error:
        log.warning("export_failed", export_id=str(job.export_id), attempt=job.attempt, exc_info=error)
        await _retry_later(database, job, _reason_of(error))
        return False
    return await _finish(database, job, rows, written, terms)


async def _write(database: Database, store: ImageStore, job: Job) -> tuple[int, Written]:
    async with database.read() as session:
        wanted = await wanted_by(session, job.request, export_id=job.export_id, attempt=job.attempt)
    counted = CountedRows(rows_of(database, wanted))
    content = file_stream(job.request.kind, job.request.format, counted.batches())
    written = await write_file(store, job.export_id, job.attempt, content)
    return counted.rows, written


def _own(job: Job) -> tuple[ColumnElement[bool], ...]:
    return Export.id == job.export_id, Export.lease == job.lease, Export.state == State.RUNNING


async def _changed(work: UnitOfWork, job: Job, values: dict[str, Any]) -> bool:
    changed = await work.session.execute(update(Export).where(*_own(job)).values(values))
    return cast("CursorResult[Any]", changed).rowcount > 0


async def _finish(database: Database, job: Job, rows: int, written: Written, terms: Terms) -> bool:
    async with database.work() as work:
        now = await work.server_time()
        done = {"state": State.DONE, "reason": None, "rows": rows, "finished_at": now, "expires_at": now + terms.keep}
        ours = await _changed(work, job, {**done, "bytes": written.bytes, "pieces": written.pieces})
        if ours:
            others = CountedJerseys.export_id == job.export_id, CountedJerseys.attempt != job.attempt
            await work.session.execute(delete(CountedJerseys).where(*others))
    log.info("export_written" if ours else "export_lease_lost", export_id=str(job.export_id), attempt=job.attempt)
    return ours


async def _retry_later(database: Database, job: Job, reason: Reason) -> None:
    """Have the job tried again after a while, or record that it failed for good."""
    async with database.work() as work:
        now = await work.server_time()
        if job.attempt < ATTEMPTS:
            wait = _FIRST_RETRY * 2 ** (job.attempt - 1)
            await _changed(work, job, {"state": State.WAITING, "reason": reason, "available_at": now + wait})
        else:
            await _changed(work, job, {"state": State.FAILED, "reason": reason, "finished_at": now})


def _reason_of(error: Exception) -> Reason:
    if isinstance(error, Unavailable):
        return Reason.STORE_UNAVAILABLE
    return Reason.DATABASE_UNAVAILABLE if is_unavailable(error) else Reason.ERROR


@asynccontextmanager
async def _lease_kept(database: Database, job: Job, lease: timedelta) -> AsyncIterator[None]:
    """Renew the lease of a job until the block ends. One that got lost is noticed when the end is recorded."""
    renewing = asyncio.create_task(_renew(database, job, lease))
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


async def _renew(database: Database, job: Job, lease: timedelta) -> None:
    ours = True
    while ours:
        await asyncio.sleep(lease.total_seconds() / _RENEWALS_IN_A_LEASE)
        try:
            async with database.work() as work:
                ours = await _changed(work, job, {"available_at": await work.server_time() + lease})
        except Exception as error:
            if not is_unavailable(error):
                raise
