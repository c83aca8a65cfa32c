"""Giving kept money back; of USDT the reference is a transaction, which is looked for on the chain."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy.ext.asyncio import AsyncSession

from payment.incoming import commands
from payment.incoming.rules import MoneyState, money_source
from payment.ledger.rules import Channel
from payment.surplus_desk.queries import money_by_id
from payment.usdt.pay.returning import Owed, UsdtRefund, ensure_hash, expect, refunds_in_usdt


async def complete_refund(work: UnitOfWork, money_id: UUID, *, reference: str, by: Staff) -> None:
    """Record that kept money was transferred back.

    Raises:
        UnknownMoney, NoRefundDue, SamePerson.
        InvalidFields: it is in USDT, and the reference is not the hash of a transaction.
    """
    owed = _owed(await money_by_id(work.session, money_id))
    tx_hash = ensure_hash(reference) if owed else None
    await commands.complete_refund(work, money_id, reference=reference, by=by)
    if owed and tx_hash:
        await expect(work, owed, tx_hash)


async def usdt_refunds(session: AsyncSession, rows: Sequence[Any]) -> Mapping[str, UsdtRefund]:
    """Return how those of kept money that are in USDT go back, by their sources."""
    return await refunds_in_usdt(session, [owed for row in rows if (owed := _owed(row))])


def _owed(row: Any) -> Owed | None:
    if row["channel"] != Channel.USDT or row["state"] == MoneyState.ASSIGNED:
        return None
    return Owed(money_source(row["id"]), row["registration_id"], row["source"], row["amount"])
