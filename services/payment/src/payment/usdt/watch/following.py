"""Following the networks: one process at a time makes a pass over each, and one that fails hides no other."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.database import Database
from chassis.telemetry import logger

from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.watch.cursors import Lease, LeaseLost, claim, give_up
from payment.usdt.watch.failures import NotRead
from payment.usdt.watch.headers import MARGIN
from payment.usdt.watch.nodes import Nodes
from payment.usdt.watch.passes import Taken, take_pass
from payment.usdt.watch.queries import oldest_watched, watched_addresses, watched_networks
from payment.usdt.watch.reading import Reading
from payment.usdt.watch.rules import Trouble
from payment.usdt.watch.storing import load, store

log = logger(__name__)

_LONGEST: Final = 100.0
"""Seconds for a pass: more than twice `Reading.longest`, as the second look may take as long. Less than its lease."""
_OLDEST_HEAD: Final = timedelta(minutes=5)
"""All networks make a block within seconds."""
_EARLIEST_START: Final = timedelta(days=1)
"""How far before now the first pass over a network begins at most, if there are addresses for so long."""

Settle = Callable[[UUID], Awaitable[None]]
"""Called, after a pass was stored, with each registration whose transfers it changed."""


async def watch_all(database: Database, nodes: Nodes, settle: Settle) -> None:
    """Make a pass over each network to read, all at the same time. Any number of processes may do so."""
    async with database.read() as session:
        networks = await watched_networks(session, database.clock())
    outcomes = await asyncio.gather(
        *(_follow(database, nodes, each, settle) for each in networks), return_exceptions=True
    )
    for network, error in zip(networks, outcomes, strict=True):
        if isinstance(error, BaseException):
            log.error("network_not_watched", network=network.network, error=type(error).__name__, exc_info=error)


async def _follow(database: Database, nodes: Nodes, network: UsdtNetwork, settle: Settle) -> None:
    await settle_each(settle, sorted(await watch_network(database, nodes, network)))


async def settle_each(settle: Settle, registrations: Iterable[UUID]) -> None:
    """Call `settle` with each registration. One that fails is logged, and keeps no other waiting."""
    for registration_id in registrations:
        try:
            await settle(registration_id)
        except Exception:
            log.exception("transfers_not_settled", registration=str(registration_id))


async def watch_network(database: Database, nodes: Nodes, network: UsdtNetwork) -> frozenset[UUID]:
    """Make a pass over a network and return the registrations whose transfers it changed.

    Nothing is done while another process makes one, while the network rests, and after it was stopped. It is stopped
    when no endpoint has any of the blocks that were remembered: a person has to look.
    """
    lease = await claim(database, network.chain_id)
    if lease is None:
        return frozenset()
    try:
        taken = await _pass(database, nodes, network, lease)
        return await _stored(database, lease, network, taken)
    except NotRead as error:
        return await _given_up(database, lease, error.trouble, stop=error.is_too_deep)
    except Exception:
        await _given_up(database, lease, Trouble.FAILED)
        raise


async def _pass(database: Database, nodes: Nodes, network: UsdtNetwork, lease: Lease) -> Taken:
    """Read the network while no transaction is open.

    Raises:
        NotRead: also if it takes too long.
    """
    now = database.clock()
    async with database.read() as session:
        memory = await load(session, lease)
        since = _since(lease, await oldest_watched(session, now), now)

    async def addresses() -> Sequence[bytes]:
        async with database.read() as session:
            return await watched_addresses(session, now)

    how = _reading(network, since, now)
    try:
        async with asyncio.timeout(_LONGEST):
            return await take_pass(nodes.of(network), memory, how, addresses, begin_with=lease.endpoint)
    except TimeoutError:
        raise NotRead([Trouble.DOWN]) from None


def _since(lease: Lease, oldest: datetime | None, now: datetime) -> datetime:
    """Return from when on a chain is read of which no block is remembered."""
    if lease.confirmed_time is not None:
        return lease.confirmed_time - MARGIN
    return max((oldest or now) - MARGIN, now - _EARLIEST_START)


def _reading(network: UsdtNetwork, since: datetime, now: datetime) -> Reading:
    return Reading(
        confirmations=network.confirmations,
        since=since,
        oldest_head=now - _OLDEST_HEAD,
        tokens=None if network.all_tokens else [network.token_contract],
    )


async def _stored(database: Database, lease: Lease, network: UsdtNetwork, taken: Taken) -> frozenset[UUID]:
    try:
        async with database.work() as work:
            changed = await store(work, lease, network, taken)
    except LeaseLost:
        log.warning("pass_not_stored", network=network.network)
        return frozenset()
    for tx_hash, log_index in taken.plan.lost:
        log.error("confirmed_transfer_lost", network=network.network, tx=tx_hash.hex(), log_index=log_index)
    return changed


async def _given_up(database: Database, lease: Lease, trouble: Trouble, *, stop: bool = False) -> frozenset[UUID]:
    try:
        await give_up(database, lease, trouble, stop=stop)
    except LeaseLost:
        log.warning("trouble_not_stored", chain_id=lease.chain_id, trouble=trouble)
    if stop:
        log.error("network_stopped", chain_id=lease.chain_id)
    return frozenset()
