"""Recording proofs of payment."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import Database, UnitOfWork
from chassis.errors import OutcomeUnknown, StartlineError
from chassis.images.processing import ImageProcessor, Picture
from chassis.images.store import ImageStore
from contracts import PaymentMethod

from payment.invoices.commands import claim_for_proof
from payment.proofs.announce import uploaded
from payment.proofs.fingerprints import Fingerprint, inspect
from payment.proofs.missing import store_fingerprint
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment
from payment.proofs.uploads import upload_lease
from payment.transfers.queries import amount_paid_by


@dataclass(frozen=True)
class Proof:
    """A proof of payment to record.

    Attributes:
        amount: what was transferred: the amount of the invoice, or the one that its payer was asked for.
        by_staff: the member of staff who records it; None for the runner.
        arrived_at: when the request arrived; None for now.
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
    """Check the invoice, store the image in `file`, record the proof, and return the payment's id.

    If the proof is refused, the image is deleted. If the outcome of the transaction is unknown, the image is kept: a
    payment may refer to it; otherwise the sweep removes it.

    Raises:
        InvoiceNotFound, AmountMismatch, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending, ProofInProgress.
        UnsupportedImage, TooBusy.
        Unavailable: the image store fails.
        OutcomeUnknown: the connection was lost during the commit.
    """
    async with upload_lease(database, proof.registration_id, proof.amount, arrived=proof.arrived_at):
        picture, fingerprint = await image_processor.run(lambda: inspect(file))
        path = await store.put(picture, under="proofs")
        try:
            async with database.work() as work:
                return await record_proof(work, proof, picture, path, fingerprint)
        except OutcomeUnknown:
            raise
        except StartlineError:
            await store.delete([path])
            raise


async def record_proof(
    work: UnitOfWork, proof: Proof, picture: Picture, path: str, fingerprint: Fingerprint | None = None
) -> UUID:
    """Record a proof whose image is stored at `path`, for review. Return the payment's id.

    Raises:
        InvoiceNotFound, AmountMismatch, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
    """
    arrived = proof.arrived_at or work.now
    amount = await amount_paid_by(work.session, proof.registration_id, proof.amount)
    invoice = await claim_for_proof(work, proof.registration_id, amount, arrived=arrived)
    payment = Payment(
        id=uuid4(),
        registration_id=proof.registration_id,
        status=PaymentStatus.UPLOADED,
        amount=amount,
        received=None if proof.amount == amount else proof.amount,
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
    await store_fingerprint(work, payment, fingerprint)
    work.publish(uploaded(payment), subject=payment.registration_id)
    if proof.by_staff:
        await work.audit(
            proof.by_staff.actor,
            "payment.record_proof",
            str(payment.id),
            registration_id=str(payment.registration_id),
            after={"status": PaymentStatus.UPLOADED.value, "amount": shown_value(proof.amount)},
        )
    return payment.id
