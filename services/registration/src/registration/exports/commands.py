"""Recording exports that staff take or ask for."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.ids import new_id
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from registration.exports.errors import ExportGone, ExportNotReady, TooManyExports, UnknownExport
from registration.exports.rules import Delivery, Reason, State
from registration.exports.tables import Export
from registration.exports.wanted import Request, Wanted, completed, wanted_by
from registration.idempotency.errors import IdempotencyKeyReused

OPEN_AT_MOST: Final = 20
"""Files that wait or are being written at the same time, for all staff."""

_OPEN: Final = (Export.delivery == Delivery.FILE, Export.state.in_((State.WAITING, State.RUNNING)))


async def begin_direct(work: UnitOfWork, request: Request, *, staff_id: UUID, by: str) -> Wanted:
    """Record an export that is sent in the response; return what to send.

    Raises:
        UnknownEvent, UnknownCategory, InvalidFields.
    """
    request = await completed(work.session, request)
    values = await _row(work, request, Delivery.DIRECT, staff_id)
    await work.session.execute(upsert(Export).values({**values, "state": State.RUNNING}))
    await _audit(work, values, by)
    return await wanted_by(work.session, request, export_id=values["id"], attempt=0)


async def end_direct(work: UnitOfWork, export_id: UUID, *, rows: int, complete: bool) -> None:
    """Record how an export that was sent in the response ended. The first end counts."""
    values = {"state": State.DONE} if complete else {"state": State.FAILED, "reason": Reason.INTERRUPTED}
    ended = update(Export).where(Export.id == export_id, Export.state == State.RUNNING)
    await work.session.execute(ended.values(rows=rows, finished_at=await work.server_time(), **values))


async def ask(
    work: UnitOfWork, request: Request, *, staff_id: UUID, by: str, key: str | None, request_hash: str
) -> tuple[Export, bool]:
    """Record an export for the worker; return it, and whether an earlier request with this key had asked for it.

    Raises:
        UnknownEvent, UnknownCategory, InvalidFields.
        IdempotencyKeyReused: the first request with this key was a different one.
        TooManyExports.
    """
    if key is not None and (earlier := await _asked_with(work, staff_id, key)) is not None:
        return _same(earlier, request_hash), True
    request = await completed(work.session, request)
    values = await _row(work, request, Delivery.FILE, staff_id)
    values |= {"idempotency_key": key, "request_hash": request_hash, "state": State.WAITING}
    stored = upsert(Export).values(values).on_conflict_do_nothing().returning(Export)
    made = (await work.session.execute(stored)).scalar_one_or_none()
    if made is None and key is not None and (earlier := await _asked_with(work, staff_id, key)) is not None:
        return _same(earlier, request_hash), True
    if made is None:
        raise RuntimeError("only a repeated key can be in the way")
    waiting = await work.session.execute(select(func.count()).select_from(Export).where(*_OPEN))
    if waiting.scalar_one() > OPEN_AT_MOST:
        raise TooManyExports
    await _audit(work, values, by)
    return made, False


def _same(earlier: Export, request_hash: str) -> Export:
    if earlier.request_hash != request_hash:
        raise IdempotencyKeyReused
    return earlier


async def _asked_with(work: UnitOfWork, staff_id: UUID, key: str) -> Export | None:
    query = select(Export).where(Export.requested_by == staff_id, Export.idempotency_key == key)
    return (await work.session.execute(query)).scalar_one_or_none()


async def _row(work: UnitOfWork, request: Request, delivery: Delivery, staff_id: UUID) -> dict[str, Any]:
    now = await work.server_time()
    chosen = request.registration_ids
    return {
        "id": new_id(),
        "delivery": delivery,
        "requested_by": staff_id,
        "requested_at": now,
        "available_at": now,
        **asdict(request),
        "registration_ids": None if chosen is None else list(chosen),
        "chosen": None if chosen is None else len(chosen),
    }


async def _audit(work: UnitOfWork, values: Mapping[str, Any], by: str) -> None:
    details = {"export_id": str(values["id"]), "format": values["format"], "delivery": values["delivery"]}
    await work.audit(by, f"{values['kind']}.export", f"event:{values['event_id'] or 'all'}", **details)


async def take_file(work: UnitOfWork, export_id: UUID, *, staff_id: UUID, by: str) -> Export:
    """Record that a member of staff fetches a stored file; return the export.

    Raises:
        UnknownExport, ExportNotReady, ExportGone.
    """
    export = await work.session.get(Export, export_id, with_for_update=True)
    if export is None:
        raise UnknownExport
    if export.state != State.DONE and export.delivery == Delivery.FILE:
        raise ExportNotReady(export_state=export.state)
    now = await work.server_time()
    if export.expires_at is None or export.expires_at <= now:
        raise ExportGone
    export.downloads += 1
    export.last_downloaded_by, export.last_downloaded_at = staff_id, now
    await work.audit(by, "export.download", f"export:{export_id}", kind=export.kind)
    return export
