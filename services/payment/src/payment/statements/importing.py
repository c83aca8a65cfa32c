"""Importing a statement: the file is read and matched in a thread, then stored in one transaction."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from chassis.auth.principals import Staff
from chassis.database import Database
from sqlalchemy import Row

from payment.invoices.rules import InvoiceStatus
from payment.statements import commands, queries
from payment.statements.candidates import KEPT, Candidate
from payment.statements.commands import Imported
from payment.statements.line_errors import OtherCurrency
from payment.statements.matching import CandidateIndex, Match, propose
from payment.statements.model import RUPIAH, Statement
from payment.statements.reading import read
from payment.statements.rules import received_at

_DAY: Final = timedelta(days=1)


async def import_statement(
    database: Database, data: bytes, *, account: str | None, zone: ZoneInfo, by: Staff
) -> Imported:
    """Read a file, match its lines with invoices, and store those that are new. Matches are proposed, not accepted.

    Args:
        account: that the file has to be of; None for any. The account of the settings is used for a file that names
            none, so that the same line is recognised in the next file.

    Raises:
        OtherCurrency, or one of `payment.statements.errors.REFUSALS`. Nothing is stored then.
    """
    async with database.read() as session:
        own = await queries.own_account(session)
    statement = await asyncio.to_thread(_read, data, account, own)
    if statement.currency != RUPIAH:
        raise OtherCurrency(found=statement.currency)
    invoices = await _invoices_for(database, statement, zone)
    matches = await asyncio.to_thread(_match, statement, invoices, zone)
    digest = hashlib.sha256(data).hexdigest()
    async with database.work() as work:
        return await commands.store(work, statement, matches, sha256=digest, by=by)


def _read(data: bytes, account: str | None, own: str | None) -> Statement:
    statement = read(data, account=account)
    return read(data, account=own) if own and statement.account is None else statement


async def _invoices_for(database: Database, statement: Statement, zone: ZoneInfo) -> Sequence[Row[Any]]:
    """Return the invoices that may be paid by the lines: `KEPT` before the earliest of them it was open, or later."""
    days = [line.booked_on for line in statement.lines if line.amount > 0]
    if not days:
        return ()
    since = received_at(min(days), zone) - KEPT - _DAY
    async with database.read() as session:
        return await queries.invoices_for_lines(session, since=since)


def _match(statement: Statement, invoices: Sequence[Row[Any]], zone: ZoneInfo) -> Sequence[Match]:
    index = CandidateIndex(_candidate(each, zone) for each in invoices)
    return [propose(line, index) for line in statement.lines]


def _candidate(row: Row[Any], zone: ZoneInfo) -> Candidate:
    return Candidate(
        registration_id=row.registration_id,
        number=row.registration_number,
        payable=row.amount,
        has_unique_code=False,
        payer_name=row.payer_name,
        status=InvoiceStatus(row.status),
        awaits_line=bool(row.awaits_line),
        payable_since=row.created_at.astimezone(zone).date(),
        ended_on=row.ended_at.astimezone(zone).date() if row.ended_at else None,
    )
