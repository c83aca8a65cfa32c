"""Routes for transfers on the chains, for finance."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from chassis.auth.access import Finance
from chassis.web.dependencies import Read, Work
from chassis.web.models import Body, Cursor, Limit, Page, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Response

from payment.incoming.errors import MoneyDecided, MoneyPartlyBack
from payment.invoices.errors import AlreadyPaid, AmountMismatch, InvoiceNotFound
from payment.paging import Position, cursors
from payment.second_person import SamePerson, Waiting, second_person_answer
from payment.usdt.evm.addresses import checksum
from payment.usdt.evm.amounts import from_units
from payment.usdt.pay.errors import TransferDecided, UnknownTransfer
from payment.usdt.pay.models import Usdt
from payment.usdt.pay.transfers import (
    SettledFilter,
    TransferFilter,
    assign_transfer,
    list_transfers,
    transfer_by_id,
)
from payment.usdt.watch.rules import Settled, TransferKind, TransferState

router = Router(prefix="/usdt/transfers", tags=["usdt"])


class TransferOfInvoice(View):
    """A transfer to the address of an invoice, or a refund from another. `confirmations` is null if its block is gone.

    `settled` is what became of its money; null until that is decided.
    """

    id: UUID
    network: str
    tx_hash: str
    token: str
    sender: str
    recipient: str
    amount: Usdt
    kind: TransferKind
    state: TransferState
    settled: Settled | None
    registration_id: UUID | None
    registration_number: str | None
    block_time: datetime
    confirmations: int | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """Build the view of a row of `list_transfers`."""
        transfer, network, decimals, number, confirmations = row
        failed = transfer.state == TransferState.FAILED
        return cls(
            id=transfer.id,
            network=network,
            tx_hash=f"0x{transfer.tx_hash.hex()}",
            token=checksum(transfer.token),
            sender=checksum(transfer.sender),
            recipient=checksum(transfer.recipient),
            amount=from_units(int(transfer.units), decimals),
            kind=TransferKind(transfer.kind),
            state=TransferState(transfer.state),
            settled=None if transfer.settled is None else Settled(transfer.settled),
            registration_id=transfer.registration_id,
            registration_number=number,
            block_time=transfer.block_time,
            confirmations=None if failed else confirmations,
        )


class Target(Body):
    """The registration that a transfer is to pay."""

    registration_id: UUID


class TransferAssigned(View):
    """The payment that the transfer became."""

    payment_id: UUID


@router.get("")
async def list_all(
    _: Finance,
    session: Read,
    state: TransferState | None = None,
    settled: SettledFilter | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[TransferOfInvoice]:
    """Return transfers, newest first."""
    wanted = TransferFilter(state, settled)
    rows = await list_transfers(session, wanted, limit=limit + 1, after=cursors.decode(cursor))
    items = [TransferOfInvoice.of(row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next_cursor=last and cursors.encode(*Position(False, last.block_time, last.id)))


@router.get("/{transfer_id}", responses=errors(UnknownTransfer))
async def show(transfer_id: UUID, _: Finance, session: Read) -> TransferOfInvoice:
    """Return one transfer."""
    return TransferOfInvoice.of(await transfer_by_id(session, transfer_id))


@router.post(
    "/{transfer_id}/assign",
    response_model=TransferAssigned,
    responses={
        202: {"model": Waiting},
        **errors(
            UnknownTransfer,
            TransferDecided,
            MoneyDecided,
            MoneyPartlyBack,
            SamePerson,
            InvoiceNotFound,
            AmountMismatch,
            AlreadyPaid,
        ),
    },
)
async def assign(transfer_id: UUID, body: Target, staff: Finance, work: Work) -> TransferAssigned | Response:
    """Let a transfer pay a registration that it is worth about as much as.

    From the amount on from which two people decide, another one has to do the same.
    """
    payment_id = await assign_transfer(work, transfer_id, body.registration_id, by=staff)
    return second_person_answer() if payment_id is None else TransferAssigned(payment_id=payment_id)
