"""Comparing balances with the transfers that were found: whatever a node left out of its answers shows in a balance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from chassis.database import Database
from chassis.telemetry import logger
from sqlalchemy import and_, func, or_, select, update

from payment.usdt.evm.addresses import checksum
from payment.usdt.evm.rpc import Endpoint
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.quotes.tables import PaymentAddress
from payment.usdt.watch.failures import FAILURES
from payment.usdt.watch.nodes import Nodes
from payment.usdt.watch.queries import watched_networks
from payment.usdt.watch.rescan import find_missed, unproven
from payment.usdt.watch.rules import TransferState, Trouble
from payment.usdt.watch.storing import add
from payment.usdt.watch.tables import BlockchainTransaction, ChainCursor

log = logger(__name__)

EVERY: Final = timedelta(hours=20)
"""Least time between two sweeps of an address."""
SWEPT_AFTER: Final = timedelta(days=60)
"""For how long an address is swept after passes no longer look for transfers to it."""

_AT_ONCE: Final = 200
_DEEP: Final = 64
"""Blocks below the newest; most nodes know the balances after the last 128 blocks, and finality may be older."""
_AGAIN: Final = timedelta(hours=1)
_FORGOTTEN: Final = timedelta(hours=26)
"""A difference that no sweep has found for so long is none any more."""

Row = BlockchainTransaction


@dataclass(frozen=True, slots=True)
class Address:
    """An address to sweep; `swept_at` is when it was before."""

    registration_id: UUID
    address: bytes
    created_at: datetime
    swept_at: datetime | None


@dataclass(frozen=True, slots=True)
class Differences:
    """Addresses with more, and with less, than their transfers add up to. Less is usual: the owner took it out."""

    more: Sequence[Address]
    less: Sequence[Address]


async def sweep_balances(database: Database, nodes: Nodes) -> int:
    """Sweep the addresses that are due, on each network; return how many. Any number of processes may do so at once.

    Missed transfers are stored and confirmed as others are. Each difference is a trouble of its network.
    """
    async with database.read() as session:
        networks = await watched_networks(session, database.clock())
    total = 0
    while networks and (addresses := await _claim(database)):
        total += len(addresses)
        swept = [await _sweep(database, nodes, each, addresses) for each in networks]
        if not all(swept):
            await _postpone(database, addresses)
    return total


async def _claim(database: Database) -> Sequence[Address]:
    """Return the addresses that are due the longest, which are taken as swept now."""
    async with database.work() as work:
        before = func.coalesce(PaymentAddress.swept_at, PaymentAddress.created_at)
        due = (before <= work.now - EVERY, PaymentAddress.watch_until > work.now - SWEPT_AFTER)
        query = select(PaymentAddress).where(*due).order_by(before).limit(_AT_ONCE).with_for_update(skip_locked=True)
        rows = (await work.session.scalars(query)).all()
        claimed = [Address(row.registration_id, row.address, row.created_at, row.swept_at) for row in rows]
        for row in rows:
            row.swept_at = work.now
        return claimed


async def _postpone(database: Database, addresses: Sequence[Address]) -> None:
    """Let addresses be due in a while, as a network could not be asked."""
    these = PaymentAddress.registration_id.in_([each.registration_id for each in addresses])
    async with database.work() as work:
        await work.session.execute(update(PaymentAddress).where(these).values(swept_at=work.now - EVERY + _AGAIN))


async def _sweep(database: Database, nodes: Nodes, network: UsdtNetwork, addresses: Sequence[Address]) -> bool:
    """Sweep addresses on a network. Return False if no endpoint answered."""
    async with database.read() as session:
        cursor = await session.get(ChainCursor, network.chain_id)
    if cursor is None or cursor.scanned_block is None or cursor.confirmed_block is None or cursor.stopped:
        return True
    block = max(cursor.confirmed_block, cursor.scanned_block - _DEEP)
    for node in nodes.of(network):
        try:
            await _sweep_at(database, await node.trusted(), network, block, addresses)
        except FAILURES as error:
            log.warning("balances_not_read", host=node.endpoint.host, error=str(error))
            continue
        return True
    return False


async def _sweep_at(
    database: Database, endpoint: Endpoint, network: UsdtNetwork, block: int, addresses: Sequence[Address]
) -> None:
    """Sweep addresses as of a block.

    Raises:
        Moved, EndpointError.
    """
    found = await _compare(database, endpoint, network, block, addresses)
    if found.more:
        await _trouble(database, network, found.more)
        missed = await find_missed(
            endpoint,
            [each.address for each in found.more],
            tokens=[network.token_contract],
            since=min(each.created_at for each in found.more),
            last=block,
        )
        async with database.work() as work:
            await add(work, network, missed)
    if disputed := await _disputed(database, endpoint, network, found.less):
        await _trouble(database, network, disputed)
    elif not found.more:
        await _forget_trouble(database, network)


async def _compare(
    database: Database, endpoint: Endpoint, network: UsdtNetwork, block: int, addresses: Sequence[Address]
) -> Differences:
    holders = [each.address for each in addresses]
    balances = await endpoint.balances(network.token_contract, holders, block)
    received = await _received(database, network, block, holders)
    compared = [
        (each, balance - received.get(each.address, 0)) for each, balance in zip(addresses, balances, strict=True)
    ]
    return Differences(
        more=[each for each, difference in compared if difference > 0],
        less=[each for each, difference in compared if difference < 0],
    )


async def _received(
    database: Database, network: UsdtNetwork, block: int, holders: Sequence[bytes]
) -> Mapping[bytes, int]:
    """Return what each address received up to a block, in the token's smallest unit."""
    these = (
        Row.chain_id == network.chain_id,
        Row.token == network.token_contract,
        Row.recipient.in_(holders),
        Row.state != TransferState.FAILED,
        Row.block_number <= block,
    )
    query = select(Row.recipient, func.sum(Row.units)).where(*these).group_by(Row.recipient)
    async with database.read() as session:
        return {recipient: int(units) for recipient, units in (await session.execute(query)).all()}


