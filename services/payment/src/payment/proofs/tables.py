"""Payments, uploads in progress, and the state of the image sweep."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class Payment(Base):
    """A payment with its proof. A unique index allows one that is not rejected per registration.

    Attributes:
        uploaded_at: when the request with the proof arrived.
        due_at: the deadline at that time; null in rows of older releases.
        sequence: the invoice's sequence in the newest event about this payment; 0 in rows of older releases.
        registration_revision: the invoice's revision at the verification; null in rows of older releases.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("status IN ('uploaded', 'verified', 'rejected')", name="status"),
        CheckConstraint("payment_method IN ('qris', 'bank_transfer')", name="payment_method"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("length(notes) <= 2000", name="notes"),
        CheckConstraint("submitted_by = 'runner' OR submitted_by ~ '^staff:[0-9a-f-]{36}$'", name="submitted_by"),
        CheckConstraint(
            "(status = 'verified') = (verified_at IS NOT NULL) AND (verified_at IS NULL) = (verified_by IS NULL)",
            name="verified",
        ),
        CheckConstraint(
            "(status = 'rejected') = (rejected_at IS NOT NULL)"
            " AND (rejected_at IS NULL) = (rejected_by IS NULL)"
            " AND (rejected_at IS NULL) = (rejection_reason IS NULL)",
            name="rejected",
        ),
        Index(
            "uq_payments_registration_id_live",
            "registration_id",
            unique=True,
            postgresql_where=text("status <> 'rejected'"),
        ),
        Index("ix_payments_registration_id_uploaded_at", "registration_id", "uploaded_at"),
        Index("ix_payments_desk", text("(status <> 'uploaded')"), "uploaded_at", "id"),
        Index("ix_payments_proof_sha256", "proof_sha256"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.registration_id"))
    status: Mapped[str] = mapped_column(String(20))
    amount: Mapped[Decimal] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(3))
    payment_method: Mapped[str] = mapped_column(String(20))
    payment_date: Mapped[datetime]
    notes: Mapped[str | None]
    payment_proof_path: Mapped[str] = mapped_column(String(255), unique=True)
    proof_content_type: Mapped[str] = mapped_column(String(50))
    proof_sha256: Mapped[str] = mapped_column(String(64))
    submitted_by: Mapped[str] = mapped_column(String(50), server_default="runner")
    uploaded_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[UUID | None]
    rejected_at: Mapped[datetime | None]
    rejected_by: Mapped[UUID | None]
    rejection_reason: Mapped[str | None]
    due_at: Mapped[datetime | None]
    sequence: Mapped[int] = mapped_column(server_default="0")
    registration_revision: Mapped[int | None]


class ImageSweep(Base):
    """The state of the image sweep of older releases, which may still run. This release does not use it."""

    __tablename__ = "image_sweeps"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    quiet_until: Mapped[datetime]
    seen_until: Mapped[datetime]


class ProofUpload(Base):
    """The lease that allows one upload per registration at a time. After a crash it ends at `ends_at`."""

    __tablename__ = "proof_uploads"

    registration_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.registration_id"), primary_key=True)
    upload_id: Mapped[UUID]
    ends_at: Mapped[datetime]
