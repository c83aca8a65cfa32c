"""A lease that allows one upload per registration at a time, over all processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from chassis.database import Database, UnitOfWork, is_unavailable
from chassis.telemetry import logger
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from payment.invoices.commands import ensure_payable
from payment.proofs.errors import ProofInProgress
from payment.proofs.tables import ProofUpload
from payment.transfers.queries import amount_paid_by

log = logger(__name__)

_LEASE = timedelta(minutes=2)
"""Longer than a full image queue takes; after a crash the runner has to wait this long."""


@asynccontextmanager
async def upload_lease(
    database: Database, registration_id: UUID, amount: Decimal, *, arrived: datetime | None = None
) -> AsyncIterator[None]:
    """Hold the upload lease of a registration while its image is decoded and stored. No transaction is open.

    Args:
        amount: what was transferred.
        arrived: when the request arrived, which is compared with the deadline; None for now.

    Raises:
        ProofInProgress: another upload holds the lease.
        InvoiceNotFound, AmountMismatch, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
    """
    async with database.work() as work:
        await ensure_payable(work.session, registration_id, now=arrived or work.now, ignore_revocable_expiry=True)
        await amount_paid_by(work.session, registration_id, amount)
        upload_id = await begin_upload(work, registration_id)
    try:
        yield
    finally:
        await _end(database, upload_id, registration_id)


async def begin_upload(work: UnitOfWork, registration_id: UUID) -> UUID:
    """Acquire the lease of a registration if it is free or has ended. Return its id.

    Raises:
        ProofInProgress.
    """
    lease = {"upload_id": uuid4(), "ends_at": work.now + _LEASE}
    taken = (
        insert(ProofUpload)
        .values(registration_id=registration_id, **lease)
        .on_conflict_do_update(index_elements=["registration_id"], set_=lease, where=ProofUpload.ends_at <= work.now)
        .returning(ProofUpload.upload_id)
    )
    upload_id = (await work.session.execute(taken)).scalar_one_or_none()
    if upload_id is None:
        raise ProofInProgress.until(await _remaining(work, registration_id))
    return upload_id


async def _remaining(work: UnitOfWork, registration_id: UUID) -> timedelta:
    """Return the time until the lease ends; zero if it has just ended."""
    ends_at = await work.session.scalar(
        select(ProofUpload.ends_at).where(ProofUpload.registration_id == registration_id)
    )
    return ends_at - work.now if ends_at else timedelta()


async def _end(database: Database, upload_id: UUID, registration_id: UUID) -> None:
    mine = (ProofUpload.registration_id == registration_id, ProofUpload.upload_id == upload_id)
    try:
        async with database.work() as work:
            await work.session.execute(delete(ProofUpload).where(*mine))
    except Exception as error:
        if not is_unavailable(error):
            raise
        log.warning("upload_lease_kept", error=type(error).__name__)  # it ends on its own
