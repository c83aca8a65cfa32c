"""Looking for the transactions with which USDT went back. No endpoint is asked inside a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

from chassis.database import Database, UnitOfWork
from chassis.telemetry import logger
from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from payment.usdt.evm.amounts import to_units
from payment.usdt.evm.models import Transfer
from payment.usdt.evm.rpc import Endpoint
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.returns.rules import PAYS, Found, next_look, state_of
from payment.usdt.returns.tables import RefundCheck
from payment.usdt.watch.failures import FAILURES
from payment.usdt.watch.nodes import Nodes
from payment.usdt.watch.rules import TransferKind, TransferState
from payment.usdt.watch.tables import BlockchainTransaction

log = logger(__name__)

_LEASE: Final = timedelta(minutes=5)
"""For which no other process looks for a transaction; longer than all time-outs of the most endpoints of a network."""

Row = BlockchainTransaction


@dataclass(frozen=True, slots=True)
class _Due:
    source: str
    tx_hash: bytes
    network: UsdtNetwork


async def check_refunds(database: Database, nodes: Nodes) -> int:
    """Look for the transactions that are due to be looked for; return how many. Several processes may do so at once."""
    total = 0
    while due := await _claim(database):
        found = await _look(nodes, due)
        async with database.work() as work:
            await _store(work, due, found)
        total += 1
    return total


async def _claim(database: Database) -> _Due | None:
    """Lease and return what is due for longest; None if nothing is. The lease is enough for one, not for several."""
    async with database.work() as work:
        query = (
            select(RefundCheck, UsdtNetwork)
            .join(UsdtNetwork, UsdtNetwork.network == RefundCheck.network)
            .where(RefundCheck.look_at <= work.now)
            .order_by(RefundCheck.look_at)
            .limit(1)
            .with_for_update(of=RefundCheck, skip_locked=True)
        )
        row = (await work.session.execute(query)).one_or_none()
        if row is None:
            return None
        check, network = row
        check.look_at = work.now + _LEASE
        return _Due(check.source, check.tx_hash, network)


async def _look(nodes: Nodes, due: _Due) -> Found | None:
    """Return what the first endpoint that has a transaction says of it; None if no endpoint answers."""
    answer = None
    for node in nodes.of(due.network):
        try:
            answer = await _found(await node.trusted(), due)
        except FAILURES as error:
            log.warning("refund_not_looked_for", host=node.endpoint.host, error=str(error))
            continue
        if answer.transfers:
            return answer
    return answer


async def _found(endpoint: Endpoint, due: _Due) -> Found:
    """Return what an endpoint says of a transaction.

    Raises:
        EndpointError.
    """
    transfers = await endpoint.transfers_of(due.tx_hash)
    if not transfers:
        return Found()
    final = await _final(endpoint, due.network.confirmations)
    block = await endpoint.block(transfers[0].block)
    if block is None or block.hash != transfers[0].block_hash:
        return Found()
    return Found(transfers, block.timestamp, is_final=block.number <= final)


async def _final(endpoint: Endpoint, confirmations: int | None) -> int:
    if confirmations is None:
        return (await endpoint.head("finalized")).number
    return (await endpoint.head()).number - confirmations + 1


async def _store(work: UnitOfWork, due: _Due, found: Found | None) -> None:
    check = await work.session.get_one(RefundCheck, due.source, with_for_update=True, populate_existing=True)
    if check.tx_hash != due.tx_hash:  # corrected since, and due
        return
    if found is None:
        check.look_at = next_look(Found(), check.created_at, work.now)
        return
    paid = found.to(due.network.token_contract, check.address)
    before, check.state = check.state, state_of(found, paid, await _needed(work, check, due.network))
    check.checked_at, check.look_at = work.now, next_look(found, check.created_at, work.now)
    await _keep(work, due, found, paid if check.state in PAYS else ())
    await work.session.flush()
    if check.state != before:
        after = {"state": check.state.value}
        await work.audit("system", "usdt_refund.check", check.source, before={"state": before}, after=after)


async def _needed(work: UnitOfWork, check: RefundCheck, network: UsdtNetwork) -> int:
    """Return what a transaction has to pay the address: all that was recorded as paid by it, in the smallest unit."""
    by_it = (
        RefundCheck.network == check.network,
        RefundCheck.address == check.address,
        RefundCheck.tx_hash == check.tx_hash,
    )
    needed = await work.session.scalar(select(func.sum(RefundCheck.amount)).where(*by_it))
    return to_units(needed or check.amount, network.decimals)


async def _keep(work: UnitOfWork, due: _Due, found: Found, paid: Sequence[Transfer]) -> None:
    """Store the transfers that pay a refund; those that the chain does not have there any more have failed."""
    of_it = (Row.chain_id == due.network.chain_id, Row.tx_hash == due.tx_hash, Row.kind == TransferKind.REFUND)
    stays = [(each.log_index, each.block_hash) for each in found.transfers]
    gone = (*of_it, Row.state == TransferState.PENDING, tuple_(Row.log_index, Row.block_hash).not_in(stays))
    await work.session.execute(update(Row).where(*gone).values(state=TransferState.FAILED, failed_at=work.now))
    if paid:
        await work.session.execute(_upsert([_columns(work, due, found, each) for each in paid]))


def _columns(work: UnitOfWork, due: _Due, found: Found, transfer: Transfer) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "chain_id": due.network.chain_id,
        "tx_hash": transfer.tx_hash,
        "log_index": transfer.log_index,
        "block_number": transfer.block,
        "block_hash": transfer.block_hash,
        "block_time": found.block_time,
        "token": transfer.token,
        "sender": transfer.sender,
        "recipient": transfer.recipient,
        "units": Decimal(transfer.units),
        "kind": TransferKind.REFUND,
        "state": TransferState.CONFIRMED if found.is_final else TransferState.PENDING,
        "seen_at": work.now,
        "confirmed_at": work.now if found.is_final else None,
        "failed_at": None,
    }


_CHANGES: Final = ("block_number", "block_hash", "block_time", "state", "confirmed_at", "failed_at")


def _upsert(rows: Sequence[dict[str, Any]]) -> Any:
    new = insert(Row).values(rows)
    return new.on_conflict_do_update(
        index_elements=["chain_id", "tx_hash", "log_index"],
        set_={name: new.excluded[name] for name in _CHANGES},
        where=(Row.kind == TransferKind.REFUND) & (Row.state != TransferState.CONFIRMED),
    )
