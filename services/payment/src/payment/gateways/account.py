"""The account at Midtrans: reading it, changing it, and the gateway that acts for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import httpx
from chassis.audit_log import before_and_after
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from chassis.errors import InvalidFields
from chassis.secrets import SecretBox, UnreadableSecret
from chassis.wording import Wording
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from payment.gateways.midtrans import PRODUCTION_URL, SANDBOX_URL, Midtrans
from payment.gateways.port import SHORTEST, Bank, Gateway
from payment.gateways.tables import GatewaySettings

_SANDBOX_KEY: Final = "SB-Mid-server-"
_PRODUCTION_KEY: Final = "Mid-server-"

QRIS: Final = "qris"
OFFERS: Final = (QRIS, *(bank.value for bank in Bank))
"""What an organiser may offer: QRIS, and virtual accounts by bank."""

NO_SERVER_KEY: Final = Wording(
    en="is not a server key: it starts with `Mid-server-`, or `SB-Mid-server-` in the sandbox",
    id="bukan server key: awalannya `Mid-server-`, atau `SB-Mid-server-` di sandbox",
)


class Mode(StrEnum):
    """Whether an account moves real money. The server key says so."""

    SANDBOX = "sandbox"
    PRODUCTION = "production"


@dataclass(frozen=True)
class Account:
    """The merchant's account at Midtrans, and what it offers to runners.

    Attributes:
        sealed_key: the server key as it is stored; empty if it is not.
        refused_since: when Midtrans first refused the stored key; None if it did not, or accepted it since.
    """

    server_key: str = field(repr=False)
    merchant_id: str | None
    offers: Sequence[str]
    sealed_key: str = field(default="", repr=False)
    refused_since: datetime | None = None

    @property
    def mode(self) -> Mode:
        """Return whether the account moves real money."""
        return Mode.SANDBOX if self.server_key.startswith(_SANDBOX_KEY) else Mode.PRODUCTION


@dataclass(frozen=True)
class GatewayAccess:
    """What is needed to act for the account: the keys that decrypt it, the address, and the connections.

    Attributes:
        base_url: of the API; empty for that of the account's mode. Only sandbox accounts use another one.
        shortest: how long a charge has to be payable.
    """

    box: SecretBox
    http: httpx.AsyncClient
    base_url: str = ""
    shortest: timedelta = SHORTEST

    async def account(self, session: AsyncSession) -> Account | None:
        """Return the account; None if there is none, or if no configured key decrypts it."""
        row = (await session.execute(select(GatewaySettings))).scalar_one()
        if row.midtrans_server_key is None:
            return None
        try:
            key = self.box.open(row.midtrans_server_key)
        except UnreadableSecret:
            return None
        return Account(key, row.midtrans_merchant_id, row.midtrans_offers, row.midtrans_server_key, row.refused_since)

    async def is_stored(self, session: AsyncSession) -> bool:
        """Return whether there is an account, also one that no configured key decrypts."""
        key = await session.scalar(select(GatewaySettings.midtrans_server_key))
        return key is not None

    def gateway(self, account: Account) -> Gateway:
        """Return the gateway that acts for an account. Its key is sent to no other address than Midtrans's own."""
        official = PRODUCTION_URL if account.mode is Mode.PRODUCTION else SANDBOX_URL
        other = self.base_url if account.mode is Mode.SANDBOX else ""
        return Midtrans(base_url=other or official, server_key=account.server_key, http=self.http)


@dataclass(frozen=True)
class AccountChange:
    """New values of the account. The stored server key stays if `server_key` is None and `keep_key` is True."""

    merchant_id: str | None
    offers: Sequence[str]
    server_key: str | None
    keep_key: bool


def check_form(server_key: str) -> None:
    """Check that a server key has the form of one.

    Raises:
        InvalidFields.
    """
    if not server_key.startswith((_SANDBOX_KEY, _PRODUCTION_KEY)):
        raise InvalidFields(("server_key", NO_SERVER_KEY))


async def change_account(work: UnitOfWork, change: AccountChange, box: SecretBox, *, by: Staff) -> None:
    """Store the account, and audit which fields changed. Of another server key no refusal is known.

    Raises:
        InvalidFields: the server key has not the form of one.
    """
    if change.server_key is not None:
        check_form(change.server_key)
    row = (await work.session.execute(select(GatewaySettings).with_for_update())).scalar_one()
    values = {"midtrans_merchant_id": change.merchant_id, "midtrans_offers": list(change.offers)}
    if not change.keep_key:
        values["midtrans_server_key"] = None if change.server_key is None else box.seal(change.server_key)
    before = {name: getattr(row, name) for name in values}
    unaudited: dict[str, datetime | None] = {"updated_at": work.now}
    if not change.keep_key:
        unaudited["refused_since"] = None
    await work.session.execute(update(GatewaySettings).values(**values, **unaudited))
    changed = before_and_after(before, values, named_only=("midtrans_server_key", "midtrans_merchant_id"))
    await work.audit(by.actor, "gateway_settings.change", "gateway_settings", **changed)
