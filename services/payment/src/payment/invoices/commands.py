"""Changes of invoices. Each is one conditional statement, so that of concurrent changes exactly one succeeds."""

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
from sqlalchemy import ColumnElement, Integer, case, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from payment.invoices.errors import (
    AlreadyPaid,
    AmountMismatch,
    InvoiceCancelled,
    InvoiceExpired,
    InvoiceNotFound,
    ProofPending,
)
from payment.invoices.prices import price_of
from payment.invoices.rules import InvoiceStatus, RegistrationEnd, creation_delay
from payment.invoices.tables import Invoice

NO_VERIFIER: Final = UUID(int=0)
"""`verified_by` of the payment of a registration that costs nothing."""


# The values are passed as parameters: SQLAlchemy would compile a statement that contains them for each event.
_OPEN = insert(Invoice).on_conflict_do_nothing().returning(Invoice.registration_id)


async def open_invoice(work: UnitOfWork, created: RegistrationCreated, *, registered_at: datetime) -> bool:
    """Create the invoice of a registration; return False if it existed. An invoice over nothing is paid at once.

    If the event arrived late, the deadline is moved by the delay, and `PaymentDeadlineMoved` is published.
    """
    free, lost = created.total_amount == 0, creation_delay(registered_at, work.now)
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
        "event_id": created.event.event_id,
        "category_id": created.category_id,
        "registration_type": created.registration_type,
        **price_of(created),
        "created_at": work.now,
        "updated_at": work.now,
    }
    opened = (await work.session.execute(_OPEN, [invoice])).first() is not None
    if opened and moved:
        work.publish(deadline_moved(Invoice(**invoice), at=work.now), subject=created.registration_id)
    if opened and free and created.awaits_payment:
        paid = free_of_charge(
            created.registration_id, created.currency, at=work.now, sequence=1, revision=created.revision
        )
        work.publish(paid, subject=created.registration_id)
    return opened


def deadline_moved(invoice: Invoice, *, at: datetime) -> PaymentDeadlineMoved:
    """Return the event for a deadline that was moved at `at`, the newest event of its invoice."""
    return PaymentDeadlineMoved(
        registration_id=invoice.registration_id,
        expires_at=invoice.expires_at,
        sequence=invoice.sequence,
        registration_revision=invoice.revision,
        moved_at=at,
    )


def free_of_charge(
    registration_id: UUID, currency: str, *, at: datetime, sequence: int, revision: int
) -> PaymentVerified:
    """Return the payment event of a registration that costs nothing; its payment id is derived from its id."""
    return PaymentVerified(
        payment_id=uuid5(registration_id, "nothing to pay"),
        registration_id=registration_id,
        amount=Decimal(),
        currency=currency,
        verified_at=at,
        verified_by=NO_VERIFIER,
        sequence=sequence,
        registration_revision=revision,
    )


async def close_invoice(
    work: UnitOfWork, registration_id: UUID, end: RegistrationEnd, *, revision: int, known_sequence: int | None = None
) -> None:
    """Close the invoice of a registration that ended, unless a proof is waiting or the invoice is paid.

    Idempotent; an event with an older revision changes nothing. If registration did not know payment's newest event,
    only the revision is stored: registration will handle that event and publish its new state.

    Args:
        known_sequence: sequence of the newest payment event that registration knew; None to close in any case.

    Raises:
        NotYet: the invoice does not exist yet.
    """
    knew = literal(True) if known_sequence is None else Invoice.sequence <= known_sequence
    stays = or_(~knew, Invoice.status.in_((InvoiceStatus.PROOF_UPLOADED, InvoiceStatus.PAID)))
    await _apply_revision(
        work,
        registration_id,
        revision,
        status=case((stays, Invoice.status), else_=literal(end.value)),
        registration_ended=case((knew, literal(end.value)), else_=Invoice.registration_ended),
        end_heard=case((knew, literal(known_sequence, Integer)), else_=Invoice.end_heard),
    )


async def reopen_invoice(work: UnitOfWork, reopened: RegistrationReopened) -> None:
    """Open a closed invoice again, until the later of its own and the new deadline.

    Idempotent; an event with an older revision changes nothing.

    Raises:
        NotYet: the invoice does not exist yet.
    """
    closed = Invoice.status.in_((InvoiceStatus.EXPIRED, InvoiceStatus.CANCELLED))
    await _apply_revision(
        work,
        reopened.registration_id,
        reopened.revision,
        status=case((closed, literal(InvoiceStatus.OPEN.value)), else_=Invoice.status),
        registration_ended=None,
        end_heard=None,
        expires_at=func.greatest(Invoice.expires_at, reopened.expires_at),
    )


