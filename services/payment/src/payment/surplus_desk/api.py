"""Routes for money that no invoice took, for finance."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chassis.auth.access import Finance
from chassis.errors import InvalidFields
from chassis.web.dependencies import OwnDatabase, Read, Work
from chassis.web.models import Cursor, Limit, Page
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from payment.dependencies import OwnGateway
from payment.incoming import commands
from payment.incoming.errors import MoneyDecided, MoneyPartlyBack, NoRefundDue, UnknownMoney
from payment.incoming.rules import MoneyKind, MoneyState, money_source
from payment.invoices.errors import AlreadyPaid, AmountMismatch, InvoiceNotFound
from payment.paging import Position, cursors
from payment.refund_desk.errors import GatewayRefundNotPossible
from payment.second_person import SamePerson, Waiting, WaitsForSecond, second_person_answer
from payment.surplus_desk import queries, sending
from payment.surplus_desk.completing import complete_refund, correct_transaction, enter_address, usdt_refunds
from payment.surplus_desk.models import Assigned, Assignment, Decision, MoneyView, RefundReference
from payment.surplus_desk.queries import MoneyFilter
from payment.usdt.pay.models import AddressByStaff, Correction
from payment.usdt.returns.errors import AddressOfRunner, NothingRecorded, NotInUsdt, TransactionFound

router = Router(prefix="/surplus", tags=["surplus"])


@router.get("")
async def list_money(
    _: Finance,
    session: Read,
    database: OwnDatabase,
    gateway: OwnGateway,
    kind: MoneyKind | None = None,
    state: MoneyState | None = None,
    registration_id: UUID | None = None,
    waits_for_second: WaitsForSecond = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MoneyView]:
    """Return money that waits for a decision or refund first, then what is settled; each group oldest first."""
    wanted = MoneyFilter(kind, state, registration_id, waits_for_second)
    rows = await queries.list_money(session, wanted, limit=limit + 1, after=cursors.decode(cursor))
    items = await _views(session, rows[:limit], database, gateway)
    return Page(items=items, next_cursor=_after(rows[limit - 1]) if len(rows) > limit else None)


async def _views(
    session: AsyncSession, rows: Sequence[Any], database: OwnDatabase, gateway: OwnGateway
) -> Sequence[MoneyView]:
    now, has_gateway = database.clock(), await gateway.account(session) is not None
    usdt = await usdt_refunds(session, rows)
    return [MoneyView.of(row, now=now, has_gateway=has_gateway, usdt=usdt.get(money_source(row["id"]))) for row in rows]


async def _view(session: AsyncSession, money_id: UUID, database: OwnDatabase, gateway: OwnGateway) -> MoneyView:
    [view] = await _views(session, [await queries.money_by_id(session, money_id)], database, gateway)
    return view


def _after(last: Any) -> str:
    return cursors.encode(*Position(last["settled"], last["received_at"], last["id"]))


@router.get("/{money_id}", responses=errors(UnknownMoney))
async def show_money(
    money_id: UUID, _: Finance, session: Read, database: OwnDatabase, gateway: OwnGateway
) -> MoneyView:
    """Return one item."""
    return await _view(session, money_id, database, gateway)


@router.post(
    "/{money_id}/assign",
    response_model=Assigned,
    responses={
        202: {"model": Waiting},
        **errors(UnknownMoney, MoneyDecided, MoneyPartlyBack, SamePerson, InvoiceNotFound, AmountMismatch, AlreadyPaid),
    },
)
async def assign(money_id: UUID, body: Assignment, staff: Finance, work: Work) -> Assigned | Response:
    """Let the money pay the invoice of a registration that it is as much as.

    From the amount on from which two people decide, another one has to do the same.
    """
    payment_id = await commands.assign(work, money_id, body.registration_id, reason=body.reason, by=staff)
    return second_person_answer() if payment_id is None else Assigned(payment_id=payment_id)


@router.post("/{money_id}/refund", status_code=204, responses=errors(UnknownMoney, MoneyDecided))
async def refund(money_id: UUID, body: Decision, staff: Finance, work: Work) -> None:
    """Decide that the money goes back to its payer."""
    await commands.ask_refund(work, money_id, reason=body.reason, by=staff)


@router.post(
    "/{money_id}/send",
    status_code=202,
    responses=errors(UnknownMoney, NoRefundDue, SamePerson, GatewayRefundNotPossible),
)
async def send(money_id: UUID, staff: Finance, database: OwnDatabase, gateway: OwnGateway) -> MoneyView:
    """Give the money back through the gateway, which confirms it later; of a large amount another person does that.

    If the gateway refuses, it is to be transferred by hand: `gateway_error` says why.
    """
    await sending.send(database, gateway, money_id, by=staff)
    async with database.read() as session:
        return await _view(session, money_id, database, gateway)


@router.post(
    "/{money_id}/refunded", status_code=204, responses=errors(UnknownMoney, NoRefundDue, SamePerson, InvalidFields)
)
async def refunded(money_id: UUID, body: RefundReference, staff: Finance, work: Work) -> None:
    """Record that the money was transferred back; of a large amount by another person than decided that.

    What the gateway accepted and never confirms can be completed, too. Of USDT, `reference` is the hash of the
    transaction.
    """
    await complete_refund(work, money_id, reference=body.reference, by=staff)


@router.put(
    "/{money_id}/refund-address",
    status_code=204,
    responses=errors(UnknownMoney, NoRefundDue, NotInUsdt, AddressOfRunner, InvalidFields),
)
async def store_refund_address(money_id: UUID, body: AddressByStaff, staff: Finance, work: Work) -> None:
    """Enter where kept USDT go back, for a runner who has named no address. The runner may still name another."""
    await enter_address(work, money_id, body, by=staff)


@router.post(
    "/{money_id}/correct",
    status_code=204,
    responses=errors(UnknownMoney, NothingRecorded, TransactionFound, InvalidFields),
)
async def correct_refund(money_id: UUID, body: Correction, staff: Finance, work: Work) -> None:
    """Correct the transaction that was recorded for kept USDT that went back, while it is not found on the chain."""
    await correct_transaction(work, money_id, body, by=staff)
