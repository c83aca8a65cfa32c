"""What a runner, and finance, see of a payment in USDT."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from chassis.web.models import View
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.invoices.rules import InvoiceStatus
from payment.invoices.tables import Invoice
from payment.usdt.evm.addresses import checksum
from payment.usdt.evm.amounts import from_units, payment_uri, quote_amount, to_units
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.pay.models import Usdt
from payment.usdt.pay.returning import is_owed
from payment.usdt.pay.rules import Arrived, Lock, PayState, Receipt, is_enough, receipt_of, state_of
from payment.usdt.quotes.tables import PaymentAddress, Quote
from payment.usdt.returns.tables import RefundAddress
from payment.usdt.watch.rules import TransferKind, TransferState
from payment.usdt.watch.tables import BlockchainTransaction, ChainCursor


class TransferView(View):
    """A transfer to the address of an invoice. `confirmations` counts its own block; null if it is gone."""

    network: str
    tx_hash: str
    amount: Usdt
    state: TransferState
    is_usdt: bool
    confirmations: int | None
    block_time: datetime


class AddressOfRunner(View):
    """Where a runner wants USDT back."""

    network: str
    address: str

    @classmethod
    def of(cls, given: RefundAddress) -> Self:
        """Build the view."""
        return cls(network=given.network, address=checksum(given.address))


class UsdtPayment(View):
    """How an invoice is paid in USDT.

    `amount` is to be sent to `address` on `network`, in all or what is left of it; `amount_units` is that in the
    token's smallest unit. The rate, in rupiah for one USDT, and the amount hold until `locked_until`. `missing` is zero
    once enough was seen. `uri` is for wallets that read EIP-681; `confirmations` is how many the network needs, null if
    it waits until a block is final. `refund_owed`: money of this registration goes back, or waits for a decision; it
    goes to `refund_address`, null until its runner gives it, or staff enter it.
    """

    network: str
    chain_id: int
    token_contract: str
    address: str
    amount: Usdt
    amount_units: str
    rate: Usdt
    locked_until: datetime
    due_at: datetime
    uri: str
    status: PayState
    received: Usdt
    missing: Usdt
    confirmations: int | None
    transfers: Sequence[TransferView] = Field(default=())
    refund_owed: bool
    refund_address: AddressOfRunner | None

    @classmethod
    def of(cls, found: "Found") -> Self:
        """Build the view."""
        quote, network, receipt = found.quote, found.network, found.receipt
        units = to_units(quote.amount, network.decimals)
        return cls(
            network=network.network,
            chain_id=network.chain_id,
            token_contract=checksum(network.token_contract),
            address=checksum(found.address.address),
            amount=quote.amount,
            amount_units=str(units),
            rate=quote.idr_per_usdt,
            locked_until=quote.expires_at,
            due_at=found.invoice.expires_at,
            uri=payment_uri(network.token_contract, network.chain_id, found.address.address, units),
            status=found.state,
            received=receipt.seen,
            missing=found.missing,
            confirmations=network.confirmations,
            transfers=found.transfers,
            refund_owed=found.refund_owed,
            refund_address=found.refund_address and AddressOfRunner.of(found.refund_address),
        )


@dataclass(frozen=True)
class Found:
    """All that is known of the payment of an invoice in USDT."""

    invoice: Invoice
    address: PaymentAddress
    quote: Quote
    network: UsdtNetwork
    locks: Sequence[Lock]
    arrived: Sequence[Arrived]
    transfers: Sequence[TransferView]
    refund_owed: bool
    refund_address: RefundAddress | None

    @property
    def receipt(self) -> Receipt:
        """Return what arrived, settled or not."""
        return receipt_of(self.arrived, self.locks)

    @property
    def is_enough(self) -> bool:
        """Return whether what was seen pays the invoice."""
        return is_enough(self.receipt.seen_idr, self.invoice.amount, self.locks[-1].idr_per_usdt)

    @property
    def missing(self) -> Decimal:
        """Return what has still to be sent, at the newest rate; zero if nothing has."""
        if self.is_enough or self.invoice.status == InvoiceStatus.PAID:
            return Decimal()
        left = self.invoice.amount - self.receipt.seen_idr
        return quote_amount(left, self.locks[-1].idr_per_usdt, 2)

    @property
    def state(self) -> PayState:
        """Return how far the payment is."""
        status = InvoiceStatus(self.invoice.status)
        ended = status in {InvoiceStatus.EXPIRED, InvoiceStatus.CANCELLED}
        return state_of(paid=status is InvoiceStatus.PAID, closed=ended, receipt=self.receipt, enough=self.is_enough)


async def find(session: AsyncSession, registration_id: UUID) -> Found | None:
    """Return the payment of an invoice in USDT; None if no quote was given."""
    quotes = select(Quote).where(Quote.registration_id == registration_id).order_by(Quote.locked_at)
    given = (await session.scalars(quotes)).all()
    if not given:
        return None
    arrived, transfers = await _transfers(session, registration_id)
    return Found(
        invoice=await session.get_one(Invoice, registration_id),
        address=await session.get_one(PaymentAddress, registration_id),
        quote=given[-1],
        network=await session.get_one(UsdtNetwork, given[-1].network),
        locks=[Lock(each.idr_per_usdt, each.locked_at, each.expires_at) for each in given],
        arrived=arrived,
        transfers=transfers,
        refund_owed=await is_owed(session, registration_id),
        refund_address=await session.get(RefundAddress, registration_id, populate_existing=True),
    )


async def _transfers(session: AsyncSession, registration_id: UUID) -> tuple[list[Arrived], list[TransferView]]:
    confirmations = func.greatest(ChainCursor.head_block - BlockchainTransaction.block_number + 1, 0)
    query = (
        select(BlockchainTransaction, UsdtNetwork, confirmations)
        .join(UsdtNetwork, UsdtNetwork.chain_id == BlockchainTransaction.chain_id)
        .join(ChainCursor, ChainCursor.chain_id == BlockchainTransaction.chain_id, isouter=True)
        .where(BlockchainTransaction.registration_id == registration_id)
        .order_by(BlockchainTransaction.block_time, BlockchainTransaction.id)
    )
    rows = (await session.execute(query)).all()
    counted = [
        Arrived(row.id, from_units(int(row.units), of.decimals), row.block_time, row.state == TransferState.CONFIRMED)
        for row, of, _ in rows
        if row.kind == TransferKind.USDT and row.state != TransferState.FAILED
    ]
    return counted, [_view(*each) for each in rows]


def _view(row: BlockchainTransaction, network: UsdtNetwork, confirmations: int | None) -> TransferView:
    return TransferView(
        network=network.network,
        tx_hash=f"0x{row.tx_hash.hex()}",
        amount=from_units(int(row.units), network.decimals),
        state=TransferState(row.state),
        is_usdt=row.kind == TransferKind.USDT,
        confirmations=None if row.state == TransferState.FAILED else confirmations,
        block_time=row.block_time,
    )
