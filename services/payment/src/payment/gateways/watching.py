"""A gateway that stores whether the account's server key is refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from chassis.database import Database, is_unavailable
from chassis.telemetry import logger
from sqlalchemy import update

from payment.gateways.account import Account, GatewayAccess
from payment.gateways.port import (
    ChargeDetails,
    ChargeRequest,
    Gateway,
    KeyRefused,
    OrderTaken,
    OrderUnknown,
    RefundRequest,
    StatusReport,
)
from payment.gateways.tables import GatewaySettings

log = logger(__name__)

_KEY_ACCEPTED: Final = (OrderUnknown, OrderTaken)
"""Refusals that only an account gets whose key is accepted. Others may come from before the key is looked at."""


def watched(database: Database, access: GatewayAccess, account: Account) -> Gateway:
    """Return the gateway that acts for the stored account, and stores whether its server key is refused."""
    return _WatchedGateway(access.gateway(account), database, account)


@dataclass(frozen=True)
class _WatchedGateway:
    """Passes calls on. A row is written only when the answer differs from what was stored when the account was read."""

    gateway: Gateway
    database: Database
    account: Account

    async def charge(self, request: ChargeRequest) -> ChargeDetails:
        """See `Gateway`."""
        async with self._watching():
            return await self.gateway.charge(request)

    async def status(self, order_id: str) -> StatusReport:
        """See `Gateway`."""
        async with self._watching():
            return await self.gateway.status(order_id)

    async def cancel(self, order_id: str) -> None:
        """See `Gateway`."""
        async with self._watching():
            await self.gateway.cancel(order_id)

    async def refund(self, request: RefundRequest) -> None:
        """See `Gateway`."""
        async with self._watching():
            await self.gateway.refund(request)

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[None]:
        try:
            yield
        except KeyRefused:
            await self._store(is_refused=True)
            raise
        except _KEY_ACCEPTED:
            await self._store(is_refused=False)
            raise
        await self._store(is_refused=False)

    async def _store(self, *, is_refused: bool) -> None:
        """Store whether the key is refused. The answer of the gateway counts, also if the database is away."""
        if is_refused == (self.account.refused_since is not None):
            return
        try:
            await _store_refusal(self.database, self.account, is_refused=is_refused)
        except Exception as error:
            if not is_unavailable(error):
                raise
            log.warning("server_key_state_not_stored", error=type(error).__name__)


async def _store_refusal(database: Database, account: Account, *, is_refused: bool) -> None:
    """Set or clear since when the key of an account is refused, unless another key was entered meanwhile."""
    since = GatewaySettings.refused_since
    is_news = since.is_(None) if is_refused else since.is_not(None)
    same_key = GatewaySettings.midtrans_server_key == account.sealed_key
    async with database.work() as work:
        changed = update(GatewaySettings).where(same_key, is_news)
        changed = changed.values(refused_since=work.now if is_refused else None)
        stored = (await work.session.execute(changed.returning(GatewaySettings.id))).first()
    if stored is None:
        return
    if is_refused:
        log.error("server_key_refused")
    else:
        log.info("server_key_accepted_again")
