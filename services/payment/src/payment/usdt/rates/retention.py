"""Deleting rates that are of no use any more."""

from datetime import timedelta
from typing import Final

from chassis.database import Database
from chassis.portions import delete_in_portions
from sqlalchemy import not_

from payment.usdt.rates.tables import IS_CHOSEN, UsdtRate

_KEPT_FOR: Final = timedelta(days=90)


async def forget_old_rates(database: Database) -> int:
    """Delete what sources said more than 90 days ago and medians not accepted then, in portions; return how many.

    Rates that could be used for quotes are kept.
    """
    old = UsdtRate.created_at < database.clock() - _KEPT_FOR
    return await delete_in_portions(database, UsdtRate, old, not_(IS_CHOSEN))
