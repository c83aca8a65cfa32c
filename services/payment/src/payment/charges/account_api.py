"""Routes for the account at the payment gateway, for admins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from chassis.auth.access import Admin
from chassis.errors import InvalidFields
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.models import Body, Line, OrNone, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from pydantic import Field

from payment.dependencies import OwnGateway
from payment.gateways.account import Account, AccountChange, Mode, change_account
from payment.gateways.trial import KeyCheck, try_key

router = Router(prefix="/settings/midtrans", tags=["gateway"])

Offer = Literal["qris", "bca", "bni", "bri", "cimb", "mandiri", "permata"]


class AccountView(View):
    """The account at Midtrans. The server key is never returned; `mode` is null if there is none, or none readable.

    `refused_since` is when Midtrans first refused the stored key with 401; null once it accepts a call with it.
    """

    mode: Mode | None
    merchant_id: str | None
    offers: Sequence[Offer]
    refused_since: datetime | None = None

    @classmethod
    def of(cls, account: Account | None) -> "AccountView":
        """Build the view of an account; None for no account."""
        if account is None:
            return cls(mode=None, merchant_id=None, offers=())
        return cls.model_validate(account)


class ChangedAccount(AccountView):
    """The account after a change. `key_check` is what the trial of a new server key showed; null without a new one."""

    key_check: KeyCheck | None = None


class NewAccount(Body):
    """The account. `server_key` stays if it is absent, and is removed by null."""

    merchant_id: OrNone[Annotated[Line, Field(max_length=100)]] = None
    offers: list[Offer] = Field(default_factory=list, max_length=7)
    server_key: OrNone[Annotated[Line, Field(max_length=200)]] = None


@router.get("")
async def show_account(_: Admin, session: Read, gateway: OwnGateway) -> AccountView:
    """Return the account."""
    return AccountView.of(await gateway.account(session))


@router.put("", responses=errors(InvalidFields))
async def change(body: NewAccount, staff: Admin, database: OwnDatabase, gateway: OwnGateway) -> ChangedAccount:
    """Replace the account. A new server key is tried first; without an answer of Midtrans it is stored untried."""
    checked = None if body.server_key is None else await try_key(gateway, body.server_key)
    keep = "server_key" not in body.model_fields_set
    new = AccountChange(body.merchant_id, body.offers, body.server_key, keep)
    async with database.work() as work:
        await change_account(work, new, gateway.box, by=staff)
        stored = AccountView.of(await gateway.account(work.session))
    return ChangedAccount(**stored.model_dump(), key_check=checked)