async def _apply_revision(work: UnitOfWork, registration_id: UUID, revision: int, **changes: Any) -> None:
    """Apply `changes` to the invoice if `revision` is newer than the stored one."""
    newer = (
        update(Invoice)
        .where(Invoice.registration_id == registration_id, Invoice.revision < revision)
        .values(revision=revision, updated_at=work.now, **changes)
        .returning(Invoice.registration_id)
    )
    if (await work.session.execute(newer)).first() is None:
        await _require_newer(work.session, Invoice.revision, registration_id, revision)


async def correct_payer(work: UnitOfWork, corrected: RegistrationCorrected) -> None:
    """Store the corrected name of the person in charge, unless a newer one is stored.

    Raises:
        NotYet: the invoice does not exist yet.
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
        await _require_newer(work.session, Invoice.payer_revision, corrected.registration_id, corrected.revision)


async def _require_newer(
    session: AsyncSession, known: InstrumentedAttribute[int], registration_id: UUID, revision: int
) -> None:
    """Make sure that the invoice knows this revision or a newer one.

    Raises:
        NotYet: there is no invoice, or it was created between the statement that did not find it and this one.
    """
    found = (
        await session.execute(select(known).where(Invoice.registration_id == registration_id))
    ).scalar_one_or_none()
    if found is None or found < revision:
        raise NotYet(f"no invoice for registration {registration_id} when revision {revision} was handled")


async def claim_for_proof(work: UnitOfWork, registration_id: UUID, amount: Decimal, *, arrived: datetime) -> Invoice:
    """Set the invoice to `proof_uploaded` and return it; of concurrent proofs exactly one succeeds.

    The deadline is compared with `arrived`, not with the time after the image was stored. An expiry that was handled
    in between is undone.

    Raises:
        InvoiceNotFound, AmountMismatch, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
    """
    claim = (
        update(Invoice)
        .where(
            Invoice.registration_id == registration_id,
            or_(Invoice.status == InvoiceStatus.OPEN, _REVOCABLE_EXPIRY),
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
    await ensure_payable(work.session, registration_id, amount, now=arrived, ignore_revocable_expiry=True)
    # Not payable in the first statement, payable in the second: a proof was rejected in between. A retry will succeed.
    raise ProofPending


# An expiry that a proof in time undoes: registration did not know of the proof and will publish its new state.
_REVOCABLE_EXPIRY: Final[ColumnElement[bool]] = (Invoice.status == InvoiceStatus.EXPIRED) & Invoice.end_heard.is_not(
    None
)


async def ensure_payable(
    session: AsyncSession,
    registration_id: UUID,
    amount: Decimal | None = None,
    *,
    now: datetime,
    ignore_revocable_expiry: bool = False,
) -> None:
    """Check that a proof which arrives at `now` is acceptable.

    Args:
        amount: the amount of the form; None before the form is read, which skips that check.
        ignore_revocable_expiry: accept an invoice whose expiry a proof in time would undo.

    Raises:
        InvoiceNotFound, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending, AmountMismatch.
    """
    columns = (
        Invoice.amount,
        Invoice.currency,
        Invoice.status,
        Invoice.expires_at,
        _REVOCABLE_EXPIRY.label("revocable"),
    )
    found = (await session.execute(select(*columns).where(Invoice.registration_id == registration_id))).first()
    if found is None:
        raise InvoiceNotFound
    status = InvoiceStatus.OPEN if ignore_revocable_expiry and found.revocable else InvoiceStatus(found.status)
    require_open(status, overdue=now > found.expires_at)
    if amount is not None and found.amount != amount:
        raise AmountMismatch.of(found.amount, found.currency)


def require_open(status: InvoiceStatus, *, overdue: bool) -> None:
    """Check that an invoice is open and its deadline has not passed.

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
    """Mark the invoice as paid, also if the registration has ended. Return False if it was paid before."""
    paid = (
        update(Invoice)
        .where(Invoice.registration_id == registration_id, Invoice.status != InvoiceStatus.PAID)
        .values(status=InvoiceStatus.PAID, sequence=Invoice.sequence + 1, updated_at=work.now)
        .returning(Invoice.registration_id)
    )
    return (await work.session.execute(paid)).first() is not None


async def request_new_proof(work: UnitOfWork, registration_id: UUID, *, until: datetime) -> datetime:
    """Open the invoice for another proof, or close it if the registration has ended. Return the new deadline.

    The deadline becomes the later of the current one and `until`. An invoice that is paid stays paid.
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


async def current_versions(work: UnitOfWork, registration_id: UUID) -> tuple[int, int]:
    """Return the invoice's `sequence` and `revision`. The caller has changed the invoice and holds its row lock."""
    columns = (Invoice.sequence, Invoice.revision)
    row = (await work.session.execute(select(*columns).where(Invoice.registration_id == registration_id))).one()
    return row.sequence, row.revision
