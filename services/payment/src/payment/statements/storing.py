"""Storing statements and their lines: a file is stored once, and a line once, whichever files have it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import bindparam, column, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.commands import NO_VERIFIER
from payment.statements.matching import Kind, Match
from payment.statements.model import Line, Statement
from payment.statements.rules import LineState
from payment.statements.tables import ImportedStatement, StatementLine

_TABLE: Final = StatementLine.metadata.tables[StatementLine.__tablename__]
# One statement for all lines of a portion: a statement for each took the server most of the time of an import.
_COLUMNS: Final = (
    "number", "booked_on", "amount", "text", "reference", "balance", "fingerprint", "state", "tier", "kind", "reason",
    "facts", "proposed",
)  # fmt: skip
_SENT: Final = (
    func.jsonb_to_recordset(bindparam("rows", type_=JSONB))
    .table_valued(*(column(name, _TABLE.c[name].type) for name in _COLUMNS), name="sent")
    .render_derived(with_types=True)
)
_NEW: Final = (func.gen_random_uuid(), bindparam("statement_id", type_=_TABLE.c.statement_id.type))
_INSERT: Final = (
    insert(_TABLE)
    .from_select(("id", "statement_id", *_COLUMNS), select(*_NEW, *(_SENT.c[name] for name in _COLUMNS)))
    .on_conflict_do_nothing(index_elements=["fingerprint"])
)
Rows = Sequence[Mapping[str, Any]]
"""Columns of lines as JSON."""

_STORED: Final = (ImportedStatement.id, ImportedStatement.format, ImportedStatement.lines, ImportedStatement.credits)


@dataclass(frozen=True)
class Imported:
    """What an import added.

    Attributes:
        lines, credits: of the file.
        matched, proposed, unknown: new credits by what their match allows: `accept`, `propose` or `unknown`.
        accepted: how many of the matched ones were accepted without a person.
        repeated: lines that this or another statement had added before.
        repeated_file: the file itself was imported before.
    """

    statement_id: UUID
    format: str
    lines: int
    credits: int
    matched: int = 0
    proposed: int = 0
    unknown: int = 0
    accepted: int = 0
    repeated: int = 0
    repeated_file: bool = False


async def known_file(session: AsyncSession, sha256: str) -> tuple[str | None, Imported] | None:
    """Return the account of a file that was imported, and what another import of it adds; None for another file."""
    found = await session.execute(select(*_STORED, ImportedStatement.account).where(ImportedStatement.sha256 == sha256))
    row = found.first()
    if row is None:
        return None
    totals = {"format": row.format, "lines": row.lines, "credits": row.credits}
    return row.account, Imported(row.id, **totals, repeated=row.lines, repeated_file=True)


async def store_statement(
    work: UnitOfWork, statement: Statement, *, sha256: str, accepting: bool, by: Staff
) -> UUID | None:
    """Store a statement without its lines and return its id; None if the file is stored already.

    Args:
        sha256: of the file.
        accepting: lines that are sure will be accepted without a person.
    """
    row = {
        "id": uuid4(),
        "format": statement.format.value,
        "account": statement.account,
        "currency": statement.currency,
        "opening": statement.opening,
        "closing": statement.closing,
        "lines": len(statement.lines),
        "credits": sum(line.amount > 0 for line in statement.lines),
        "sha256": sha256,
        "uploaded_by": by.id,
        "uploaded_at": work.now,
        "accepting": accepting,
    }
    new = insert(ImportedStatement).values(row).on_conflict_do_nothing(index_elements=["sha256"])
    return (await work.session.execute(new.returning(ImportedStatement.id))).scalar_one_or_none()


def rows_of(lines: Iterable[Line], matches: Iterable[Match]) -> Rows:
    """Return what is stored of lines and their matches."""
    return [_row(line, match) for line, match in zip(lines, matches, strict=True)]


async def store_lines(work: UnitOfWork, statement_id: UUID, rows: Rows) -> None:
    """Store those lines that no statement had before.

    All lines of a file have to come in the order of their fingerprints: so transactions with overlapping files wait for
    each other, and do not deadlock.
    """
    await work.session.execute(_INSERT, {"rows": rows, "statement_id": statement_id})


def _row(line: Line, match: Match) -> dict[str, Any]:
    """Return the columns of a line as JSON."""
    return {
        "number": line.number,
        "booked_on": line.booked_on.isoformat(),
        "amount": str(line.amount),
        "text": line.text,
        "reference": line.reference,
        "balance": None if line.balance is None else str(line.balance),
        "fingerprint": line.fingerprint,
        "state": LineState.OPEN if line.amount > 0 else LineState.OUTGOING,
        "tier": match.tier,
        "kind": match.kind,
        "reason": match.reason,
        "facts": dict(match.facts),
        "proposed": [str(each) for each in match.registration_ids],
    }


async def stored(work: UnitOfWork, statement_id: UUID, statement: Statement, *, by: Staff) -> Imported:
    """Return what the import of a statement added, and write it to the audit log."""
    counts = await _added(work.session, statement_id)
    imported = Imported(
        statement_id=statement_id,
        format=statement.format.value,
        lines=len(statement.lines),
        credits=sum(line.amount > 0 for line in statement.lines),
        matched=counts.get((LineState.OPEN, Kind.ACCEPT), 0),
        proposed=counts.get((LineState.OPEN, Kind.PROPOSE), 0),
        unknown=counts.get((LineState.OPEN, Kind.UNKNOWN), 0),
        repeated=len(statement.lines) - sum(counts.values()),
    )
    await work.audit(by.actor, "statement.import", str(statement_id), lines=imported.lines, repeated=imported.repeated)
    return imported


async def _added(session: AsyncSession, statement_id: UUID) -> dict[tuple[str, str], int]:
    groups = (StatementLine.state, StatementLine.kind)
    counted = select(*groups, func.count()).where(StatementLine.statement_id == statement_id).group_by(*groups)
    return {(state, kind): count for state, kind, count in (await session.execute(counted)).all()}


async def accepted_lines(session: AsyncSession, statement_id: UUID) -> int:
    """Return how many lines of a statement were accepted without a person."""
    of_it = (StatementLine.statement_id == statement_id, StatementLine.decided_by == NO_VERIFIER)
    return (await session.execute(select(func.count()).where(*of_it))).scalar_one()


async def stop_accepting(work: UnitOfWork, statement_id: UUID) -> None:
    """Note that all lines of a statement that are sure were tried."""
    this = ImportedStatement.id == statement_id
    await work.session.execute(update(ImportedStatement).where(this).values(accepting=False))
