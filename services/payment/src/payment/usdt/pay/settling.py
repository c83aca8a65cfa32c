"""Letting what arrived on the chains pay its invoice, and keeping what pays none for a person's decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final
from uuid import UUID

from chassis.database import Database, UnitOfWork
from contracts import UsdtKeptReason
from sqlalchemy import Row, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from payment.incoming.commands import receive
from payment.incoming.rules import Received
from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.ledger.rules import Channel
from payment.usdt.evm.amounts import from_units
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.pay.announcing import Kept, publish_kept, publish_taken_back, publish_underpaid
from payment.usdt.pay.moved import rejoin
from payment.usdt.pay.rules import Arrived, Lock, given_back, is_enough, receipt_of, surplus_of, worth
from payment.usdt.pay.worth import TRANSFERS
from payment.usdt.quotes.tables import PaymentAddress, Quote
from payment.usdt.watch.following import settle_each
from payment.usdt.watch.rules import Settled, TransferKind, TransferState
from payment.usdt.watch.tables import BlockchainTransaction

METHOD: Final = "usdt"
_ENDED: Final = frozenset({InvoiceStatus.EXPIRED, InvoiceStatus.CANCELLED})

# What `Arrivals` are, of all invoices that have some, in one statement: most wait for the rest or for confirmations.
_UNSETTLED: Final = text(f"""
    WITH transfers AS ({TRANSFERS} AND t.state <> 'failed' AND t.settled IS NULL), sums AS (
        SELECT registration_id, sum(worth) AS seen, sum(worth) FILTER (WHERE state = 'confirmed') AS confirmed
          FROM transfers GROUP BY registration_id
    )
    SELECT a.registration_id, a.seen_in_full, i.status, i.amount, q.idr_per_usdt,
           coalesce(sums.seen, 0) AS seen, sums.confirmed
      FROM payment_addresses AS a LEFT JOIN sums USING (registration_id) JOIN invoices AS i USING (registration_id)
      JOIN LATERAL (
           SELECT idr_per_usdt FROM usdt_quotes WHERE registration_id = a.registration_id
            ORDER BY locked_at DESC LIMIT 1
           ) AS q ON true
     WHERE a.seen_in_full OR sums.seen IS NOT NULL
     ORDER BY a.registration_id
""")  # noqa: S608  # constants of ours


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
    """Let confirmed transfers pay an invoice, or be kept; store whether the whole amount was seen. Idempotent.

    What its payer is to know of that is published with it.
    """
    async with database.work() as work:
        await settle_in(work, registration_id)


async def settle_in(work: UnitOfWork, registration_id: UUID) -> None:
    """As `settle`, in a unit of work. Its address is locked, so that one process settles an invoice at a time."""
    address = await work.session.get(PaymentAddress, registration_id, with_for_update=True, populate_existing=True)
    if address is None:
        return
    await rejoin(work.session, registration_id)
    arrivals = await arrivals_of(work.session, registration_id)
    if not arrivals.locks:
        return
    kept = await _pay(work, arrivals)
    left = await arrivals_of(work.session, registration_id)
    address.seen_in_full = _is_seen(left)
    await _publish(work, address, left, kept)
    await work.session.flush()


async def _publish(work: UnitOfWork, address: PaymentAddress, left: Arrivals, kept: Kept | None) -> None:
    """Publish what the payer is to know: what was kept, is missing, or is gone."""
    if kept is not None:
        publish_kept(work, address.registration_id, kept)
    is_paid = left.invoice.status == InvoiceStatus.PAID
    if not is_paid and left.invoice.status not in _ENDED and not address.seen_in_full:
        await publish_underpaid(work, address, left.invoice, receipt_of(left.open, left.locks))
    await publish_taken_back(work, address, left.invoice)


async def _pay(work: UnitOfWork, arrivals: Arrivals) -> Kept | None:
    """Let confirmed transfers pay, or be kept. Return what was kept."""
    confirmed, invoice, locks = arrivals.confirmed, arrivals.invoice, arrivals.locks
    if not confirmed:
        return None
    value = receipt_of(confirmed, locks).confirmed_idr
    is_paid = invoice.status == InvoiceStatus.PAID
    if not is_paid and is_enough(value, invoice.amount, locks[-1].idr_per_usdt):
        return await _pay_invoice(work, confirmed, arrivals, value=value)
    if is_paid or invoice.status in _ENDED:
        kept = await keep(work, confirmed, arrivals)
        return _all_of(kept, UsdtKeptReason.PAID if is_paid else UsdtKeptReason.ENDED)
    return None


def _all_of(kept: Sequence[Arrived], reason: UsdtKeptReason) -> Kept | None:
    amount = sum((each.amount for each in kept), Decimal())
    return Kept(kept[-1].id, amount, reason) if kept else None


async def _pay_invoice(
    work: UnitOfWork, confirmed: Sequence[Arrived], arrivals: Arrivals, *, value: Decimal
) -> Kept | None:
    """Let transfers pay an invoice together. Return what was kept: what is too much, or all if it was paid already."""
    invoice, last = arrivals.invoice, confirmed[-1]
    surplus = surplus_of(value, invoice.amount, arrivals.locks[-1].idr_per_usdt)
    paid = _money(last, invoice, invoice.amount, came_in=value - surplus)
    payment_id = await receive(work, paid)
    if surplus:
        await receive(work, _money(last, invoice, surplus, part=":over"))
    # Money of another channel may have paid the invoice since it was read.
    await _mark(work, confirmed, Settled.KEPT if payment_id is None else Settled.PAID)
    if payment_id is None:
        return _all_of(confirmed, UsdtKeptReason.PAID)
    back = given_back(surplus, receipt_of(confirmed, arrivals.locks))
    return Kept(last.id, back, UsdtKeptReason.SURPLUS) if surplus else None


async def keep(work: UnitOfWork, confirmed: Sequence[Arrived], arrivals: Arrivals) -> Sequence[Arrived]:
    """Keep each transfer that pays nothing, and return them; dust is not worth a decision."""
    kept = []
    for each in confirmed:
        value = worth(each, arrivals.locks)
        is_dust = not surplus_of(value, Decimal(), arrivals.locks[-1].idr_per_usdt)
        if not is_dust:
            await receive(work, _money(each, arrivals.invoice, value))
            kept.append(each)
        await _mark(work, [each], Settled.IGNORED if is_dust else Settled.KEPT)
    return kept


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
    """Settle the invoices of transfers that a process which ended has left; return how many there were."""
    async with database.read() as session:
        found = (await session.execute(_UNSETTLED)).all()
    left = [row.registration_id for row in found if _is_left(row)]
    await settle_each(partial(settle, database), left)
    return len(left)


def _is_left(row: Row[Any]) -> bool:
    """Return whether settling changes something. It does not while an invoice waits for the rest, or for blocks."""
    is_paid = row.status == InvoiceStatus.PAID
    if row.confirmed is not None and (is_paid or row.status in _ENDED or _pays(row, row.confirmed)):
        return True
    return bool(row.seen_in_full != (not is_paid and _pays(row, row.seen)))


def _pays(row: Row[Any], value: Decimal) -> bool:
    return is_enough(value, row.amount, row.idr_per_usdt)
