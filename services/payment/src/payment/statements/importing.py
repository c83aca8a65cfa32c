"""Importing a statement: the file is read in a thread, then matched and stored in portions of one transaction.

Only the portion in work is held in its stored form, so that memory grows with the file and not with its matches.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from chassis.auth.principals import Staff
from chassis.database import Database, UnitOfWork, already_stored
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from payment.instructions.queries import statement_auto_accept
from payment.invoices.rules import InvoiceStatus
from payment.statements import accepting, queries, storing
from payment.statements.candidates import Candidate
from payment.statements.errors import OtherAccount, UnknownStatementFormat
from payment.statements.line_errors import OtherCurrency
from payment.statements.mapping import ColumnMapping
from payment.statements.mappings import known_mappings
from payment.statements.matching import CandidateIndex, Match, doubted, propose
from payment.statements.model import RUPIAH, Line, Statement, account_number
from payment.statements.outgoing import SentBack, SentBackIndex, propose_sent_back
from payment.statements.reading import mapping_of, read, sample
from payment.statements.rules import received_at
from payment.statements.storing import Imported, Rows
from payment.statements.uploads import read_in_turn, sha256_of
from payment.transfers.rules import KEPT

_DAY: Final = timedelta(days=1)
_AT_ONCE: Final = 1000
_SECONDS_TO_ACCEPT: Final = 15.0
"""Until when, from its beginning, an import accepts lines: the gateway waits for 30 seconds. The worker goes on."""


class _Known(NamedTuple):
    """What is read from the database before a file is."""

    account: str | None
    mappings: Sequence[ColumnMapping]
    accepts: bool


_Elsewhere = tuple[date, Decimal, str]
"""Day, amount and text of a line, letters small and without spaces; the text is empty for one of another format."""


class _Index(NamedTuple):
    """What lines are matched with: incoming ones with invoices, outgoing ones with money that goes back.

    Attributes:
        elsewhere: incoming lines that other files of the account have, and this one does not.
    """

    candidates: CandidateIndex
    sent_back: SentBackIndex
    elsewhere: AbstractSet[_Elsewhere] = frozenset()


async def import_statement(
    database: Database, data: bytes, *, account: str | None, zone: ZoneInfo, by: Staff
) -> Imported:
    """Read a file, match its lines with invoices, and store those that are new.

    Lines that are sure are accepted if the settings say so; all others are proposed. A file that was imported is not
    read again.

    Args:
        account: that the file has to be of; None for any. The account of the settings is used for a file that names
            none, so that the same line is recognised in the next file.

    Raises:
        OtherCurrency, or one of `payment.statements.errors.REFUSALS`. Nothing is stored then.
        OutcomeUnknown: it is stored; whether its sure lines were accepted is not known. The worker goes on with them.
    """
    began = time.monotonic()
    digest = await asyncio.to_thread(sha256_of, data)
    async with database.read() as session:
        if before := await storing.known_file(session, digest):
            return _repeated(*before, account)
        known = await _known(session)
    latest = database.clock().astimezone(zone).date() + _DAY
    statement = await read_in_turn(_read, data, account, known, latest)
    if statement.currency != RUPIAH:
        raise OtherCurrency(found=statement.currency)
    index = await _index_for(database, statement, zone)
    async with database.work() as work:
        imported = await _store(work, statement, index, sha256=digest, accepts=known.accepts, by=by)
    if not known.accepts or imported.repeated_file:
        return imported
    with already_stored():
        return await _accepted(database, imported, zone, until=began + _SECONDS_TO_ACCEPT)


async def _accepted(database: Database, imported: Imported, zone: ZoneInfo, *, until: float) -> Imported:
    await accepting.accept_sure_lines(database, imported.statement_id, zone, until=until)
    async with database.read() as session:
        return replace(imported, accepted=await storing.accepted_lines(session, imported.statement_id))


def _repeated(known_account: str | None, before: Imported, account: str | None) -> Imported:
    named = account_number(account) if account else None
    if named and known_account and named != known_account:
        raise OtherAccount
    return before


async def _known(session: AsyncSession) -> _Known:
    return _Known(
        account=await queries.own_account(session),
        mappings=await known_mappings(session),
        accepts=await statement_auto_accept(session),
    )


def _read(data: bytes, account: str | None, known: _Known, latest: date) -> Statement:
    mapping = mapping_of(data, known.mappings) if known.mappings else None
    try:
        return read(data, mapping, account=account, usual_account=known.account, latest=latest)
    except UnknownStatementFormat as refused:
        beginning = sample(data)
        raise (
            UnknownStatementFormat.with_beginning(beginning.header, beginning.rows) if beginning else refused
        ) from None


async def _index_for(database: Database, statement: Statement, zone: ZoneInfo) -> _Index:
    """Return the invoices that may be paid by the lines, and the money that may have gone back by them.

    An invoice was open `KEPT` before the earliest line, or later.
    """
    invoices: Sequence[Row[Any]] = ()
    returned: Sequence[SentBack] = ()
    before: Sequence[Row[Any]] = ()
    days = [line.booked_on for line in statement.lines if line.amount > 0]
    async with database.read() as session:
        if days:
            invoices = await queries.invoices_for_lines(session, since=received_at(min(days), zone) - KEPT - _DAY)
            before = await queries.credits_between(session, statement.account, min(days), max(days))
        if len(days) < len(statement.lines):
            returned = await queries.money_sent_back(session)
    return await asyncio.to_thread(_index, statement, invoices, returned, before, zone)


def _index(
    statement: Statement,
    invoices: Iterable[Row[Any]],
    returned: Sequence[SentBack],
    before: Iterable[Row[Any]],
    zone: ZoneInfo,
) -> _Index:
    own = {line.fingerprint for line in statement.lines}
    others = (row for row in before if row.fingerprint not in own)
    elsewhere = {(row.booked_on, row.amount, _folded(row.text, row.format == statement.format)) for row in others}
    return _Index(CandidateIndex(_candidate(each, zone) for each in invoices), SentBackIndex(returned), elsewhere)


async def _store(
    work: UnitOfWork, statement: Statement, index: _Index, *, sha256: str, accepts: bool, by: Staff
) -> Imported:
    statement_id = await storing.store_statement(work, statement, sha256=sha256, accepting=accepts, by=by)
    if statement_id is None:
        return await _stored_meanwhile(work.session, sha256)
    portions = _portions(sorted(statement.lines, key=lambda line: line.fingerprint))
    rows = await asyncio.to_thread(_next_rows, portions, index)
    while rows:  # the next portion is matched while the database stores this one
        following = asyncio.create_task(asyncio.to_thread(_next_rows, portions, index))
        await storing.store_lines(work, statement_id, rows)
        rows = await following
    return await storing.stored(work, statement_id, statement, by=by)


async def _stored_meanwhile(session: AsyncSession, sha256: str) -> Imported:
    before = await storing.known_file(session, sha256)
    assert before is not None  # noqa: S101  # its row is why nothing was stored
    return before[1]


def _portions(lines: Iterable[Line]) -> Iterator[Sequence[Line]]:
    rest = iter(lines)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _next_rows(portions: Iterator[Sequence[Line]], index: _Index) -> Rows:
    """Match the next portion and return its rows; none after the last."""
    lines = next(portions, ())
    return storing.rows_of(lines, _match(lines, index))


def _match(lines: Iterable[Line], index: _Index) -> Sequence[Match]:
    return [
        _match_of_credit(line, index) if line.amount > 0 else propose_sent_back(line, index.sent_back) for line in lines
    ]


def _match_of_credit(line: Line, index: _Index) -> Match:
    match = propose(line, index.candidates)
    seen = index.elsewhere and not index.elsewhere.isdisjoint(_ways_to_see(line))
    return doubted(match) if seen else match


def _ways_to_see(line: Line) -> Sequence[_Elsewhere]:
    return [(line.booked_on, line.amount, _folded(line.text, same)) for same in (False, True)]


def _folded(text: str, is_same_format: bool) -> str:
    """Return the text by which lines of one format are the same; empty for two formats, which word a line apart."""
    return "".join(text.split()).casefold() if is_same_format else ""


def _candidate(row: Row[Any], zone: ZoneInfo) -> Candidate:
    payable = _payable(row)
    has_unique_code = row.code is not None and payable == row.payable_amount
    since = row.asked_at if has_unique_code else row.created_at
    return Candidate(
        registration_id=row.registration_id,
        number=row.registration_number,
        payable=payable,
        has_unique_code=has_unique_code,
        payer_name=row.payer_name,
        status=InvoiceStatus(row.status),
        awaits_line=bool(row.awaits_line),
        payable_since=since.astimezone(zone).date(),
        ended_on=row.ended_at.astimezone(zone).date() if row.ended_at else None,
    )


def _payable(row: Row[Any]) -> Decimal:
    """Return the amount that a line is expected to be over: the one asked for, or what the proof says came in."""
    if row.awaits_line:
        return Decimal(row.received or row.amount)
    return Decimal(row.payable_amount or row.amount)
