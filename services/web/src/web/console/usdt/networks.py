"""The networks on which runners can pay: whether they do now, and how their chains are read."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chassis.errors import NotFound
from fastapi import Request, Response

from web.console.access import Owner
from web.console.apis import Failure, Payment, StaffApi
from web.console.menu import ROOT
from web.console.pages import console_page, done
from web.console.routing import ConsoleRouter
from web.console.usdt.models import Chain, Chains, Network, Networks, Offer, Offers
from web.networks import network_of
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/usdt/networks"
_CHAINS: Final = "/usdt/chains"


@dataclass(frozen=True)
class Row:
    """A network with what runners have of it, and how its chain is read; None if that is not known."""

    settings: Network
    offer: Offer | None
    chain: Chain | None

    @property
    def name(self) -> str:
        """Return the name of the network."""
        return network_of(self.settings.network).name

    def state(self, now: datetime) -> str:
        """Return how it is: `new`, `off`, `stopped`, `trouble`, `not_read`, `late` or `works`."""
        if self.settings.updated_at is None or not self.settings.enabled:
            return "off" if self.settings.updated_at else "new"
        if self.chain is None or self.chain.updated_at is None:
            return "not_read"
        if self.chain.stopped or self.chain.trouble:
            return "stopped" if self.chain.stopped else "trouble"
        return "late" if self.chain.is_late(now) else "works"


@router.page(PATH)
async def list_networks(request: Request, staff: Owner, payment: Payment) -> Response:
    """List the networks with their health."""
    return _page(request, staff, await _rows(payment))


@router.action(f"{PATH}/{{network}}/resume")
async def resume_network(request: Request, network: str, staff: Owner, payment: Payment) -> Response:
    """Let a network that has stopped be read again."""
    rows = await _rows(payment)
    if network not in {each.settings.network for each in rows}:
        raise NotFound
    failure = await payment.change("POST", f"{_CHAINS}/{network}/resume")
    return done(request, ROOT + PATH, "resumed") if failure is None else _page(request, staff, rows, failure)


async def _rows(payment: StaffApi) -> Sequence[Row]:
    settings, offers, chains = await asyncio.gather(
        payment.get(Networks, f"{PATH}/settings"), payment.get(Offers, PATH), payment.get(Chains, _CHAINS)
    )
    of_runners = {each.network: each for each in offers.items}
    read = {each.network: each for each in chains.items}
    return [Row(each, of_runners.get(each.network), read.get(each.network)) for each in settings.items]


def _page(request: Request, staff: StaffSession, rows: Sequence[Row], failure: Failure | None = None) -> Response:
    return console_page(
        request,
        staff,
        "usdt/networks.html",
        status=failure.status if failure else 200,
        rows=rows,
        message=failure.message if failure else None,
        now=request.app.state.clock(),
    )
