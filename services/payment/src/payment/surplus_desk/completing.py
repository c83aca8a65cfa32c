"""Giving kept money back; of USDT the reference is a transaction, which is looked for on the chain.

A wrong one is corrected here, and an address entered to which they go.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy.ext.asyncio import AsyncSession

from payment.incoming import commands
from payment.incoming.errors import NoRefundDue
from payment.incoming.rules import MoneyState, money_source
from payment.ledger.rules import Channel
from payment.surplus_desk.queries import money_by_id
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


async def complete_refund(work: UnitOfWork, money_id: UUID, *, reference: str, by: Staff) -> None:
    """Record that kept money was transferred back.

    Raises:
        UnknownMoney, NoRefundDue, SamePerson.
        InvalidFields: it is in USDT, and the reference is not the hash of a transaction.
    """
    await commands.locked_money(work, money_id)  # no address is entered for it meanwhile
    owed = _owed(await money_by_id(work.session, money_id))
    tx_hash = ensure_hash(reference) if owed else None
    given = await address_given(work.session, owed) if owed else None
    address_by = given.given_by if given else None
    await commands.complete_refund(work, money_id, reference=reference, by=by, address_by=address_by)
    if owed and tx_hash:
        await expect(work, owed, tx_hash)


async def enter_address(work: UnitOfWork, money_id: UUID, sent: AddressByStaff, *, by: Staff) -> None:
    """Store where kept USDT go back, as staff know it; their runner has named no address.

    Raises:
        UnknownMoney, NoRefundDue.
        NotInUsdt, AddressOfRunner.
        InvalidFields: `network` or `address` cannot be used.
    """
    money = await commands.locked_money(work, money_id)
    if money.state != MoneyState.REFUND_DUE:
        raise NoRefundDue(state=money.state)
    await enter_address_for(work, _owed(await money_by_id(work.session, money_id)), sent, by=by)


async def correct_transaction(work: UnitOfWork, money_id: UUID, sent: Correction, *, by: Staff) -> None:
    """Record another transaction for kept USDT that went back than before, and audit that; the same changes nothing.

    Raises:
        UnknownMoney, NothingRecorded, TransactionFound.
        InvalidFields: the reference is not the hash of a transaction.
    """
    money = await commands.locked_money(work, money_id)
    owed, before = _owed(await money_by_id(work.session, money_id)), money.refund_reference
    if not await correct(work, owed, before, sent.reference):
        return
    money.refund_reference = sent.reference
    await work.session.flush()
    after = {"reference": sent.reference}
    await work.audit(
        by.actor, "money.correct", str(money_id), before={"reference": before}, after=after, reason=sent.reason
    )


async def usdt_refunds(session: AsyncSession, rows: Sequence[Any]) -> Mapping[str, UsdtRefund]:
    """Return how those of kept money that are in USDT go back, by their sources."""
    return await refunds_in_usdt(session, [owed for row in rows if (owed := _owed(row))])


def _owed(row: Any) -> Owed | None:
    if row["channel"] != Channel.USDT or row["state"] == MoneyState.ASSIGNED:
        return None
    return Owed(money_source(row["id"]), row["registration_id"], row["source"], row["amount"])
