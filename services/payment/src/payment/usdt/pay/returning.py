"""What goes back in USDT: how many, to which address, and what the chain says about it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from chassis.auth.principals import Staff
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
from payment.usdt.pay.models import AddressByStaff, Usdt
from payment.usdt.pay.rules import Arrived, Lock, given_back, receipt_of
from payment.usdt.quotes.tables import PaymentAddress, Quote
from payment.usdt.returns.commands import Target, enter_address
from payment.usdt.returns.errors import NOT_A_HASH, AddressOfRunner, NothingRecorded, NotInUsdt, TransactionFound
from payment.usdt.returns.rules import PAYS, CheckState, hash_of
from payment.usdt.returns.tables import RefundAddress, RefundCheck
from payment.usdt.watch.rules import Settled, TransferKind, TransferState
from payment.usdt.watch.tables import BlockchainTransaction

_OWED: Final = (MoneyState.OPEN, MoneyState.REFUND_DUE, MoneyState.ASKED)


class UsdtRefund(View):
    """How money that came in USDT goes back, or went back.

    `amount` is in USDT, at the rate at which they were taken. `network` and `address` are the runner's, since
    `given_at`; null until they are given. Staff may have entered them: `given_by` did, and `given_reason` says how they
    knew. Once the refund is recorded, network and address stay as they were then; if others are given later, the rest
    is null. `check` is what the chain says about its transaction, as of `checked_at`; null before that, and if there
    was no address.
    """

    network: str | None
    address: str | None
    given_at: datetime | None
    given_by: UUID | None
    given_reason: str | None
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


async def address_given(session: AsyncSession, owed: Owed) -> RefundAddress | None:
    """Return the address to which money goes back; None if there is none yet."""
    return (await _found(session, [owed])).address_of(owed)


async def enter_address_for(work: UnitOfWork, owed: Owed | None, sent: AddressByStaff, *, by: Staff) -> None:
    """Store where money goes back, as staff know it. The runner may replace it until the refund is recorded.

    It is stored for the registration that was paid, or for the one to whose address the money came if that one was not
    to be paid in USDT.

    Raises:
        NotInUsdt, AddressOfRunner.
        InvalidFields: `network` or `address` cannot be used.
    """
    if owed is None:
        raise NotInUsdt
    found = await _found(work.session, [owed])
    given = found.address_of(owed)
    if given is not None and given.given_by is None:
        raise AddressOfRunner
    whose = [given.registration_id] if given else found.registrations_of(owed)
    registration_id = await _with_address(work.session, whose)
    await enter_address(work, registration_id, Target(sent.network, sent.address), reason=sent.reason, by=by)


async def _with_address(session: AsyncSession, registrations: Sequence[UUID]) -> UUID:
    """Return the first registration that has an address to be paid at."""
    given = select(PaymentAddress.registration_id).where(PaymentAddress.registration_id.in_(registrations))
    have = set(await session.scalars(given))
    return next(each for each in registrations if each in have)


async def correct(work: UnitOfWork, owed: Owed | None, recorded: str | None, reference: str) -> bool:
    """Let the chain be asked about another transaction than was recorded; return False if it is the same one.

    What has to go back, and to which address, stay as they were recorded; if no address was named then, it is the
    newest one. Other refunds by the same transaction are looked at again. The caller has locked what goes back.

    Args:
        recorded: the reference that was recorded; None if there is none yet.

    Raises:
        InvalidFields: `reference` is not the hash of a transaction.
        NothingRecorded, TransactionFound.
    """
    tx_hash = ensure_hash(reference)
    if owed is None or recorded is None or (before := hash_of(recorded)) is None:
        raise NothingRecorded
    if tx_hash == before:
        return False
    checks = await _checks_beside(work, owed.source)
    own = next((each for each in checks if each.source == owed.source), None)
    if own is None:
        await expect(work, owed, tx_hash)
        return True
    if own.state in PAYS:
        raise TransactionFound
    own.tx_hash, own.state, own.created_at, own.checked_at = tx_hash, CheckState.WAITING, work.now, None
    for each in checks:
        each.look_at = work.now
    await work.session.flush()
    return True


async def _checks_beside(work: UnitOfWork, source: str) -> Sequence[RefundCheck]:
    """Lock and return the check of a source, with those of the same transaction that are not confirmed."""
    of_it = select(RefundCheck.tx_hash).where(RefundCheck.source == source).scalar_subquery()
    wanted = (
        RefundCheck.tx_hash == of_it,
        or_(RefundCheck.state != CheckState.CONFIRMED, RefundCheck.source == source),
    )
    query = select(RefundCheck).where(*wanted).order_by(RefundCheck.source).with_for_update()
    return (await work.session.scalars(query.execution_options(populate_existing=True))).all()


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
        given = (self.addresses.get(each) for each in self.registrations_of(owed))
        return next((each for each in given if each is not None), None)

    def registrations_of(self, owed: Owed) -> Sequence[UUID]:
        """Return the registration that was paid, and the one to whose address the money came."""
        came_to = self.transfers[owed.transfer_id][0].registration_id
        return [each for each in (owed.registration_id, came_to) if each is not None]

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
    same = given if given and (given.network, given.address) == (to.network, to.address) else None
    return UsdtRefund(
        network=to and to.network,
        address=to and checksum(to.address),
        given_at=same and same.given_at,
        given_by=same and same.given_by,
        given_reason=same and same.reason,
        amount=check.amount if check else found.amount_of(owed),
        check=CheckState(check.state) if check else None,
        checked_at=check and check.checked_at,
    )