async def _disputed(
    database: Database, endpoint: Endpoint, network: UsdtNetwork, addresses: Sequence[Address]
) -> Sequence[Address]:
    """Return the addresses with confirmed transfers, since their last sweep, of which the receipts know nothing."""
    if not addresses:
        return []
    fresh = or_(
        *(
            and_(Row.recipient == each.address, Row.confirmed_at > (each.swept_at or each.created_at))
            for each in addresses
        )
    )
    this = (Row.chain_id == network.chain_id, Row.token == network.token_contract, fresh)
    columns = (Row.tx_hash, Row.recipient, Row.units)
    async with database.read() as session:
        stored = (await session.execute(select(*columns).where(*this))).all()
    claimed = [(tx_hash, recipient, int(units)) for tx_hash, recipient, units in stored]
    wrong = await unproven(endpoint, network.token_contract, claimed)
    return [each for each in addresses if each.address in wrong]


async def _trouble(database: Database, network: UsdtNetwork, addresses: Sequence[Address]) -> None:
    shown = [checksum(each.address) for each in addresses[:3]]
    log.error("balance_differs", network=network.network, addresses=len(addresses), first=shown)
    async with database.work() as work:
        values = {"trouble": Trouble.BALANCE_DIFFERS, "trouble_since": work.now}
        this = ChainCursor.chain_id == network.chain_id
        await work.session.execute(update(ChainCursor).where(this).values(values))


async def _forget_trouble(database: Database, network: UsdtNetwork) -> None:
    async with database.work() as work:
        these = (
            ChainCursor.chain_id == network.chain_id,
            ChainCursor.trouble == Trouble.BALANCE_DIFFERS,
            ChainCursor.trouble_since <= work.now - _FORGOTTEN,
        )
        await work.session.execute(update(ChainCursor).where(*these).values(trouble=None, trouble_since=None))
