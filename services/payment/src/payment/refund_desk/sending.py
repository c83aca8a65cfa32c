"""Requesting refunds from the gateway and polling their status."""

from functools import partial
from typing import Final
from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import Database

from payment.gateways.account import GatewayAccess
from payment.refund_desk import asking, commands

_REFUNDS: Final = asking.Kind(commands.claim, commands.accept_by_gateway, commands.fall_back, commands.ask_about_later)


async def send(database: Database, access: GatewayAccess, refund_id: UUID, *, by: Staff) -> None:
    """Give a refund back through the gateway; without an answer it stays asked, and the worker goes on.

    If a second person has to approve it, it waits for that instead.

    Raises:
        UnknownRefund, AlreadyRefunded, RefundNotOpen, SamePerson.
        RefundExceedsPayment, GatewayRefundNotPossible.
    """
    await asking.send(database, access, partial(commands.begin_sending, refund_id=refund_id, by=by), kind=_REFUNDS)


async def ask_about_refunds(database: Database, access: GatewayAccess) -> int:
    """Ask about refunds that are due to be asked about; return how many. Any number of workers may do so at once."""
    return await asking.ask_about(database, access, kind=_REFUNDS)
