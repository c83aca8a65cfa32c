"""Deleting notifications of the gateway that are of no use any more."""

from datetime import timedelta
from typing import Final

from chassis.database import Database
from chassis.portions import delete_in_portions

from payment.charges.tables import GatewayNotice

_KEPT_FOR: Final = timedelta(days=90)


async def forget_old_notices(database: Database) -> int:
    """Delete notifications that arrived more than 90 days ago, in portions; return how many."""
    return await delete_in_portions(database, GatewayNotice, GatewayNotice.received_at < database.clock() - _KEPT_FOR)
