"""Requesting refunds of kept money from the gateway and polling their status."""

from functools import partial
from typing import Final
from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import Database

from payment.gateways.account import GatewayAccess
from payment.refund_desk import asking
from payment.surplus_desk import commands

_KEPT_MONEY: Final = asking.Kind(
    commands.claim, commands.accept_by_gateway, commands.fall_back, commands.ask_about_later
)


async def send(database: Database, access: GatewayAccess, money_id: UUID, *, by: Staff) -> None:
    """Give kept money back through the gateway; without an answer it stays asked, and the worker goes on.

    Raises:
        UnknownMoney, NoRefundDue, SamePerson.
        GatewayRefundNotPossible.
    """
    begin = partial(commands.begin_sending, money_id=money_id, by=by)
    await asking.send(database, access, begin, kind=_KEPT_MONEY)


async def ask_about_kept_money(database: Database, access: GatewayAccess) -> int:
    """Ask about kept money that is due to be asked about; return how many. Any number of workers may do so at once."""
    return await asking.ask_about(database, access, kind=_KEPT_MONEY)
