"""Routes that say how far the chains were read, and that let a stopped one be read again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from chassis.auth.access import Finance, Owner
from chassis.web.dependencies import Read, Work
from chassis.web.models import View
from chassis.web.problems import errors
from chassis.web.routing import Router
from sqlalchemy import select

from payment.usdt.networks.presets import Network
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.pay.errors import NotConfigured
from payment.usdt.watch.commands import resume
from payment.usdt.watch.tables import ChainCursor

_OF_NETWORK: Final = {"network", "chain_id", "enabled"}

router = Router(prefix="/usdt/chains", tags=["usdt"])


class ChainView(View):
    """How far the chain of a network was read; null before the first time. `trouble` is why it cannot be."""

    network: str
    chain_id: int
    enabled: bool
    head_block: int | None
    head_time: datetime | None
    scanned_time: datetime | None
    confirmed_block: int | None
    confirmed_time: datetime | None
    trouble: str | None
    trouble_since: datetime | None
    stopped: bool | None
    updated_at: datetime | None


class Chains(View):
    """The chains of all configured networks."""

    items: Sequence[ChainView]


@router.get("")
async def list_chains(_: Finance, session: Read) -> Chains:
    """Return how far the chain of each configured network was read."""
    of = ChainCursor.chain_id == UsdtNetwork.chain_id
    columns = [getattr(ChainCursor, name) for name in ChainView.model_fields.keys() - _OF_NETWORK]
    query = select(UsdtNetwork.network, UsdtNetwork.chain_id, UsdtNetwork.enabled, *columns)
    rows = await session.execute(query.join(ChainCursor, of, isouter=True).order_by(UsdtNetwork.network))
    return Chains(items=[ChainView.model_validate(row) for row in rows.all()])


@router.post("/{network}/resume", status_code=204, responses=errors(NotConfigured))
async def read_again(network: Network, staff: Owner, work: Work) -> None:
    """Let a network be read again that was stopped: none of the remembered blocks was of its chain. Idempotent."""
    found = await work.session.get(UsdtNetwork, network.value)
    if found is None:
        raise NotConfigured
    await resume(work, found.chain_id, by=staff)
