"""Payments, what their proofs look like, uploads in progress, and the state of the image sweep."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from chassis.tables import Money
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import BIT, BitString
from sqlalchemy.orm import Mapped, mapped_column

from payment.base import Base


class Payment(Base):
    """A payment, and its proof if it has one. A unique index allows one that is not rejected per registration.

    Attributes:
        channel: how it was found. One by `proof` has a picture; others were found by a gateway or in a statement.
        source: what it was found by, such as `charge:<id>`, so that it is recorded once; null for proofs.
        superseded_by: the payment that paid the invoice while this one waited; null unless it was rejected for that.
        received: what came in, if its payer was asked for another amount than the invoice's, which is `amount`.
        booked: whether the ledger has its movement; older releases leave that to a job of the worker.
        booked_at_price: that movement is over `amount`, as `received` became known later; another one corrects it.
        uploaded_at: when the request with the proof arrived.
        due_at: the deadline at that time; null in rows of older releases.
        sequence: the invoice's sequence in the newest event about this payment; 0 in rows of older releases.
        registration_revision: the invoice's revision at the verification; null in rows of older releases.
        event_id: the race, with `category_id` and `registration_type` copied from the invoice by a trigger, for sums.
        checked_by: the first of two people who verify it, at `checked_at`; it stays `uploaded` for the second.
        refund_total: sum of its refunds that are not cancelled; a trigger on these keeps it.
        taken_back: what a bank or the gateway took back, by a reversal or chargeback; that is none of its refunds.
        leased_by: the member of staff who looks at it, until `leased_until`.
        held_outcome: a decision that takes effect at `held_until`, with its maker, time and reason, and the revision of
            the registration that payment knew then. Counts only while the status is `uploaded`.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("status IN ('uploaded', 'verified', 'rejected')", name="status"),
        CheckConstraint("payment_method IN ('qris', 'bank_transfer', 'usdt')", name="payment_method"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("received > 0 AND received <> amount", name="received"),
        CheckConstraint("NOT booked_at_price OR received IS NOT NULL", name="booked_at_price"),
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
        CheckConstraint("channel IN ('proof', 'midtrans', 'statement', 'usdt')", name="channel"),
        CheckConstraint(
            "(channel = 'proof') = (payment_proof_path IS NOT NULL)"
            " AND (channel = 'proof') = (proof_content_type IS NOT NULL)"
            " AND (channel = 'proof') = (proof_sha256 IS NOT NULL) AND (channel = 'proof') = (source IS NULL)",
            name="proof_or_source",
        ),
        CheckConstraint("superseded_by IS NULL OR status = 'rejected'", name="superseded"),
        CheckConstraint(
            "(checked_by IS NULL) = (checked_at IS NULL)"
            " AND (checked_by IS NULL OR verified_by IS NULL OR checked_by <> verified_by)",
            name="checked",
        ),
        CheckConstraint("refund_total BETWEEN 0 AND coalesce(received, amount)", name="refund_total"),
        CheckConstraint("(leased_by IS NULL) = (leased_until IS NULL)", name="leased"),
        CheckConstraint(
            "(held_outcome IS NULL) = (held_until IS NULL) AND (held_outcome IS NULL) = (held_by IS NULL)"
            " AND (held_outcome IS NULL) = (held_at IS NULL) AND (held_outcome IS NULL) = (held_revision IS NULL)"
            " AND (held_outcome IS NOT DISTINCT FROM 'rejected') = (held_reason IS NOT NULL)"
            " AND held_outcome IN ('verified', 'rejected')",
            name="held",
        ),
        Index(
            "uq_payments_registration_id_live",
            "registration_id",
            unique=True,
            postgresql_where=text("status <> 'rejected'"),
        ),
        Index("ix_payments_registration_id_uploaded_at", "registration_id", "uploaded_at"),
        Index("ix_payments_desk", text("(status <> 'uploaded')"), "uploaded_at", "id"),
        Index("ix_payments_desk_of_race", "event_id", text("(status <> 'uploaded')"), "uploaded_at", "id"),
        Index("ix_payments_proof_sha256", "proof_sha256"),
        Index("uq_payments_source", "source", unique=True),
        Index("ix_payments_unbooked", "id", postgresql_where=text("status = 'verified' AND NOT booked")),
        Index("ix_payments_held", "held_until", postgresql_where=text("held_until IS NOT NULL")),
        Index(
            "ix_payments_leased_by",
            "leased_by",
            postgresql_where=text("leased_by IS NOT NULL AND status = 'uploaded'"),
        ),
        Index("ix_payments_queue", "uploaded_at", "id", postgresql_where=text("status = 'uploaded'")),
        Index("ix_payments_waiting", "event_id", "uploaded_at", postgresql_where=text("status = 'uploaded'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    registration_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.registration_id"))
    status: Mapped[str] = mapped_column(String(20))
    amount: Mapped[Decimal] = mapped_column(Money)
    received: Mapped[Decimal | None] = mapped_column(Money)
    currency: Mapped[str] = mapped_column(String(3))
    payment_method: Mapped[str] = mapped_column(String(20))
    payment_date: Mapped[datetime]
    notes: Mapped[str | None]
    channel: Mapped[str] = mapped_column(String(20), server_default="proof")
    source: Mapped[str | None] = mapped_column(String(100))
    payment_proof_path: Mapped[str | None] = mapped_column(String(255), unique=True)
    proof_content_type: Mapped[str | None] = mapped_column(String(50))
    proof_sha256: Mapped[str | None] = mapped_column(String(64))
    superseded_by: Mapped[UUID | None]
    booked: Mapped[bool] = mapped_column(server_default="false")
    booked_at_price: Mapped[bool] = mapped_column(server_default="false")
    submitted_by: Mapped[str] = mapped_column(String(50), server_default="runner")
    uploaded_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[UUID | None]
    checked_at: Mapped[datetime | None]
    checked_by: Mapped[UUID | None]
    refund_total: Mapped[Decimal] = mapped_column(Money, server_default="0")
    taken_back: Mapped[Decimal] = mapped_column(Money, server_default="0")
    rejected_at: Mapped[datetime | None]
    rejected_by: Mapped[UUID | None]
    rejection_reason: Mapped[str | None]
    due_at: Mapped[datetime | None]
    sequence: Mapped[int] = mapped_column(server_default="0")
    registration_revision: Mapped[int | None]
    event_id: Mapped[UUID | None]
    category_id: Mapped[UUID | None]
    registration_type: Mapped[str | None] = mapped_column(String(30))
    leased_by: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    held_outcome: Mapped[str | None] = mapped_column(String(20))
    held_reason: Mapped[str | None]
    held_by: Mapped[UUID | None]
    held_at: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    held_revision: Mapped[int | None]


class ProofFingerprint(Base):
    """What a proof looks like, and the reference in its notes. Null where there is nothing to compare.

    Attributes:
        dhash: a difference hash of the picture; `band_0` to `band_3` are its parts of 16 bits, which are indexed.
        detail: the picture in few cells, compressed.
        phash: a perceptual hash of 1024 bits, null until a job of the worker has computed it.
        reference_key: equal for notes with the same words.
    """

    __tablename__ = "proof_fingerprints"
    __table_args__ = (
        Index("ix_proof_fingerprints_dhash", "dhash"),
        *(Index(f"ix_proof_fingerprints_band_{number}", f"band_{number}") for number in range(4)),
        Index(
            "ix_proof_fingerprints_reference_key",
            "reference_key",
            postgresql_where=text("reference_key IS NOT NULL"),
        ),
        Index("ix_proof_fingerprints_seen_at", "seen_at", postgresql_where=text("phash IS NOT NULL")),
        Index(
            "ix_proof_fingerprints_without_phash",
            "seen_at",
            postgresql_where=text("phash IS NULL AND detail IS NOT NULL"),
        ),
    )

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id", ondelete="CASCADE"), primary_key=True)
    registration_id: Mapped[UUID]
    dhash: Mapped[int | None] = mapped_column(BigInteger)
    band_0: Mapped[int | None] = mapped_column(Integer)
    band_1: Mapped[int | None] = mapped_column(Integer)
    band_2: Mapped[int | None] = mapped_column(Integer)
    band_3: Mapped[int | None] = mapped_column(Integer)
    detail: Mapped[bytes | None] = mapped_column(LargeBinary)
    reference_key: Mapped[str | None] = mapped_column(String(64))
    phash: Mapped[BitString | None] = mapped_column(BIT(1024))
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


# A literal, as in the partial indexes: a condition with a bound parameter would not use them.
WAITING: Final[ColumnElement[bool]] = literal_column("payments.status = 'uploaded'", Boolean)
"""Whether a payment waits for a decision, also if one is held."""


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
