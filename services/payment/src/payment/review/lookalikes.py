"""Other payments with the same picture or the same reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.tables import Invoice
from payment.proofs.fingerprints import BANDS, NEAR, bands_of, is_retoned, is_same_picture, near_bands
from payment.proofs.phash import LOOKS_LIKE
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment, ProofFingerprint

_SHOWN = 3
"""Maximum of payments that a flag names; more say nothing more."""

_IN_BAND = """
    SELECT payment_id FROM (SELECT payment_id, registration_id, dhash FROM proof_fingerprints
                             WHERE band_{band} = ANY(CAST(:near_{band} AS int[])) LIMIT 3000) AS scanned
     WHERE registration_id <> :own AND bit_count((dhash # :dhash)::bit(64)) <= {near} LIMIT 100
"""
_IN_BANDS = " UNION ".join(f"({_IN_BAND.format(band=band, near=NEAR)})" for band in range(BANDS))

# Each part ends at its limit, also where a million receipts of one bank look alike. The exact hash comes first.
_NEAR = text(f"""
    WITH near AS (
        (SELECT payment_id FROM proof_fingerprints WHERE dhash = :dhash AND registration_id <> :own LIMIT 200)
        UNION {_IN_BANDS}
    )
    SELECT payment_id, detail FROM near JOIN proof_fingerprints USING (payment_id)
""")  # noqa: S608  # constants of ours


_COMPARED_FOR = timedelta(days=90)
# Without an index: the hashes of three months are read in some milliseconds. The details are read of what is found.
_LIKE = text(f"""
    SELECT payment_id, detail FROM proof_fingerprints
     WHERE phash IS NOT NULL AND seen_at > :since AND registration_id <> :own
       AND bit_count(phash # (SELECT phash FROM proof_fingerprints WHERE payment_id = :mine)) <= {LOOKS_LIKE}
     ORDER BY seen_at LIMIT 50
""")  # noqa: S608  # constants of ours


@dataclass(frozen=True)
class OtherPayment:
    """A payment of another registration."""

    payment_id: UUID
    registration_id: UUID
    registration_number: str
    status: PaymentStatus
    uploaded_at: datetime


async def same_picture(session: AsyncSession, payment: Payment) -> Sequence[OtherPayment]:
    """Return payments of other registrations whose proof is the same file or shows the same picture, oldest first."""
    same_file = Payment.proof_sha256 == payment.proof_sha256
    identical = await _others(session, payment, same_file)
    if len(identical) == _SHOWN:
        return identical
    alike = await _alike(session, payment)
    return await _others(session, payment, same_file | Payment.id.in_(alike)) if alike else identical


async def _alike(session: AsyncSession, payment: Payment) -> Sequence[UUID]:
    """Return payments whose picture is the same, perhaps scaled or compressed again.

    Receipts of one bank look alike: the hash finds candidates, and what is in the picture decides.
    """
    mine = await session.get(ProofFingerprint, payment.id)
    if mine is None or mine.dhash is None or mine.detail is None:
        return []
    near = {f"near_{number}": near_bands(band) for number, band in enumerate(bands_of(mine.dhash))}
    found = await session.execute(_NEAR, {"dhash": mine.dhash, "own": payment.registration_id, **near})
    return [row.payment_id for row in found if is_same_picture(mine.detail, row.detail)]


async def looks_like(session: AsyncSession, payment: Payment) -> Sequence[OtherPayment]:
    """Return payments of other registrations whose picture is this one in other brightness or colours, oldest first."""
    mine = await session.get(ProofFingerprint, payment.id)
    if mine is None or mine.detail is None or mine.phash is None:  # without its hash, all others would be read
        return []
    since = payment.uploaded_at - _COMPARED_FOR
    found = await session.execute(_LIKE, {"mine": payment.id, "own": payment.registration_id, "since": since})
    alike = [row.payment_id for row in found if _is_other_tone(mine.detail, row.detail)]
    return await _others(session, payment, Payment.id.in_(alike)) if alike else []


def _is_other_tone(mine: bytes, other: bytes) -> bool:
    return is_retoned(mine, other) and not is_same_picture(mine, other)


async def same_reference(session: AsyncSession, payment: Payment) -> Sequence[OtherPayment]:
    """Return payments of other registrations with the same reference in their notes, oldest first."""
    mine = await session.get(ProofFingerprint, payment.id)
    if mine is None or mine.reference_key is None:
        return []
    same = select(ProofFingerprint.payment_id).where(
        ProofFingerprint.reference_key == mine.reference_key,
        ProofFingerprint.registration_id != payment.registration_id,
    )
    return await _others(session, payment, Payment.id.in_(same.limit(200)))


async def _others(session: AsyncSession, payment: Payment, which: ColumnElement[bool]) -> Sequence[OtherPayment]:
    rows = (await session.execute(_first(which, payment.registration_id))).mappings()
    return [OtherPayment(**row) for row in rows]


def _first(which: ColumnElement[bool], own: UUID) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Payment.id.label("payment_id"),
            Payment.registration_id,
            Invoice.registration_number,
            Payment.status,
            Payment.uploaded_at,
        )
        .join(Invoice, Invoice.registration_id == Payment.registration_id)
        .where(which, Payment.registration_id != own)
        .order_by(Payment.uploaded_at, Payment.id)
        .limit(_SHOWN)
    )
