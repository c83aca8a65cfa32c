"""Publishing what payers of USDT get messages about: too little, money that was kept, and transfers that are gone.

The caller has locked the address of the invoice, so that one process publishes about an invoice at a time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Final
from uuid import UUID

from chassis.database import UnitOfWork
from contracts import UsdtKept, UsdtKeptReason, UsdtTakenBack, UsdtUnderpaid
from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import aliased

from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.usdt.evm.addresses import checksum
from payment.usdt.evm.amounts import from_units, quote_amount
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.pay.rules import DUST, Receipt
from payment.usdt.quotes.tables import PaymentAddress, Quote
from payment.usdt.watch.rules import Settled, TransferState
from payment.usdt.watch.tables import BlockchainTransaction
from payment.usdt.watch.unpublished import is_fresh, is_gone

_TICK: Final = timedelta(microseconds=1)

Row = BlockchainTransaction
Sent = tuple[BlockchainTransaction, UsdtNetwork]
"""A transfer, and its network."""


@dataclass(frozen=True)
class Kept:
    """USDT that were kept, by this transfer and others before it, and why."""

    transfer_id: UUID
    amount: Decimal
    reason: UsdtKeptReason


def publish_kept(work: UnitOfWork, registration_id: UUID, kept: Kept) -> None:
    """Publish that USDT were kept."""
    event = UsdtKept(
        registration_id=registration_id, amount=kept.amount, transfer_id=kept.transfer_id, reason=kept.reason
    )
    work.publish(event, subject=registration_id)


async def publish_underpaid(work: UnitOfWork, address: PaymentAddress, invoice: Invoice, receipt: Receipt) -> None:
    """Publish what is missing of an invoice that is not paid, once for what was confirmed since the time before."""
    fresh = await _sent(work, Row.registration_id == invoice.registration_id, is_fresh())
    if not fresh:
        return
    at = await _mark(work, invoice.registration_id, fresh)
    if _amount(fresh) <= DUST:
        return
    quotes = select(Quote).where(Quote.registration_id == invoice.registration_id).order_by(Quote.locked_at.desc())
    quote = (await work.session.scalars(quotes.limit(1))).one()
    event = UsdtUnderpaid(
        registration_id=invoice.registration_id,
        amount=receipt.seen,
        decided_at=at,
        missing=quote_amount(invoice.amount - receipt.seen_idr, quote.idr_per_usdt, 2),
        network=quote.network,
        address=checksum(address.address),
        expires_at=invoice.expires_at,
    )
    work.publish(event, subject=invoice.registration_id)


async def publish_taken_back(work: UnitOfWork, address: PaymentAddress, invoice: Invoice) -> None:
    """Publish the transactions that are gone, once each; not those that the payer has no more use for."""
    those = (Row.registration_id == invoice.registration_id, is_gone(work.now))
    gone = await _sent(work, *those)
    if not gone:
        return
    lost = [each for each in await _sent(work, *those, ~_has_moved()) if _matters(each[0], address, invoice)]
    at = await _mark(work, invoice.registration_id, gone)
    for _, of_one in groupby(lost, key=lambda each: (each[0].chain_id, each[0].tx_hash)):
        transfers = list(of_one)
        if _amount(transfers) > DUST:
            work.publish(_taken_back(transfers, at), subject=invoice.registration_id)


def _has_moved() -> ColumnElement[bool]:
    """Return the condition that the transaction of a transfer was found in another block after it had failed."""
    other = aliased(Row)
    return exists().where(
        other.chain_id == Row.chain_id,
        other.tx_hash == Row.tx_hash,
        other.registration_id == Row.registration_id,
        other.id != Row.id,
        or_(other.state != TransferState.FAILED, other.seen_at >= Row.failed_at),
    )


def _matters(transfer: BlockchainTransaction, address: PaymentAddress, invoice: Invoice) -> bool:
    """Return whether a transfer that is gone was counted, or its invoice still waits for as much."""
    if transfer.settled is not None:
        return transfer.settled != Settled.IGNORED
    return invoice.status != InvoiceStatus.PAID and not address.seen_in_full


def _taken_back(transfers: Sequence[Sent], at: datetime) -> UsdtTakenBack:
    transfer, network = transfers[0]
    assert transfer.registration_id is not None  # noqa: S101  # they were selected by it
    return UsdtTakenBack(
        registration_id=transfer.registration_id,
        amount=_amount(transfers),
        network=network.network,
        tx_hash=f"0x{transfer.tx_hash.hex()}",
        settled=any(each.settled is not None for each, _ in transfers),
        decided_at=at,
    )


async def _sent(work: UnitOfWork, *these: ColumnElement[bool]) -> Sequence[Sent]:
    """Return transfers with their networks, those of a transaction together."""
    query = (
        select(Row, UsdtNetwork)
        .join(UsdtNetwork, UsdtNetwork.chain_id == Row.chain_id)
        .where(*these)
        .order_by(Row.chain_id, Row.tx_hash, Row.log_index)
    )
    rows = await work.session.execute(query.execution_options(populate_existing=True))
    return [(transfer, network) for transfer, network in rows]


def _amount(transfers: Iterable[Sent]) -> Decimal:
    return sum((from_units(int(each.units), network.decimals) for each, network in transfers), Decimal())


async def _mark(work: UnitOfWork, registration_id: UUID, transfers: Iterable[Sent]) -> datetime:
    """Mark transfers as published. Return the time of that, later than each before, although clocks differ."""
    last = await work.session.scalar(select(func.max(Row.notified_at)).where(Row.registration_id == registration_id))
    rows = [each for each, _ in transfers]
    changed = (each.failed_at or each.confirmed_at or work.now for each in rows)
    at = max([work.now, *changed, *([last + _TICK] if last else [])])
    for each in rows:
        each.notified_at = at
    return at
