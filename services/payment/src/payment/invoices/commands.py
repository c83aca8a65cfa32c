"""What changes an invoice. Each change is one statement that says what it needs, so that races have one winner."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

from chassis.database import UnitOfWork
from chassis.errors import NotYet
from contracts import (
    PaymentDeadlineMoved,
    PaymentVerified,
    RegistrationCorrected,
    RegistrationCreated,
    RegistrationReopened,
)
from sqlalchemy import ColumnElement, Integer, case, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.errors import (
    AlreadyPaid,
    AmountMismatch,
    InvoiceCancelled,
    InvoiceExpired,
    InvoiceNotFound,
    ProofPending,
)
from payment.invoices.rules import InvoiceStatus, RegistrationEnd, time_lost
from payment.invoices.tables import Invoice

NOBODY: Final = UUID(int=0)
"""Who verified what there was no money to verify for."""


# Its values come separately: a statement that holds them is taken apart anew for each event.
_OPEN = insert(Invoice).on_conflict_do_nothing().returning(Invoice.registration_id)


async def open_invoice(work: UnitOfWork, created: RegistrationCreated, *, registered_at: datetime) -> None:
    """Ask for what the registration costs; a second time changes nothing. What costs nothing is paid at once.

    The time in which there was no invoice does not count: the deadline is later by it.
    """
    free, lost = created.total_amount == 0, time_lost(registered_at, work.now)
    moved = bool(lost) and created.awaits_payment and not free
    payer = next((each for each in created.participants if each.is_pic), created.participants[0])
    invoice = {
        "registration_id": created.registration_id,
        "registration_number": created.registration_number,
        "payer_name": payer.full_name,
        "amount": created.total_amount,
        "currency": created.currency,
        "status": InvoiceStatus.PAID if free else InvoiceStatus.OPEN,
        "expires_at": created.expires_at + lost if moved else created.expires_at,
        "revision": created.revision,
        "sequence": 1 if free or moved else 0,
        "payer_revision": created.revision,
        "created_at": work.now,
        "updated_at": work.now,
    }
    opened = (await work.session.execute(_OPEN, [invoice])).first() is not None
    if opened and moved:
        work.publish(deadline_moved(Invoice(**invoice), at=work.now), subject=created.registration_id)
    if opened and free and created.awaits_payment:
        paid = nothing_to_pay(
            created.registration_id, created.currency, at=work.now, sequence=1, revision=created.revision
        )
        work.publish(paid, subject=created.registration_id)


def deadline_moved(invoice: Invoice, *, at: datetime) -> PaymentDeadlineMoved:
    """The event for a deadline that was moved at that time, the newest news of its invoice."""
    return PaymentDeadlineMoved(
        registration_id=invoice.registration_id,
        expires_at=invoice.expires_at,
        sequence=invoice.sequence,
        registration_revision=invoice.revision,
        moved_at=at,
    )


def nothing_to_pay(
    registration_id: UUID, currency: str, *, at: datetime, sequence: int, revision: int
) -> PaymentVerified:
    """The event that stands for the payment of a registration without a price; its payment id is always the same."""
    return PaymentVerified(
        payment_id=uuid5(registration_id, "nothing to pay"),
        registration_id=registration_id,
        amount=Decimal(),
        currency=currency,
        verified_at=at,
        verified_by=NOBODY,
        sequence=sequence,
        registration_revision=revision,
    )


async def note_end(
    work: UnitOfWork, registration_id: UUID, end: RegistrationEnd, *, revision: int, heard: int | None = None
) -> None:
    """Note that the registration ended. A waiting proof and money that came keep their invoice.

    Idempotent; older news changes nothing. An end that did not know of payment's newest event changes nothing but the
    revision: registration will hear of it and speak again.

    Args:
        heard: sequence of payment's newest event that registration knew; None where that does not matter.

    Raises:
        NotYet: the invoice is still on its way.
    """
    knew = literal(True) if heard is None else Invoice.sequence <= heard
    stays = or_(~knew, Invoice.status.in_((InvoiceStatus.PROOF_UPLOADED, InvoiceStatus.PAID)))
    await _follow(
        work,
        registration_id,
        revision,
        status=case((stays, Invoice.status), else_=literal(end.value)),
        registration_ended=case((knew, literal(end.value)), else_=Invoice.registration_ended),
        end_heard=case((knew, literal(heard, Integer)), else_=Invoice.end_heard),
    )


async def note_return(work: UnitOfWork, reopened: RegistrationReopened) -> None:
    """Note that the registration lives again: a closed invoice is open, until the later of both deadlines.

    Idempotent; older news changes nothing.

    Raises:
        NotYet: the invoice is still on its way.
    """
    closed = Invoice.status.in_((InvoiceStatus.EXPIRED, InvoiceStatus.CANCELLED))
    await _follow(
        work,
        reopened.registration_id,
        reopened.revision,
        status=case((closed, literal(InvoiceStatus.OPEN.value)), else_=Invoice.status),
        registration_ended=None,
        end_heard=None,
        expires_at=func.greatest(Invoice.expires_at, reopened.expires_at),
    )


async def _follow(work: UnitOfWork, registration_id: UUID, revision: int, **changes: Any) -> None:
    """Change the invoice as news of that revision say, unless it knows newer ones."""
    newer = (
        update(Invoice)
        .where(Invoice.registration_id == registration_id, Invoice.revision < revision)
        .values(revision=revision, updated_at=work.now, **changes)
        .returning(Invoice.registration_id)
    )
    if (await work.session.execute(newer)).first() is None:
        await _expect_invoice(work.session, registration_id)


async def correct_payer(work: UnitOfWork, corrected: RegistrationCorrected) -> None:
    """Write the corrected name of the person in charge, unless the invoice has a newer one.

    Raises:
        NotYet: the invoice is still on its way.
    """
    if not corrected.participant.is_pic:
        return
    older = (
        update(Invoice)
        .where(Invoice.registration_id == corrected.registration_id, Invoice.payer_revision < corrected.revision)
        .values(payer_name=corrected.participant.full_name, payer_revision=corrected.revision, updated_at=work.now)
        .returning(Invoice.registration_id)
    )
    if (await work.session.execute(older)).first() is None:
        await _expect_invoice(work.session, corrected.registration_id)


async def _expect_invoice(session: AsyncSession, registration_id: UUID) -> None:
    if not (await session.execute(select(exists().where(Invoice.registration_id == registration_id)))).scalar_one():
        raise NotYet(f"no invoice for registration {registration_id}")


async def claim_for_proof(work: UnitOfWork, registration_id: UUID, amount: Decimal, *, arrived: datetime) -> Invoice:
    """Take the invoice for one proof that arrived in time: of several at once exactly one gets it.

    How long its image took to store does not count, nor does an expiry that was heard meanwhile.

    Raises:
        InvoiceNotFound, AmountMismatch, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
    """
    claim = (
        update(Invoice)
        .where(
            Invoice.registration_id == registration_id,
            or_(Invoice.status == InvoiceStatus.OPEN, _OVERTAKEN),
            Invoice.expires_at >= arrived,
            Invoice.amount == amount,
        )
        .values(
            status=InvoiceStatus.PROOF_UPLOADED,
            registration_ended=None,
            end_heard=None,
            sequence=Invoice.sequence + 1,
            updated_at=work.now,
        )
        .returning(Invoice)
    )
    claimed = (await work.session.execute(claim)).scalar_one_or_none()
    if claimed is not None:
        return claimed
    await ensure_payable(work.session, registration_id, amount, now=arrived, under_way=True)
    # It was not payable a moment ago and is now: somebody's proof was just rejected. The runner may try again.
    raise ProofPending


# An expiry that can be undone by a proof in time: it did not know of it, and its registration speaks again.
_OVERTAKEN: Final[ColumnElement[bool]] = (Invoice.status == InvoiceStatus.EXPIRED) & Invoice.end_heard.is_not(None)


async def ensure_payable(
    session: AsyncSession,
    registration_id: UUID,
    amount: Decimal | None = None,
    *,
    now: datetime,
    under_way: bool = False,
) -> None:
    """Check whether a proof that arrived at `now` would be accepted, as far as is known.

    Args:
        amount: None before the form is read.
        under_way: whether it was acceptable when it arrived; an expiry heard since then does not count.

    Raises:
        InvoiceNotFound, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending, AmountMismatch.
    """
    columns = (Invoice.amount, Invoice.currency, Invoice.status, Invoice.expires_at, _OVERTAKEN.label("overtaken"))
    found = (await session.execute(select(*columns).where(Invoice.registration_id == registration_id))).first()
    if found is None:
        raise InvoiceNotFound
    status = InvoiceStatus.OPEN if under_way and found.overtaken else InvoiceStatus(found.status)
    refuse_if_closed(status, overdue=now > found.expires_at)
    if amount is not None and found.amount != amount:
        raise AmountMismatch.of(found.amount, found.currency)


def refuse_if_closed(status: InvoiceStatus, *, overdue: bool) -> None:
    """Let only an open invoice pass whose deadline is ahead.

    Raises:
        InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
    """
    match status:
        case InvoiceStatus.PAID:
            raise AlreadyPaid
        case InvoiceStatus.PROOF_UPLOADED:
            raise ProofPending
        case InvoiceStatus.CANCELLED:
            raise InvoiceCancelled
        case InvoiceStatus.EXPIRED:
            raise InvoiceExpired
        case InvoiceStatus.OPEN if overdue:
            raise InvoiceExpired


async def mark_paid(work: UnitOfWork, registration_id: UUID) -> bool:
    """Mark the invoice as paid, whatever became of the registration. Return False if it was paid before."""
    paid = (
        update(Invoice)
        .where(Invoice.registration_id == registration_id, Invoice.status != InvoiceStatus.PAID)
        .values(status=InvoiceStatus.PAID, sequence=Invoice.sequence + 1, updated_at=work.now)
        .returning(Invoice.registration_id)
    )
    return (await work.session.execute(paid)).first() is not None


async def ask_again(work: UnitOfWork, registration_id: UUID, *, until: datetime) -> datetime:
    """Open the invoice for another proof, or close it now if the registration has ended. Return the deadline.

    A deadline that was later anyway stays, and so does an invoice that another payment has paid.
    """
    ended, paid = Invoice.registration_ended, Invoice.status == InvoiceStatus.PAID
    again = (
        update(Invoice)
        .where(Invoice.registration_id == registration_id)
        .values(
            status=case((paid, Invoice.status), else_=func.coalesce(ended, literal(InvoiceStatus.OPEN.value))),
            expires_at=case((ended.is_(None), func.greatest(Invoice.expires_at, until)), else_=work.now),
            sequence=Invoice.sequence + 1,
            updated_at=work.now,
        )
        .returning(Invoice.expires_at)
    )
    deadline: datetime = (await work.session.execute(again)).scalar_one()
    return deadline


async def newest_news(work: UnitOfWork, registration_id: UUID) -> tuple[int, int]:
    """Return the sequence of the invoice's newest event and the newest known revision of its registration.

    The caller has just changed the invoice and holds its row lock.
    """
    columns = (Invoice.sequence, Invoice.revision)
    row = (await work.session.execute(select(*columns).where(Invoice.registration_id == registration_id))).one()
    return row.sequence, row.revision
