"""Queries for what is watched, and for networks that are in trouble."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.quotes.tables import PaymentAddress
from payment.usdt.watch.rules import Trouble
from payment.usdt.watch.tables import ChainCursor

LONG: Final = timedelta(minutes=20)
"""Trouble for as long is more than a network's own hiccups. It is less than a quote holds."""


async def watched_networks(session: AsyncSession, now: datetime) -> Sequence[UsdtNetwork]:
    """Return the settings of the networks to read: those that are offered, and those that were switched off of late.

    The latter are read as long as an address is watched that was given before the switch: its payer may pay on them.
    Every change of the settings counts as the switch, as the time of the switch itself is not stored.
    """
    was_read = exists().where(ChainCursor.chain_id == UsdtNetwork.chain_id)
    given = exists().where(PaymentAddress.watch_until > now, PaymentAddress.created_at <= UsdtNetwork.updated_at)
    query = select(UsdtNetwork).where(or_(UsdtNetwork.enabled, and_(was_read, given))).order_by(UsdtNetwork.network)
    return (await session.scalars(query)).all()


async def watched_addresses(session: AsyncSession, now: datetime) -> Sequence[bytes]:
    """Return the addresses to which transfers are looked for."""
    query = select(PaymentAddress.address).where(PaymentAddress.watch_until > now).order_by(PaymentAddress.address)
    return (await session.scalars(query)).all()


async def oldest_watched(session: AsyncSession, now: datetime) -> datetime | None:
    """Return since when the oldest watched address exists; None if there is none."""
    query = select(func.min(PaymentAddress.created_at)).where(PaymentAddress.watch_until > now)
    return (await session.execute(query)).scalar_one()


async def troubled(session: AsyncSession, now: datetime) -> Collection[int]:
    """Return the chain ids of networks that were stopped or have not been read for long.

    A balance that differs is for staff, and keeps no network from being offered.
    """
    failing = and_(ChainCursor.trouble != Trouble.BALANCE_DIFFERS, ChainCursor.trouble_since <= now - LONG)
    unread = ChainCursor.updated_at <= now - LONG
    return (await session.scalars(select(ChainCursor.chain_id).where(or_(ChainCursor.stopped, failing, unread)))).all()
