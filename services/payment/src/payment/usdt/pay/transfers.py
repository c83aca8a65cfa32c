"""Transfers to the addresses of invoices, for finance, and those that are to pay another registration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from payment.incoming.commands import assign
from payment.incoming.tables import UnassignedMoney
from payment.invoices.tables import Invoice
from payment.paging import Position
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.pay.errors import TransferDecided, UnknownTransfer
from payment.usdt.pay.moved import rejoin
from payment.usdt.pay.settling import arrivals_of, keep, usdt_source
from payment.usdt.quotes.tables import PaymentAddress
from payment.usdt.watch.rules import Settled, TransferKind, TransferState
from payment.usdt.watch.tables import BlockchainTransaction, ChainCursor

_REASON: Final = "A transfer of USDT was assigned by hand."


class SettledFilter(StrEnum):
    """What became of the money of the transfers to list; `NONE` is those that are not decided."""

    PAID = "paid"
    KEPT = "kept"
    IGNORED = "ignored"
    NONE = "none"


@dataclass(frozen=True)
class TransferFilter:
    """Which transfers to list; None does not filter."""

    state: TransferState | None = None
    settled: SettledFilter | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions in SQL."""
        if self.state is not None:
            yield BlockchainTransaction.state == self.state
        if self.settled is not None:
            word = None if self.settled is SettledFilter.NONE else self.settled.value
            yield BlockchainTransaction.settled.is_not_distinct_from(word)


async def list_transfers(
    session: AsyncSession, wanted: TransferFilter, *, limit: int, after: Position | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return transfers with their networks and registration numbers, newest first."""
    query = _joined().order_by(BlockchainTransaction.block_time.desc(), BlockchainTransaction.id.desc()).limit(limit)
    query = query.where(*wanted.conditions())
    if after is not None:
        position = tuple_(BlockchainTransaction.block_time, BlockchainTransaction.id)
        query = query.where(position < (after.at, after.id))
    return (await session.execute(query)).all()


async def transfer_by_id(session: AsyncSession, transfer_id: UUID) -> Row[*tuple[Any, ...]]:
    """Return a transfer as `list_transfers` does.

    Raises:
        UnknownTransfer.
    """
    found = (await session.execute(_joined().where(BlockchainTransaction.id == transfer_id))).one_or_none()
    if found is None:
        raise UnknownTransfer
    return found


def _joined() -> Select[*tuple[Any, ...]]:
    confirmations = func.greatest(ChainCursor.head_block - BlockchainTransaction.block_number + 1, 0)
    of = Invoice.registration_id == BlockchainTransaction.registration_id
    return (
        select(
            BlockchainTransaction,
            UsdtNetwork.network,
            UsdtNetwork.decimals,
            Invoice.registration_number,
            confirmations.label("confirmations"),
        )
        .join(UsdtNetwork, UsdtNetwork.chain_id == BlockchainTransaction.chain_id)
        .join(ChainCursor, ChainCursor.chain_id == BlockchainTransaction.chain_id, isouter=True)
        .join(Invoice, of, isouter=True)
    )


async def assign_transfer(work: UnitOfWork, transfer_id: UUID, registration_id: UUID, *, by: Staff) -> UUID | None:
    """Let a confirmed transfer pay another registration than its address is of; return the payment's id.

    It is kept money first, so that the same rules hold: None means that a second person has to do the same.

    Raises:
        UnknownTransfer, TransferDecided.
        What `payment.incoming.commands.assign` raises.
    """
    transfer = await _locked(work, transfer_id)
    if transfer.settled != Settled.KEPT:
        await _keep(work, transfer)
    kept = select(UnassignedMoney.id).where(UnassignedMoney.source == usdt_source(transfer.id))
    money_id = (await work.session.execute(kept)).scalar_one_or_none()
    if money_id is None:
        raise TransferDecided(settled=transfer.settled)
    return await assign(work, money_id, registration_id, reason=_REASON, by=by)


async def _locked(work: UnitOfWork, transfer_id: UUID) -> BlockchainTransaction:
    """Lock the address of a transfer, as settling does, and return the transfer."""
    found = await work.session.get(BlockchainTransaction, transfer_id)
    if found is None or found.registration_id is None:
        raise UnknownTransfer
    await work.session.get(PaymentAddress, found.registration_id, with_for_update=True)
    await rejoin(work.session, found.registration_id)
    found = await work.session.get(BlockchainTransaction, transfer_id, populate_existing=True)
    if found is None:
        raise UnknownTransfer
    is_usdt, is_confirmed = found.kind == TransferKind.USDT, found.state == TransferState.CONFIRMED
    if not is_usdt or not is_confirmed or found.settled == Settled.PAID:
        raise TransferDecided(settled=found.settled)
    return found


async def _keep(work: UnitOfWork, transfer: BlockchainTransaction) -> None:
    assert transfer.registration_id is not None  # noqa: S101  # checked when it was locked
    arrivals = await arrivals_of(work.session, transfer.registration_id)
    await keep(work, [each for each in arrivals.open if each.id == transfer.id], arrivals)
    await work.session.refresh(transfer)
