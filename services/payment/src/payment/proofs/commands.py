"""Taking a proof in."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from chassis.database import Database, UnitOfWork
from chassis.errors import StartlineError
from contracts import PaymentMethod, PaymentUploaded

from payment.invoices.commands import claim_for_proof, ensure_payable
from payment.proofs.images import Picture
from payment.proofs.rules import PaymentStatus
from payment.proofs.store import ImageStore
from payment.proofs.tables import Payment


@dataclass(frozen=True)
class Proof:
    """What a runner says was paid, and the image that shows it."""

    registration_id: UUID
    payment_method: PaymentMethod
    amount: Decimal
    payment_date: datetime
    notes: str | None
    picture: Picture


async def submit_proof(database: Database, store: ImageStore, proof: Proof) -> UUID:
    """Keep the image, then take the invoice for it. An image whose proof is refused is not kept.

    Raises:
        InvoiceNotFound, AmountMismatch, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
        Unavailable: the store does not answer.
    """
    async with database.read() as session:
        await ensure_payable(session, proof.registration_id, proof.amount, now=database.clock())
    path = await store.keep(proof.picture, under="proofs")
    try:
        async with database.work() as work:
            return await record_proof(work, proof, path)
    except StartlineError:
        await store.drop([path])
        raise


async def record_proof(work: UnitOfWork, proof: Proof, path: str) -> UUID:
    """The proof at `path` waits for staff from now on.

    Raises:
        InvoiceNotFound, AmountMismatch, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
    """
    invoice = await claim_for_proof(work, proof.registration_id, proof.amount)
    payment = Payment(
        id=uuid4(),
        registration_id=proof.registration_id,
        status=PaymentStatus.UPLOADED,
        amount=proof.amount,
        currency=invoice.currency,
        payment_method=proof.payment_method,
        payment_date=proof.payment_date,
        notes=proof.notes,
        payment_proof_path=path,
        proof_content_type=proof.picture.content_type,
        proof_sha256=proof.picture.original_sha256,
        uploaded_at=work.now,
    )
    work.session.add(payment)
    await work.session.flush()
    work.publish(_uploaded(payment), subject=payment.registration_id)
    return payment.id


def _uploaded(payment: Payment) -> PaymentUploaded:
    return PaymentUploaded(
        payment_id=payment.id,
        registration_id=payment.registration_id,
        amount=payment.amount,
        currency=payment.currency,
        payment_method=PaymentMethod(payment.payment_method),
        uploaded_at=payment.uploaded_at,
    )
