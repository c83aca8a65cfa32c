"""Approving and completing refunds; of those in USDT the reference is a transaction, which is looked for on the chain.

A wrong one is corrected here, and an address entered to which they go.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy.ext.asyncio import AsyncSession

from payment.ledger.rules import Channel, refund_source
from payment.refund_desk.queries import refund_by_id
from payment.refunds import commands
from payment.refunds.errors import AlreadyRefunded, RefundNotOpen
from payment.refunds.rules import RefundState
from payment.usdt.pay.models import AddressByStaff, Correction
from payment.usdt.pay.returning import (
    Owed,
    UsdtRefund,
    address_given,
    correct,
    ensure_hash,
    enter_address_for,
    expect,
    refunds_in_usdt,
)


async def complete_refund(work: UnitOfWork, refund_id: UUID, *, reference: str, by: Staff) -> bool:
    """Record that a refund was transferred; return True if instead it waits for a second person now.

    An approval counts for the address that there was: if staff entered another one since, the refund waits again.

    Raises:
        UnknownRefund, AlreadyRefunded, RefundNotOpen, SamePerson, RefundExceedsPayment.
        InvalidFields: it is in USDT, and the reference is not the hash of a transaction.
    """
    owed = _owed(await refund_by_id(work.session, refund_id))
    tx_hash = ensure_hash(reference) if owed else None
    if owed and await _is_sent_elsewhere(work, refund_id, owed, by=by):
        return True
    waits = await commands.complete_refund(work, refund_id, reference=reference, by=by)
    if owed and tx_hash and not waits:
        await expect(work, owed, tx_hash)
    return waits


async def _is_sent_elsewhere(work: UnitOfWork, refund_id: UUID, owed: Owed, *, by: Staff) -> bool:
    """Withdraw the approval of a refund whose address staff entered after it; return whether that was so."""
    refund = await commands.lock_refund(work, refund_id)
    given = await address_given(work.session, owed)
    if refund.approved_at is None or given is None or given.given_by is None or given.given_at <= refund.approved_at:
        return False
    return await commands.withdraw_approval(work, refund, by=by)


async def approve_refund(work: UnitOfWork, refund_id: UUID, *, by: Staff) -> None:
    """Approve a refund as the second person: another one than asked for it, or entered the address it goes to.

    Raises:
        UnknownRefund, RefundNotOpen, SamePerson.
    """
    await commands.lock_refund(work, refund_id)  # no address is entered for it meanwhile
    owed = _owed(await refund_by_id(work.session, refund_id))
    given = await address_given(work.session, owed) if owed else None
    await commands.approve_refund(work, refund_id, by=by, address_by=given.given_by if given else None)


async def enter_address(work: UnitOfWork, refund_id: UUID, sent: AddressByStaff, *, by: Staff) -> None:
    """Store where a refund in USDT goes, as staff know it; its runner has named no address, and it did not go yet.

    One that a second person had approved waits for an approval of the address.

    Raises:
        UnknownRefund, AlreadyRefunded, RefundNotOpen.
        NotInUsdt, AddressOfRunner.
        InvalidFields: `network` or `address` cannot be used.
    """
    refund = await commands.lock_refund(work, refund_id)
    if refund.state == RefundState.DONE:
        raise AlreadyRefunded
    if refund.state not in {RefundState.WAITS_FOR_SECOND, RefundState.DUE}:
        raise RefundNotOpen(state_now=refund.state)
    owed = _owed(await refund_by_id(work.session, refund_id))
    await enter_address_for(work, owed, sent, by=by)
    await commands.withdraw_approval(work, refund, by=by)


async def correct_transaction(work: UnitOfWork, refund_id: UUID, sent: Correction, *, by: Staff) -> None:
    """Record another transaction for a refund in USDT than before, publish and audit that; the same changes nothing.

    Raises:
        UnknownRefund, NothingRecorded, TransactionFound.
        InvalidFields: the reference is not the hash of a transaction.
    """
    refund = await commands.lock_refund(work, refund_id)
    owed, before = _owed(await refund_by_id(work.session, refund_id)), refund.reference
    if not await correct(work, owed, before, sent.reference):
        return
    refund.reference, refund.corrected_at = sent.reference, work.now
    await work.session.flush()
    await commands.publish_done(work, refund)
    after = {"reference": sent.reference}
    await work.audit(
        by.actor, "refund.correct", str(refund_id), before={"reference": before}, after=after, reason=sent.reason
    )


async def usdt_refunds(session: AsyncSession, rows: Sequence[Any]) -> Mapping[str, UsdtRefund]:
    """Return how those of refunds that are in USDT go back, by their sources."""
    return await refunds_in_usdt(session, [owed for row in rows if (owed := _owed(row))])


def _owed(row: Any) -> Owed | None:
    if row["channel"] != Channel.USDT or row["state"] == RefundState.CANCELLED:
        return None
    return Owed(refund_source(row["refund_id"]), row["registration_id"], row["came_by"], row["amount"])
