"""Queries for networks: their settings, and which can be used now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.usdt.keys.queries import active_key
from payment.usdt.networks.access import ChainAccess
from payment.usdt.networks.presets import PRESETS, Network, Preset
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.rates.queries import current_rate


class Reason(StrEnum):
    """Why a network cannot be used now.

    Attributes:
        NOT_OFFERED: the organiser does not offer it.
        NOT_READY: no receiving key is active.
        NO_RATE: no rate can be used.
        TROUBLE: it could not be read for long.
    """

    NOT_OFFERED = "not_offered"
    NOT_READY = "not_ready"
    NO_RATE = "no_rate"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class Offer:
    """A network as payers see it. `reason` is None if it can be used."""

    network: Network
    chain_id: int
    token_contract: bytes
    decimals: int
    confirmations: int | None
    minimum_order: Decimal
    reason: Reason | None

    @property
    def available(self) -> bool:
        """Return whether invoices can be paid on it now."""
        return self.reason is None

    @classmethod
    def of(cls, network: Network, settings: UsdtNetwork | Preset, reason: Reason | None) -> Self:
        """Return the offer of a network with these settings."""
        return cls(
            network,
            settings.chain_id,
            settings.token_contract,
            settings.decimals,
            settings.confirmations,
            settings.minimum_order,
            reason,
        )


async def offers(session: AsyncSession, access: ChainAccess, *, now: datetime) -> Sequence[Offer]:
    """Return all networks, and why those that cannot be used now cannot."""
    rows = await settings_by_network(session)
    common = await _reason_for_all(session, access, now)
    troubled = await access.troubled(session, now)
    return [_offer(network, rows.get(network), common, troubled) for network in Network]


async def _reason_for_all(session: AsyncSession, access: ChainAccess, now: datetime) -> Reason | None:
    if await active_key(session, access.box) is None:
        return Reason.NOT_READY
    return Reason.NO_RATE if await current_rate(session, now) is None else None


def _offer(network: Network, row: UsdtNetwork | None, common: Reason | None, troubled: Collection[int]) -> Offer:
    if row is None or not row.enabled:
        return Offer.of(network, row or PRESETS[network], Reason.NOT_OFFERED)
    return Offer.of(network, row, common or (Reason.TROUBLE if row.chain_id in troubled else None))


async def settings_by_network(session: AsyncSession) -> Mapping[Network, UsdtNetwork]:
    """Return the settings of the networks that the owner has configured."""
    rows = (await session.execute(select(UsdtNetwork))).scalars()
    return {Network(row.network): row for row in rows}
