"""Letting what arrived on the chains pay its invoice, and keeping what pays none for a person's decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from chassis.database import Database, UnitOfWork
from sqlalchemy import select, union, update
from sqlalchemy.ext.asyncio import AsyncSession

from payment.incoming.commands import receive
from payment.incoming.rules import Received
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.ledger.rules import Channel
from payment.usdt.evm.amounts import from_units
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.pay.rules import Arrived, Lock, is_enough, receipt_of, surplus_of, worth
from payment.usdt.quotes.tables import PaymentAddress, Quote
from payment.usdt.watch.rules import Settled, TransferKind, TransferState
from payment.usdt.watch.tables import BlockchainTransaction

METHOD: Final = "usdt"
_ENDED: Final = frozenset({InvoiceStatus.EXPIRED, InvoiceStatus.CANCELLED})


@dataclass(frozen=True)
class Arrivals:
    """An invoice, the rates that were quoted for it, and what arrived for it that is not settled yet."""

    invoice: Invoice
    locks: Sequence[Lock]
    open: Sequence[Arrived]

    @property
    def confirmed(self) -> Sequence[Arrived]:
        """Return those that are confirmed, oldest first."""
        return [each for each in self.open if each.confirmed]


def usdt_source(transfer_id: UUID, part: str = "") -> str:
    """Return the source of money that a transfer brought; a surplus is a part of its own."""
    return f"usdt:{transfer_id}{part}"


async def settle(database: Database, registration_id: UUID) -> None:
    """Let confirmed transfers pay an invoice, or be kept; store whether the whole amount was seen. Idempotent."""
    async with database.work() as work:
        await settle_in(work, registration_id)


async def settle_in(work: UnitOfWork, registration_id: UUID) -> None:
    """As `settle`, in a unit of work. Its address is locked, so that one process settles an invoice at a time."""
    address = await work.session.get(PaymentAddress, registration_id, with_for_update=True, populate_existing=True)
    if address is None:
        return
    arrivals = await arrivals_of(work.session, registration_id)
    if not arrivals.locks:
        return
    await _pay(work, arrivals)
    address.seen_in_full = _is_seen(await arrivals_of(work.session, registration_id))
    await work.session.flush()


async def _pay(work: UnitOfWork, arrivals: Arrivals) -> None:
    confirmed, invoice, locks = arrivals.confirmed, arrivals.invoice, arrivals.locks
    if not confirmed:
        return
    value = receipt_of(confirmed, locks).confirmed_idr
    is_paid = invoice.status == InvoiceStatus.PAID
    if not is_paid and is_enough(value, invoice.amount, locks[-1].idr_per_usdt):
        await _pay_invoice(work, confirmed, arrivals, value=value)
    elif is_paid or invoice.status in _ENDED:
        await keep(work, confirmed, arrivals)


async def _pay_invoice(work: UnitOfWork, confirmed: Sequence[Arrived], arrivals: Arrivals, *, value: Decimal) -> None:
    invoice, last = arrivals.invoice, confirmed[-1]
    surplus = surplus_of(value, invoice.amount, arrivals.locks[-1].idr_per_usdt)
    paid = _money(last, invoice, invoice.amount, came_in=value - surplus)
    payment_id = await receive(work, paid)
    if surplus:
        await receive(work, _money(last, invoice, surplus, part=":over"))
    # Money of another channel may have paid the invoice since it was read.
    await _mark(work, confirmed, Settled.KEPT if payment_id is None else Settled.PAID)


async def keep(work: UnitOfWork, confirmed: Sequence[Arrived], arrivals: Arrivals) -> None:
    """Keep each transfer that pays nothing; dust is not worth a decision."""
    for each in confirmed:
        value = worth(each, arrivals.locks)
        is_dust = not surplus_of(value, Decimal(), arrivals.locks[-1].idr_per_usdt)
        if not is_dust:
            await receive(work, _money(each, arrivals.invoice, value))
        await _mark(work, [each], Settled.IGNORED if is_dust else Settled.KEPT)


def _money(
    arrived: Arrived, invoice: Invoice, amount: Decimal, *, came_in: Decimal | None = None, part: str = ""
) -> Received:
    return Received(
        source=usdt_source(arrived.id, part),
        channel=Channel.USDT,
        method=METHOD,
        amount=amount,
        came_in=came_in,
        currency=invoice.currency,
        received_at=arrived.block_time,
        registration_id=invoice.registration_id,
        reference=str(arrived.id),
    )


async def _mark(work: UnitOfWork, transfers: Sequence[Arrived], settled: Settled) -> None:
    these = BlockchainTransaction.id.in_([each.id for each in transfers])
    await work.session.execute(update(BlockchainTransaction).where(these).values(settled=settled))


def _is_seen(arrivals: Arrivals) -> bool:
    """Return whether the whole amount is on the chain, of an invoice that still waits."""
    if arrivals.invoice.status == InvoiceStatus.PAID:
        return False
    value = receipt_of(arrivals.open, arrivals.locks).seen_idr
    return is_enough(value, arrivals.invoice.amount, arrivals.locks[-1].idr_per_usdt)


async def arrivals_of(session: AsyncSession, registration_id: UUID) -> Arrivals:
    """Return what arrived for an invoice and is not settled, with its rates, oldest first."""
    invoice = await session.get_one(Invoice, registration_id, populate_existing=True)
    quotes = select(Quote).where(Quote.registration_id == registration_id).order_by(Quote.locked_at)
    locks = [Lock(each.idr_per_usdt, each.locked_at, each.expires_at) for each in (await session.scalars(quotes))]
    return Arrivals(invoice, locks, await _unsettled(session, registration_id))


async def _unsettled(session: AsyncSession, registration_id: UUID) -> Sequence[Arrived]:
    found = (
        select(BlockchainTransaction, UsdtNetwork.decimals)
        .join(UsdtNetwork, UsdtNetwork.chain_id == BlockchainTransaction.chain_id)
        .where(
            BlockchainTransaction.registration_id == registration_id,
            BlockchainTransaction.kind == TransferKind.USDT,
            BlockchainTransaction.state != TransferState.FAILED,
            BlockchainTransaction.settled.is_(None),
        )
        .order_by(BlockchainTransaction.block_time, BlockchainTransaction.id)
    )
    return [
        Arrived(row.id, from_units(int(row.units), decimals), row.block_time, row.state == TransferState.CONFIRMED)
        for row, decimals in (await session.execute(found)).all()
    ]


async def settle_left(database: Database) -> int:
    """Settle the invoices of transfers that a process which ended has left; return how many were looked at."""
    unsettled = select(BlockchainTransaction.registration_id).where(
        BlockchainTransaction.state != TransferState.FAILED,
        BlockchainTransaction.settled.is_(None),
        BlockchainTransaction.kind == TransferKind.USDT,
        BlockchainTransaction.registration_id.is_not(None),
    )
    seen = select(PaymentAddress.registration_id).where(PaymentAddress.seen_in_full)
    async with database.read() as session:
        found = (await session.scalars(union(unsettled, seen))).all()
    for registration_id in found:
        await settle(database, registration_id)
    return len(found)
