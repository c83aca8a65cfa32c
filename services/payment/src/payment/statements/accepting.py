"""Accepting lines that are sure without a person, if the settings say so: at the import, and by the worker."""

import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.database import Database, UnitOfWork, is_out_of_reach
from chassis.errors import StartlineError
from chassis.telemetry import logger
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.instructions.queries import statement_auto_accept
from payment.statements.commands import accept_sure
from payment.statements.holding import IS_HELD
from payment.statements.matching import Kind
from payment.statements.rules import LineState
from payment.statements.storing import stop_accepting
from payment.statements.tables import ImportedStatement, StatementLine

log = logger(__name__)

_AT_ONCE: Final = 50
_FOREVER: Final = float("inf")


async def accept_sure_lines(database: Database, statement_id: UUID, zone: ZoneInfo, *, until: float = _FOREVER) -> None:
    """Accept the lines of a statement that are sure, in portions that commit by themselves.

    Those that cannot be accepted any more, as the invoice was paid or changed meanwhile, stay open for a person.

    Args:
        until: of `time.monotonic`; the lines that are left then are for the worker.
    """
    async with database.read() as session:
        rest = await _sure_lines(session, statement_id)
    all_seen = True
    while rest:
        if time.monotonic() >= until:
            return
        some, rest = rest[:_AT_ONCE], rest[_AT_ONCE:]
        async with database.work() as work:
            all_seen &= await _accept_portion(work, some, zone)
    if not all_seen:
        return
    async with database.work() as work:
        await stop_accepting(work, statement_id)


async def go_on_accepting(database: Database, zone: ZoneInfo) -> int:
    """Accept what an import left, as its time was over or its process ended. Return the number of statements.

    While the settings do not say so any more, lines wait. A statement that fails keeps no other from being accepted.

    Raises:
        Exception: of the first statement that failed, after the others; at once if the database is unavailable.
    """
    async with database.read() as session:
        if not await statement_auto_accept(session):
            return 0
        waiting = select(ImportedStatement.id).where(ImportedStatement.accepting)
        in_order = waiting.order_by(ImportedStatement.uploaded_at, ImportedStatement.id)
        found = (await session.execute(in_order)).scalars().all()
    failed = [error for each in found if (error := await _failure_of(database, each, zone))]
    if failed:
        raise failed[0]
    return len(found)


async def _failure_of(database: Database, statement_id: UUID, zone: ZoneInfo) -> Exception | None:
    """Accept the sure lines of a statement. Return the error if that failed."""
    try:
        await accept_sure_lines(database, statement_id, zone)
    except Exception as error:
        if is_out_of_reach(error):
            raise
        log.exception("statement_acceptance_failed", statement=str(statement_id))
        return error
    return None


async def _sure_lines(session: AsyncSession, statement_id: UUID) -> Sequence[UUID]:
    """Return the open lines of a statement that are sure, in the order of their registrations.

    All transactions lock invoices in this order, so that concurrent imports do not deadlock.
    """
    sure = (
        StatementLine.statement_id == statement_id,
        StatementLine.state == LineState.OPEN,
        StatementLine.kind == Kind.ACCEPT,
    )
    order = (StatementLine.proposed[0].astext, StatementLine.number, StatementLine.id)
    return (await session.execute(select(StatementLine.id).where(*sure).order_by(*order))).scalars().all()


async def _accept_portion(work: UnitOfWork, line_ids: Sequence[UUID], zone: ZoneInfo) -> bool:
    """Accept lines. Return False if others are deciding about some at this moment, which then stay."""
    still_open = (StatementLine.id.in_(line_ids), StatementLine.state == LineState.OPEN, ~IS_HELD)
    count = (await work.session.execute(select(func.count()).where(*still_open))).scalar_one()
    wanted = select(StatementLine).where(*still_open).with_for_update(skip_locked=True)
    locked = (await work.session.execute(wanted)).scalars().all()
    known = {line.id: line for line in locked}
    for line in (known[each] for each in line_ids if each in known):
        try:
            await accept_sure(work, line, UUID(line.proposed[0]), zone=zone)
        except StartlineError as refused:  # before anything was changed
            log.info("line_not_accepted", line=str(line.id), code=refused.code)
    return len(locked) == count
