"""What goes back in USDT: how many, to which address, and what the chain says about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.errors import InvalidFields
from chassis.web.models import View
from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.incoming.rules import MoneyState
from payment.incoming.tables import UnassignedMoney
from payment.ledger.rules import Channel
from payment.proofs.tables import Payment
from payment.refunds.tables import Refund
from payment.usdt.evm.addresses import checksum
from payment.usdt.evm.amounts import from_units
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.pay.models import Usdt
from payment.usdt.pay.rules import Arrived, Lock, given_back, receipt_of
from payment.usdt.quotes.tables import Quote
from payment.usdt.returns.errors import NOT_A_HASH
from payment.usdt.returns.rules import CheckState, hash_of
from payment.usdt.returns.tables import RefundAddress, RefundCheck
from payment.usdt.watch.rules import Settled, TransferKind, TransferState
from payment.usdt.watch.tables import BlockchainTransaction

_OWED: Final = (MoneyState.OPEN, MoneyState.REFUND_DUE, MoneyState.ASKED)


class UsdtRefund(View):
    """How money that came in USDT goes back, or went back.

    `amount` is in USDT, at the rate at which they were taken. `network` and `address` are the runner's, since
    `given_at`; null until they are given. Once the refund is recorded they stay as they were then, and `check` is what
    the chain says about its transaction, as of `checked_at`; null before that, and if there was no address.
    """

    network: str | None
    address: str | None
    given_at: datetime | None
    amount: Usdt
    check: CheckState | None
    checked_at: datetime | None


@dataclass(frozen=True)
class Owed:
    """Money that goes back.

    Attributes:
        source: of the movement in the ledger that gives it back.
        came_by: the source by which it came: `usdt:<id of the transfer>`, with `:over` for what was too much.
        amount: in rupiah.
    """

    source: str
    registration_id: UUID | None
    came_by: str
    amount: Decimal

    @property
    def transfer_id(self) -> UUID:
        """Return the id of the transfer that brought it."""
        return UUID(self.came_by.split(":")[1])


def ensure_hash(reference: str) -> bytes:
    """Return the hash of a transaction that `reference` is.

    Raises:
        InvalidFields.
    """
    found = hash_of(reference)
    if found is None:
        raise InvalidFields(("reference", NOT_A_HASH))
    return found


async def expect(work: UnitOfWork, owed: Owed, tx_hash: bytes) -> None:
    """Let the chain be asked whether a transaction gave money back. Without an address there is nothing to compare."""
    found = await _found(work.session, [owed])
    given = found.address_of(owed)
    if given is None:
        return
    check = RefundCheck(
        source=owed.source,
        network=given.network,
        address=given.address,
        amount=found.amount_of(owed),
        tx_hash=tx_hash,
        state=CheckState.WAITING,
        created_at=work.now,
        look_at=work.now,
    )
    work.session.add(check)
    await work.session.flush()


async def refunds_in_usdt(session: AsyncSession, owed: Sequence[Owed]) -> Mapping[str, UsdtRefund]:
    """Return how money goes back in USDT, by its source."""
    if not owed:
        return {}
    found = await _found(session, owed)
    sources = RefundCheck.source.in_([each.source for each in owed])
    checks = {each.source: each for each in await session.scalars(select(RefundCheck).where(sources))}
    return {each.source: _view(each, found, checks.get(each.source)) for each in owed}


async def is_owed(session: AsyncSession, registration_id: UUID) -> bool:
    """Return whether money of a registration that came in USDT goes back, or waits for a decision."""
    refund = (
        exists()
        .where(Payment.registration_id == registration_id, Payment.channel == Channel.USDT)
        .where(Refund.payment_id == Payment.id, ~Refund.closed)
    )
    kept = exists().where(
        UnassignedMoney.registration_id == registration_id,
        UnassignedMoney.channel == Channel.USDT,
        UnassignedMoney.state.in_(_OWED),
    )
    return bool(await session.scalar(select(or_(refund, kept))))


@dataclass(frozen=True)
class _Found:
    transfers: Mapping[UUID, tuple[BlockchainTransaction, int]]
    locks: Mapping[UUID, Sequence[Lock]]
    addresses: Mapping[UUID, RefundAddress]

    def address_of(self, owed: Owed) -> RefundAddress | None:
        """Return the address of the registration that was paid, else of the one to whose address the money came."""
        came_to = self.transfers[owed.transfer_id][0].registration_id
        given = (self.addresses.get(each) for each in (owed.registration_id, came_to) if each is not None)
        return next((each for each in given if each is not None), None)

    def amount_of(self, owed: Owed) -> Decimal:
        """Return how many USDT money is, at the rate of the transfers that paid together, or of its own."""
        transfer, _ = self.transfers[owed.transfer_id]
        registration_id = transfer.registration_id
        assert registration_id is not None  # noqa: S101  # only transfers to addresses of ours bring money
        together = [
            _arrived(*each)
            for each in self.transfers.values()
            if each[0].id == transfer.id
            or (each[0].registration_id, each[0].settled, transfer.settled)
            == (registration_id, Settled.PAID, Settled.PAID)
        ]
        return given_back(owed.amount, receipt_of(together, self.locks[registration_id]))


def _arrived(row: BlockchainTransaction, decimals: int) -> Arrived:
    amount = from_units(int(row.units), decimals)
    return Arrived(row.id, amount, row.block_time, row.state == TransferState.CONFIRMED)


async def _found(session: AsyncSession, owed: Sequence[Owed]) -> _Found:
    transfers = await _transfers(session, [each.transfer_id for each in owed])
    came_to = {row.registration_id for row, _ in transfers.values() if row.registration_id is not None}
    quotes = select(Quote).where(Quote.registration_id.in_(came_to)).order_by(Quote.locked_at)
    locks: dict[UUID, list[Lock]] = {}
    for each in await session.scalars(quotes):
        locks.setdefault(each.registration_id, []).append(Lock(each.idr_per_usdt, each.locked_at, each.expires_at))
    these = RefundAddress.registration_id.in_(came_to | {each.registration_id for each in owed})
    addresses = await session.scalars(select(RefundAddress).where(these))
    return _Found(transfers, locks, {each.registration_id: each for each in addresses})


async def _transfers(session: AsyncSession, ids: Iterable[UUID]) -> Mapping[UUID, tuple[BlockchainTransaction, int]]:
    """Return transfers, and those of the same registrations, with the decimals of their token."""
    row = BlockchainTransaction
    whose = select(row.registration_id).where(row.id.in_(ids))
    query = (
        select(row, UsdtNetwork.decimals)
        .join(UsdtNetwork, UsdtNetwork.chain_id == row.chain_id)
        .where(row.registration_id.in_(whose), row.kind == TransferKind.USDT)
    )
    return {each.id: (each, decimals) for each, decimals in (await session.execute(query)).all()}


def _view(owed: Owed, found: _Found, check: RefundCheck | None) -> UsdtRefund:
    given = found.address_of(owed)
    to: Any = check or given
    return UsdtRefund(
        network=to and to.network,
        address=to and checksum(to.address),
        given_at=given and given.given_at,
        amount=check.amount if check else found.amount_of(owed),
        check=CheckState(check.state) if check else None,
        checked_at=check and check.checked_at,
    )
