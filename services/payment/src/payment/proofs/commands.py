"""Taking a proof in."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from chassis.auth.principals import Staff
from chassis.database import Database, UnitOfWork
from chassis.errors import OutcomeUnknown, StartlineError
from contracts import PaymentMethod

from payment.images.processing import ImageProcessor, Picture
from payment.images.store import ImageStore
from payment.invoices.commands import claim_for_proof
from payment.proofs.announce import uploaded
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.proofs.uploads import upload_lease


@dataclass(frozen=True)
class Proof:
    """What was paid, as its runner says or the staff who record it for the runner.

    `arrived_at` is when the request did; None for now.
    """

    registration_id: UUID
    payment_method: PaymentMethod
    amount: Decimal
    payment_date: datetime
    notes: str | None
    by_staff: Staff | None = None
    arrived_at: datetime | None = None


async def submit_proof(
    database: Database, image_processor: ImageProcessor, store: ImageStore, proof: Proof, file: bytes
) -> UUID:
    """Decode and keep the image in `file`, then take the invoice for it. Whatever is cheap to check comes first.

    An image whose proof is refused is not kept. One whose proof may have been stored is: it may be what a payment is
    known by, and the sweep takes it if not.

    Raises:
        InvoiceNotFound, AmountMismatch, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending, ProofInProgress.
        UnsupportedImage, TooBusy.
        Unavailable: the store does not answer.
        OutcomeUnknown: the database's answer got lost.
    """
    async with upload_lease(database, proof.registration_id, proof.amount, arrived=proof.arrived_at):
        picture = await image_processor.reencode(file)
        path = await store.put(picture, under="proofs")
        try:
            async with database.work() as work:
                return await record_proof(work, proof, picture, path)
        except OutcomeUnknown:
            raise
        except StartlineError:
            await store.delete([path])
            raise


async def record_proof(work: UnitOfWork, proof: Proof, picture: Picture, path: str) -> UUID:
    """Record the proof whose picture is stored at `path`; it waits for staff. Return the payment's id.

    Raises:
        InvoiceNotFound, AmountMismatch, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
    """
    arrived = proof.arrived_at or work.now
    invoice = await claim_for_proof(work, proof.registration_id, proof.amount, arrived=arrived)
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
        proof_content_type=picture.content_type,
        proof_sha256=picture.original_sha256,
        submitted_by=proof.by_staff.actor if proof.by_staff else "runner",
        uploaded_at=arrived,
        due_at=invoice.expires_at,
        sequence=invoice.sequence,
    )
    work.session.add(payment)
    await work.session.flush()
    work.publish(uploaded(payment), subject=payment.registration_id)
    if proof.by_staff:
        subject, registration_id = str(payment.id), str(payment.registration_id)
        await work.audit(proof.by_staff.actor, "payment.record_proof", subject, registration_id=registration_id)
    return payment.id
