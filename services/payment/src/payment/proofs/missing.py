"""Storing fingerprints of proofs, and computing those that are missing."""

import asyncio
from collections.abc import Sequence
from typing import Final

from chassis.database import Database, UnitOfWork
from chassis.images.errors import ImageMissing
from chassis.images.store import ImageStore
from chassis.telemetry import logger
from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import BitString, insert

from payment.proofs.fingerprints import BANDS, Fingerprint, fingerprint_of, hash_of, reference_key
from payment.proofs.phash import BITS
from payment.proofs.rules import PaymentStatus
from payment.proofs.tables import Payment, ProofFingerprint

log = logger(__name__)

_AT_ONCE: Final = 20


async def store_fingerprint(work: UnitOfWork, payment: Payment, fingerprint: Fingerprint | None) -> None:
    """Store what a proof looks like, unless that is stored; None for a picture with nothing to compare."""
    bands = fingerprint.bands if fingerprint else (None,) * BANDS
    row = {
        "payment_id": payment.id,
        "registration_id": payment.registration_id,
        "dhash": fingerprint.dhash if fingerprint else None,
        "detail": fingerprint.detail if fingerprint else None,
        "reference_key": reference_key(payment.notes),
        **{f"band_{number}": band for number, band in enumerate(bands)},
    }
    await work.session.execute(insert(ProofFingerprint).values(row).on_conflict_do_nothing())


async def fingerprint_waiting(database: Database, store: ImageStore) -> int:
    """Compute the fingerprints of some waiting proofs that a release without them took. Return how many."""
    without = ~exists().where(ProofFingerprint.payment_id == Payment.id)
    waiting = select(Payment).where(Payment.status == PaymentStatus.UPLOADED, without)
    async with database.read() as session:
        found = (await session.execute(waiting.order_by(Payment.uploaded_at).limit(_AT_ONCE))).scalars().all()
    return await _fingerprint(database, store, found)


async def hash_fingerprints(database: Database) -> int:
    """Compute the perceptual hashes of some pictures that have none, the newest first. Return how many."""
    without = (ProofFingerprint.phash.is_(None), ProofFingerprint.detail.is_not(None))
    query = select(ProofFingerprint.payment_id, ProofFingerprint.detail).where(*without)
    async with database.read() as session:
        newest = query.order_by(ProofFingerprint.seen_at.desc()).limit(_AT_ONCE)
        found = (await session.execute(newest)).all()
    for payment_id, detail in found:
        value = BitString.from_int(await asyncio.to_thread(hash_of, detail or b""), length=BITS)
        async with database.work() as work:
            hashed = update(ProofFingerprint).where(ProofFingerprint.payment_id == payment_id)
            await work.session.execute(hashed.values(phash=value))
    return len(found)


async def _fingerprint(database: Database, store: ImageStore, payments: Sequence[Payment]) -> int:
    for payment in payments:
        fingerprint = await _seen(store, payment)
        async with database.work() as work:
            await store_fingerprint(work, payment, fingerprint)
    return len(payments)


async def _seen(store: ImageStore, payment: Payment) -> Fingerprint | None:
    """Return what a stored proof looks like; None if its image is missing or cannot be read."""
    if payment.payment_proof_path is None:
        return None
    try:
        stored = await store.get(payment.payment_proof_path)
        return await asyncio.to_thread(fingerprint_of, stored)
    except (ImageMissing, OSError) as error:
        log.warning("proof_not_fingerprinted", payment=str(payment.id), error=type(error).__name__)
        return None
