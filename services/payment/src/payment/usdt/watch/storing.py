"""Storing what a pass found, in one transaction with how far it read."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, Final
from uuid import UUID, uuid4

from chassis.database import UnitOfWork
from sqlalchemy import and_, case, delete, null, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from payment.usdt.evm.models import Transfer
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.quotes.tables import PaymentAddress
from payment.usdt.watch.cursors import Lease, advance
from payment.usdt.watch.passes import Taken
from payment.usdt.watch.rules import Key, Known, Memory, Plan, Seen, TransferKind, TransferState, key_of
from payment.usdt.watch.tables import BlockchainTransaction, ChainBlock
from payment.usdt.watch.unpublished import unpublished

_AT_ONCE: Final = 500
"""Rows per statement; each has 16 parameters, of at most 32,767."""

_CONTENT: Final = ("token", "sender", "recipient", "units")
_PLACE: Final = ("block_number", "block_hash", "block_time")

Row = BlockchainTransaction


async def load(session: AsyncSession, lease: Lease) -> Memory:
    """Return what earlier passes over a network found out."""
    blocks = select(ChainBlock.number, ChainBlock.hash).where(ChainBlock.chain_id == lease.chain_id)
    anchors = {row.number: row.hash for row in (await session.execute(blocks)).all()}
    recent = or_(Row.state == TransferState.PENDING, Row.block_number >= min(anchors, default=0))
    query = select(Row).where(Row.chain_id == lease.chain_id, Row.kind != TransferKind.REFUND, recent)
    known = [_known(row) for row in (await session.scalars(query)).all()]
    transfers = {key_of(each.transfer): each for each in known}
    return Memory(anchors, transfers, scanned=lease.scanned, confirmed=lease.confirmed)


async def store(work: UnitOfWork, lease: Lease, network: UsdtNetwork, taken: Taken) -> frozenset[UUID]:
    """Store a pass. Return the registrations to settle: those whose transfers it changed, and those that were left.

    Raises:
        LeaseLost: another process may have stored a pass meanwhile; this one changes nothing.
    """
    plan = taken.plan
    await advance(work, lease, plan, endpoint=taken.endpoint, trouble=taken.trouble)
    await _remember(work, network.chain_id, plan)
    failed = {"state": TransferState.FAILED, "failed_at": work.now, "confirmed_at": None}
    changed = await _change(work, network, plan.failed, failed)
    changed |= await add(work, network, plan.news)
    confirmed = {"state": TransferState.CONFIRMED, "confirmed_at": work.now}
    changed |= await _change(work, network, plan.confirmed, confirmed)
    return frozenset(changed | await unpublished(work.session, network.chain_id, work.now))


async def _remember(work: UnitOfWork, chain_id: int, plan: Plan) -> None:
    if plan.forgotten:
        these = (ChainBlock.chain_id == chain_id, ChainBlock.number.in_(plan.forgotten))
        await work.session.execute(delete(ChainBlock).where(*these))
    for part in _portions(plan.anchors.items()):
        rows = [{"chain_id": chain_id, "number": number, "hash": block_hash} for number, block_hash in part]
        await work.session.execute(insert(ChainBlock).values(rows))


async def _change(work: UnitOfWork, network: UsdtNetwork, keys: Iterable[Key], values: Mapping[str, Any]) -> set[UUID]:
    """Change transfers that have not failed, and return whose they are."""
    changed: set[UUID] = set()
    for part in _portions(keys):
        these = (
            Row.chain_id == network.chain_id,
            tuple_(Row.tx_hash, Row.log_index).in_(part),
            Row.state != TransferState.FAILED,
        )
        found = await work.session.scalars(update(Row).where(*these).values(**values).returning(Row.registration_id))
        changed |= {registration_id for registration_id in found if registration_id is not None}
    return changed


async def add(work: UnitOfWork, network: UsdtNetwork, seen: Iterable[Seen]) -> set[UUID]:
    """Store transfers as pending, and return whose they are. One that is stored as it is stays as it is."""
    changed: set[UUID] = set()
    for part in _portions(seen):
        found = await work.session.scalars(_upsert(await _rows(work, network, part)).returning(Row.registration_id))
        changed |= {registration_id for registration_id in found if registration_id is not None}
    return changed


def _upsert(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return the statement that stores rows; one that failed, moved or says something else becomes pending again.

    What became of its money stays, unless it is another transfer that now has its place.
    """
    new = insert(Row).values(rows)
    same = and_(*(getattr(Row, name) == new.excluded[name] for name in _CONTENT))
    changes = {name: new.excluded[name] for name in (*_CONTENT, *_PLACE, "kind", "state", "registration_id")}
    return new.on_conflict_do_update(
        index_elements=["chain_id", "tx_hash", "log_index"],
        set_={
            **changes,
            "confirmed_at": null(),
            "failed_at": null(),
            "settled": case((same, Row.settled), else_=null()),
        },
        where=or_(Row.state == TransferState.FAILED, Row.block_hash != new.excluded.block_hash, ~same),
    )


async def _rows(work: UnitOfWork, network: UsdtNetwork, seen: Sequence[Seen]) -> Sequence[Mapping[str, Any]]:
    recipients = {each.transfer.recipient for each in seen}
    query = select(PaymentAddress.address, PaymentAddress.registration_id).where(PaymentAddress.address.in_(recipients))
    owners = {row.address: row.registration_id for row in (await work.session.execute(query)).all()}
    return [
        {
            **_columns(network, each),
            "id": uuid4(),
            "state": TransferState.PENDING,
            "registration_id": owners.get(each.transfer.recipient),
            "seen_at": work.now,
        }
        for each in seen
    ]


def _columns(network: UsdtNetwork, seen: Seen) -> Mapping[str, Any]:
    transfer = seen.transfer
    is_usdt = transfer.token == network.token_contract
    return {
        "chain_id": network.chain_id,
        "tx_hash": transfer.tx_hash,
        "log_index": transfer.log_index,
        "block_number": transfer.block,
        "block_hash": transfer.block_hash,
        "block_time": seen.block_time,
        "token": transfer.token,
        "sender": transfer.sender,
        "recipient": transfer.recipient,
        "units": Decimal(transfer.units),
        "kind": TransferKind.USDT if is_usdt else TransferKind.OTHER_TOKEN,
    }


def _known(row: BlockchainTransaction) -> Known:
    transfer = Transfer(
        token=row.token,
        sender=row.sender,
        recipient=row.recipient,
        units=int(row.units),
        block=row.block_number,
        block_hash=row.block_hash,
        tx_hash=row.tx_hash,
        log_index=row.log_index,
    )
    return Known(transfer, row.block_time, TransferState(row.state))


def _portions(items: Iterable[Any]) -> Iterable[list[Any]]:
    left = iter(items)
    while part := list(islice(left, _AT_ONCE)):
        yield part
