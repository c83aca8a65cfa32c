"""Storing statements, and deciding about their lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert

from payment.incoming.commands import receive
from payment.incoming.paying import pay_invoice
from payment.incoming.rules import Received
from payment.invoices.errors import AmountMismatch, InvoiceNotFound
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.ledger.rules import Channel
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.statements.line_errors import LineDecided, LineTooLarge, UnknownStatementLine
from payment.statements.matching import Kind, Match
from payment.statements.model import RUPIAH, Line, Statement
from payment.statements.rules import LARGEST_AMOUNT, LineState, line_source, received_at
from payment.statements.tables import ImportedStatement, StatementLine

TRANSFER: Final = "bank_transfer"
_AT_ONCE: Final = 1000
_LONGEST_REFERENCE: Final = 255


@dataclass(frozen=True)
class Imported:
    """What an import added.

    Attributes:
        lines, credits: of the file.
        matched, proposed, unknown: new credits by what their match allows: `accept`, `propose` or `unknown`.
        repeated: lines that this or another statement had added before.
    """

    statement_id: UUID
    format: str
    lines: int
    credits: int
    matched: int = 0
    proposed: int = 0
    unknown: int = 0
    repeated: int = 0


async def store(
    work: UnitOfWork, statement: Statement, matches: Sequence[Match], *, sha256: str, by: Staff
) -> Imported:
    """Store a statement and those of its lines that no statement had before. A file that was stored adds nothing.

    Args:
        matches: of the lines of the statement, in their order.
        sha256: of the file.
    """
    known, row = ImportedStatement, _statement_row(work, statement, sha256=sha256, by=by)
    new = insert(known).values(row).on_conflict_do_nothing(index_elements=["sha256"]).returning(known.id)
    totals: dict[str, Any] = {name: row[name] for name in ("format", "lines", "credits")}
    if (await work.session.execute(new)).first() is None:
        before = (await work.session.execute(select(known.id).where(known.sha256 == sha256))).scalar_one()
        return Imported(statement_id=before, repeated=row["lines"], **totals)
    await _store_lines(work, row["id"], statement.lines, matches)
    imported = Imported(statement_id=row["id"], **totals, **await _added(work, row["id"], row["lines"]))
    await work.audit(by.actor, "statement.import", str(row["id"]), lines=imported.lines, repeated=imported.repeated)
    return imported


def _statement_row(work: UnitOfWork, statement: Statement, *, sha256: str, by: Staff) -> dict[str, Any]:
    return {
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
    }


async def _store_lines(work: UnitOfWork, statement_id: UUID, lines: Iterable[Line], matches: Iterable[Match]) -> None:
    # In one order in all transactions: those with overlapping files wait for each other, and do not deadlock.
    ordered = sorted(zip(lines, matches, strict=True), key=lambda pair: pair[0].fingerprint)
    rows = (_line_row(statement_id, line, match) for line, match in ordered)
    new = insert(StatementLine).on_conflict_do_nothing(index_elements=["fingerprint"])
    while some := list(islice(rows, _AT_ONCE)):
        await work.session.execute(new, some)


def _line_row(statement_id: UUID, line: Line, match: Match) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "statement_id": statement_id,
        "number": line.number,
        "booked_on": line.booked_on,
        "amount": line.amount,
        "text": line.text,
        "reference": line.reference,
        "balance": line.balance,
        "fingerprint": line.fingerprint,
        "state": LineState.OPEN if line.amount > 0 else LineState.OUTGOING,
        "tier": match.tier.value,
        "kind": match.kind,
        "reason": match.reason,
        "facts": dict(match.facts),
        "proposed": [str(each) for each in match.registration_ids],
    }


async def _added(work: UnitOfWork, statement_id: UUID, lines: int) -> dict[str, Any]:
    groups = (StatementLine.kind, StatementLine.state)
    counted = select(*groups, func.count()).where(StatementLine.statement_id == statement_id).group_by(*groups)
    rows = (await work.session.execute(counted)).all()
    by_kind = {kind: count for kind, state, count in rows if state == LineState.OPEN}
    return {
        "matched": by_kind.get(Kind.ACCEPT, 0),
        "proposed": by_kind.get(Kind.PROPOSE, 0),
        "unknown": by_kind.get(Kind.UNKNOWN, 0),
        "repeated": lines - sum(count for *_, count in rows),
    }


async def accept(work: UnitOfWork, line_id: UUID, registration_id: UUID, *, zone: ZoneInfo, by: Staff) -> UUID | None:
    """Let a line pay the invoice of a registration, or confirm the proof that paid it. Return the payment's id.

    A proof that waits is superseded. Return None if the invoice was paid otherwise: the money is kept as surplus.

    Raises:
        UnknownStatementLine, LineDecided, LineTooLarge.
        InvoiceNotFound, AmountMismatch.
    """
    line = await _open_line(work, line_id)
    await _ensure_amount(work, registration_id, line)
    money = _received(line, zone, registration_id=registration_id)
    payment_id = await pay_invoice(work, money, by=by.id) or await _unconfirmed_payment(work, registration_id, line)
    if payment_id is None:
        await receive(work, money)
    state = LineState.KEPT if payment_id is None else LineState.MATCHED
    shown = {"registration_id": str(registration_id), "payment_id": shown_value(payment_id)}
    await _decide(work, line, state, by=by, values={"payment_id": payment_id}, **shown)
    return payment_id


async def keep(work: UnitOfWork, line_id: UUID, *, zone: ZoneInfo, by: Staff) -> None:
    """Keep a line as money of an unknown owner, which can be assigned later or go back.

    Raises:
        UnknownStatementLine, LineDecided, LineTooLarge.
    """
    line = await _open_line(work, line_id)
    await receive(work, _received(line, zone))
    await _decide(work, line, LineState.KEPT, by=by)


async def ignore(work: UnitOfWork, line_id: UUID, *, reason: str, by: Staff) -> None:
    """Decide that a line is no money of runners. Nothing is booked.

    Raises:
        UnknownStatementLine, LineDecided.
    """
    line = await _open_line(work, line_id)
    await _decide(work, line, LineState.IGNORED, by=by, values={"ignore_reason": reason}, reason=reason)


async def _open_line(work: UnitOfWork, line_id: UUID) -> StatementLine:
    """Lock a line about which nothing was decided. Of concurrent decisions the first one finds it open."""
    line = await work.session.get(StatementLine, line_id, with_for_update=True)
    if line is None:
        raise UnknownStatementLine
    if line.state != LineState.OPEN:
        raise LineDecided(state=line.state)
    return line


async def _ensure_amount(work: UnitOfWork, registration_id: UUID, line: StatementLine) -> None:
    """Check that an invoice that is not paid is over the amount of a line.

    The invoice is not loaded as an object: it would show its old status to what is called afterwards.
    """
    columns = (Invoice.status, Invoice.amount, Invoice.currency)
    found = (await work.session.execute(select(*columns).where(Invoice.registration_id == registration_id))).first()
    if found is None:
        raise InvoiceNotFound
    if found.status != InvoiceStatus.PAID and (found.amount, found.currency) != (line.amount, RUPIAH):
        raise AmountMismatch.of(found.amount, found.currency)


async def _unconfirmed_payment(work: UnitOfWork, registration_id: UUID, line: StatementLine) -> UUID | None:
    """Return the payment by a verified proof of a transfer that has no line yet, and lock it; None if there is none.

    Raises:
        AmountMismatch: it is over another amount than the line.
    """
    by_proof = (
        Payment.registration_id == registration_id,
        Payment.status == PaymentStatus.VERIFIED,
        Payment.channel == Channel.PROOF,
        Payment.payment_method == TRANSFER,
    )
    locked = select(Payment.id, Payment.amount, Payment.currency).where(*by_proof).with_for_update()
    for payment in (await work.session.execute(locked)).all():
        # A statement after the lock, so that it sees what the holder of the lock before committed.
        if (await work.session.execute(select(exists().where(StatementLine.payment_id == payment.id)))).scalar_one():
            continue
        if (payment.amount, payment.currency) != (line.amount, RUPIAH):
            raise AmountMismatch.of(payment.amount, payment.currency)
        return UUID(str(payment.id))
    return None


def _received(line: StatementLine, zone: ZoneInfo, *, registration_id: UUID | None = None) -> Received:
    if line.amount > LARGEST_AMOUNT:
        raise LineTooLarge(limit=f"{LARGEST_AMOUNT:.2f}")
    return Received(
        source=line_source(line.id),
        channel=Channel.STATEMENT,
        method=TRANSFER,
        amount=line.amount,
        currency=RUPIAH,
        received_at=received_at(line.booked_on, zone),
        registration_id=registration_id,
        reference=line.reference[:_LONGEST_REFERENCE] if line.reference else None,
    )


async def _decide(
    work: UnitOfWork,
    line: StatementLine,
    state: LineState,
    *,
    by: Staff,
    values: dict[str, Any] | None = None,
    **details: Any,
) -> None:
    decided = {"state": state.value, "decided_at": work.now, "decided_by": by.id, **(values or {})}
    for name, value in decided.items():
        setattr(line, name, value)
    await work.session.flush()
    before, after = {"state": LineState.OPEN.value}, {"state": state.value}
    await work.audit(by.actor, f"line.{state.value}", str(line.id), before=before, after=after, **details)
