"""Decisions about lines of statements. Of concurrent decisions about one line exactly one is taken."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from payment.incoming.commands import receive
from payment.incoming.paying import pay_invoice
from payment.incoming.rules import Received
from payment.instructions.queries import second_check_from
from payment.invoices.commands import NO_VERIFIER
from payment.invoices.errors import AlreadyPaid, AmountMismatch, InvoiceNotFound
from payment.invoices.queries import payable_amount
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice, TransferAmount
from payment.ledger.rules import Channel
from payment.proofs.booking import correct_received
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.second_person import SamePerson, needs_second
from payment.statements.holding import is_held
from payment.statements.line_errors import HELD, LineDecided, LineTooLarge, TwoPeopleAssign, UnknownStatementLine
from payment.statements.matching import Kind
from payment.statements.model import RUPIAH
from payment.statements.rules import LARGEST_AMOUNT, LineState, line_source, part_source, received_at
from payment.statements.tables import ImportedStatement, LinePayment, StatementLine
from payment.transfers.queries import amount_paid_by

TRANSFER: Final = "bank_transfer"
_LONGEST_REFERENCE: Final = 255


async def accept(work: UnitOfWork, line_id: UUID, registration_id: UUID, *, zone: ZoneInfo, by: Staff) -> UUID | None:
    """Let a line pay the invoice of a registration, or confirm the proof that paid it. Return the payment's id.

    A proof that waits is superseded. Return None if the invoice was paid otherwise: the money is kept as surplus.

    Raises:
        UnknownStatementLine, LineDecided, LineTooLarge.
        InvoiceNotFound, AmountMismatch, TwoPeopleAssign, SamePerson.
    """
    line = await open_line(work, line_id)
    await _ensure_two_people(work.session, line, {registration_id: line.amount}, by=by.id)
    money = _received(line, zone, registration_id=registration_id)
    payment_id = await _pay(work, money, by=by.id)
    if payment_id is None:
        await receive(work, money)
    state = LineState.KEPT if payment_id is None else LineState.MATCHED
    paid = [] if payment_id is None else [payment_id]
    await _decide(work, line, state, by=by.id, actor=by.actor, payments=paid, registration_id=str(registration_id))
    return payment_id


async def accept_sum(
    work: UnitOfWork, line_id: UUID, registration_ids: Sequence[UUID], *, zone: ZoneInfo, by: Staff
) -> Sequence[UUID]:
    """Let a line pay the invoices of several registrations, whose amounts it is the sum of; all of them or none.

    Return the ids of the payments. A proof that paid one of them is confirmed, as by a line of its own.

    Raises:
        UnknownStatementLine, LineDecided, LineTooLarge.
        InvoiceNotFound, AmountMismatch, TwoPeopleAssign, SamePerson.
        AlreadyPaid: one of them is paid, and not by a proof that waits for its line.
    """
    line = await open_line(work, line_id)
    parts = await _split(work, line, registration_ids)
    await _ensure_two_people(work.session, line, parts, by=by.id)
    payments: list[UUID] = []
    # In one order in all transactions, so that concurrent sums of the same registrations do not deadlock.
    for registration_id, amount in sorted(parts.items()):
        source = part_source(line.id, registration_id)
        money = _received(line, zone, registration_id=registration_id, amount=amount, source=source)
        payment_id = await _pay(work, money, by=by.id)
        if payment_id is None:
            raise AlreadyPaid(registration_id=str(registration_id))
        payments.append(payment_id)
    shown = sorted(map(str, registration_ids))
    await _decide(work, line, LineState.MATCHED, by=by.id, actor=by.actor, payments=payments, registrations=shown)
    return payments


async def accept_sure(work: UnitOfWork, line: StatementLine, registration_id: UUID, *, zone: ZoneInfo) -> None:
    """Accept a locked, open line as its match says. The line's reason says why.

    Raises:
        LineDecided, LineTooLarge.
        InvoiceNotFound, AmountMismatch.
        AlreadyPaid: it would be surplus, and stays open for a person.
        SamePerson: it needs two people, of whom the one who sent the statement is the first.
    """
    await _ensure_not_held(work, line)
    await _ensure_two_people(work.session, line, {registration_id: line.amount}, by=NO_VERIFIER)
    payment_id = await _pay(work, _received(line, zone, registration_id=registration_id), by=NO_VERIFIER)
    if payment_id is None:
        raise AlreadyPaid(registration_id=str(registration_id))
    shown: dict[str, Any] = {"registration_id": str(registration_id), "tier": line.tier, "reason": line.reason}
    await _decide(work, line, LineState.MATCHED, by=NO_VERIFIER, actor="system", payments=[payment_id], **shown)


async def match(
    work: UnitOfWork, line: StatementLine, payment_id: UUID, registration_id: UUID, *, by: UUID, actor: str
) -> None:
    """Let a locked, open line confirm a payment that was verified by its proof."""
    shown = str(registration_id)
    await _decide(work, line, LineState.MATCHED, by=by, actor=actor, payments=[payment_id], registration_id=shown)


async def keep(work: UnitOfWork, line_id: UUID, *, zone: ZoneInfo, by: Staff) -> None:
    """Keep a line as money of an unknown owner, which can be assigned later or go back.

    Raises:
        UnknownStatementLine, LineDecided, LineTooLarge.
    """
    line = await open_line(work, line_id)
    await receive(work, _received(line, zone))
    await _decide(work, line, LineState.KEPT, by=by.id, actor=by.actor)


async def ignore(work: UnitOfWork, line_id: UUID, *, reason: str, by: Staff) -> None:
    """Decide that a line is no money of runners. Nothing is booked.

    Raises:
        UnknownStatementLine, LineDecided.
    """
    line = await open_line(work, line_id)
    line.ignore_reason = reason
    await _decide(work, line, LineState.IGNORED, by=by.id, actor=by.actor, reason=reason)


async def open_line(work: UnitOfWork, line_id: UUID) -> StatementLine:
    """Lock a line about which nothing was decided. Of concurrent decisions the first one finds it open.

    Raises:
        UnknownStatementLine, LineDecided.
    """
    line = await work.session.get(StatementLine, line_id, with_for_update=True)
    if line is None:
        raise UnknownStatementLine
    if line.state != LineState.OPEN:
        raise LineDecided(state=line.state)
    await _ensure_not_held(work, line)
    return line


async def _ensure_not_held(work: UnitOfWork, line: StatementLine) -> None:
    if await is_held(work.session, line):
        raise LineDecided(state=HELD)


async def _ensure_two_people(
    session: AsyncSession, line: StatementLine, parts: Mapping[UUID, Decimal], *, by: UUID
) -> None:
    """Check that no person alone gives a large part of a line to a registration.

    A line that is sure is accepted as it was proposed by another person than sent its statement. A registration that is
    paid already is not paid by its part, whose line confirms a proof or is kept.

    Raises:
        TwoPeopleAssign: one of the parts needs two people, and the line is not sure.
        SamePerson: it is, and `by` sent the statement, or is no person.
        InvoiceNotFound, AmountMismatch: that part pays no invoice.
    """
    limit = await second_check_from(session)
    is_sure = line.kind == Kind.ACCEPT and {*line.proposed} == {*map(str, parts)}
    for registration_id, amount in parts.items():
        if not needs_second(amount, limit) or await _is_paid(session, registration_id):
            continue
        if not is_sure:
            await amount_paid_by(session, registration_id, amount, RUPIAH)
            raise TwoPeopleAssign
        if by in {NO_VERIFIER, await _sender_of(session, line)}:
            raise SamePerson


async def _sender_of(session: AsyncSession, line: StatementLine) -> UUID:
    """Return who uploaded the statement of a line."""
    sender = select(ImportedStatement.uploaded_by).where(ImportedStatement.id == line.statement_id)
    return (await session.execute(sender)).scalar_one()


async def _pay(work: UnitOfWork, money: Received, *, by: UUID) -> UUID | None:
    """Pay the invoice of a registration, or find the proof that paid it. Return None if it was paid otherwise.

    Raises:
        InvoiceNotFound, AmountMismatch: nothing was changed.
    """
    assert money.registration_id is not None  # noqa: S101  # given by all callers
    paid = await pay_invoice(work, money, by=by)
    if paid is None:
        await _ensure_amount(work, money.registration_id, money.amount)
        paid = await _unconfirmed_payment(work, money)
    return paid


async def _ensure_amount(work: UnitOfWork, registration_id: UUID, amount: Decimal) -> None:
    """Check that an invoice that is not paid is over an amount, or its payer was asked for that."""
    if not await _is_paid(work.session, registration_id):
        await amount_paid_by(work.session, registration_id, amount, RUPIAH)


async def _is_paid(session: AsyncSession, registration_id: UUID) -> bool:
    """Return whether an invoice is paid, which it stays.

    The invoice is not loaded as an object: it would show its old status to what is called afterwards.
    """
    status = select(Invoice.status).where(Invoice.registration_id == registration_id)
    return (await session.execute(status)).scalar_one_or_none() == InvoiceStatus.PAID


async def _unconfirmed_payment(work: UnitOfWork, money: Received) -> UUID | None:
    """Return the payment by a verified proof of a transfer that has no line yet, and lock it; None if there is none.

    One that was verified at its price may have come in over the amount that its payer was asked for.

    Raises:
        AmountMismatch: it is over another amount than the line.
    """
    by_proof = (
        Payment.registration_id == money.registration_id,
        Payment.status == PaymentStatus.VERIFIED,
        Payment.channel == Channel.PROOF,
        Payment.payment_method == TRANSFER,
    )
    locked = select(Payment).where(*by_proof).with_for_update().execution_options(populate_existing=True)
    for payment in (await work.session.execute(locked)).scalars():
        # A statement after the lock, so that it sees what the holder of the lock before committed.
        if (await work.session.execute(select(exists().where(LinePayment.payment_id == payment.id)))).scalar_one():
            continue
        came_in = payment.received or payment.amount
        if (came_in, payment.currency) != (money.amount, RUPIAH):
            if not await _came_in_as_asked(work, payment, money):
                raise AmountMismatch.of(came_in, payment.currency)
            await correct_received(work, payment, money.amount)
        return payment.id
    return None


async def _came_in_as_asked(work: UnitOfWork, payment: Payment, money: Received) -> bool:
    """Return whether money is what the payer of a payment that was verified at its price was asked for.

    False if more than that goes back already.
    """
    if payment.received is not None or payment.currency != RUPIAH or payment.refund_total > money.amount:
        return False
    return await payable_amount(work.session, payment.registration_id) == money.amount


async def _split(work: UnitOfWork, line: StatementLine, registration_ids: Sequence[UUID]) -> dict[UUID, Decimal]:
    """Return what of a line is for each registration: the amount of its invoice, or the one asked for.

    Raises:
        InvoiceNotFound: also of a registration that costs nothing.
        AmountMismatch: the line is not their sum; `expected` is.
    """
    asked = TransferAmount.registration_id == Invoice.registration_id
    proof = Payment.registration_id == Invoice.registration_id
    verified = (Payment.status == PaymentStatus.VERIFIED) & (Payment.channel == Channel.PROOF)
    columns = (Invoice.registration_id, Invoice.amount, TransferAmount.payable_amount, Payment.received)
    query = select(*columns).join_from(Invoice, TransferAmount, asked, isouter=True)
    query = query.join(Payment, proof & verified, isouter=True)
    query = query.where(Invoice.registration_id.in_(registration_ids), Invoice.amount > 0)
    rows = (await work.session.execute(query)).all()
    if {row.registration_id for row in rows} != set(registration_ids):
        raise InvoiceNotFound
    # What is most likely first: what the proof says came in, the amount asked for, the invoice's.
    choices = [[each for each in (row.received, row.payable_amount, row.amount) if each is not None] for row in rows]
    for amounts in product(*choices):
        if sum(amounts) == line.amount:
            return {row.registration_id: amount for row, amount in zip(rows, amounts, strict=True)}
    raise AmountMismatch.of(sum((each[0] for each in choices), start=Decimal()), RUPIAH)


def _received(
    line: StatementLine,
    zone: ZoneInfo,
    *,
    registration_id: UUID | None = None,
    amount: Decimal | None = None,
    source: str | None = None,
) -> Received:
    if line.amount > LARGEST_AMOUNT:
        raise LineTooLarge(limit=f"{LARGEST_AMOUNT:.2f}")
    return Received(
        source=source or line_source(line.id),
        channel=Channel.STATEMENT,
        method=TRANSFER,
        amount=line.amount if amount is None else amount,
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
    by: UUID,
    actor: str,
    payments: Sequence[UUID] = (),
    **details: Any,
) -> None:
    """Store a decision about a line, with the payments that it is or confirms.

    A trigger stores the first of them in `LinePayment`, as for lines that the release before decides about.
    """
    line.state, line.decided_at, line.decided_by = state.value, work.now, by
    line.payment_id = payments[0] if payments else None
    await work.session.flush()
    if others := payments[1:]:
        rows = [{"payment_id": each, "line_id": line.id} for each in others]
        await work.session.execute(insert(LinePayment).values(rows))
    before, after = {"state": LineState.OPEN.value}, {"state": state.value}
    details["payment_id"] = shown_value(line.payment_id)
    await work.audit(actor, f"line.{state.value}", str(line.id), before=before, after=after, **details)
