"""Asking the gateway for money that goes back, and what became of it: for refunds, and for kept money.

No gateway is called inside a transaction: that it is asked is committed, it is asked, its answer stored. A request
without an answer is repeated with its key, after a look at whether the gateway knows it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from chassis.database import Database, UnitOfWork
from chassis.telemetry import logger

from payment.charges.reports import apply_report
from payment.gateways.account import Account, GatewayAccess
from payment.gateways.port import Gateway, GatewayError, GatewayRefused, OrderUnknown, RefundRequest

log = logger(__name__)


@dataclass(frozen=True)
class Asked:
    """Money that the gateway is asked to give back.

    Attributes:
        id: of the refund, or of the kept money.
        key: two requests with it make one refund.
        is_known: whether the gateway was seen to know it: then it is only asked about.
    """

    id: UUID
    charge_id: UUID
    order_id: str
    key: str
    amount: Decimal
    reason: str
    is_known: bool


@dataclass(frozen=True)
class Kind:
    """What goes back: refunds of payments, or kept money. Its changes are made under the lock of a row.

    Attributes:
        claim: returns some that are due to be asked about, and sets when each is next: that is this process's lease.
        accept: stores that the gateway has accepted it, and confirms it later.
        fall_back: lets what the gateway refused be transferred by hand, unless it was accepted since.
    """

    claim: Callable[[UnitOfWork], Awaitable[Sequence[Asked]]]
    accept: Callable[[UnitOfWork, Asked], Awaitable[None]]
    fall_back: Callable[[UnitOfWork, Asked, GatewayRefused | OrderUnknown], Awaitable[None]]


class Begin(Protocol):
    """Stores that the gateway is asked; returns what to ask for after the commit, None if that has to wait."""

    def __call__(self, work: UnitOfWork, *, has_gateway: bool) -> Awaitable[Asked | None]:
        """Store it."""


async def send(database: Database, access: GatewayAccess, begin: Begin, *, kind: Kind) -> None:
    """Give money back through the gateway; without an answer it stays asked, and the worker goes on.

    Raises:
        What `begin` raises.
    """
    async with database.read() as session:
        account = await access.account(session)
    async with database.work() as work:
        asked = await begin(work, has_gateway=account is not None)
    if asked is not None and account is not None:
        await request(database, access.gateway(account), account, asked, kind=kind)


async def request(database: Database, gateway: Gateway, account: Account, asked: Asked, *, kind: Kind) -> None:
    """Ask the gateway, and store its answer; without one it stays asked.

    Its report is applied also if it refuses: what was given back there is known before a person transfers it.
    """
    sent = RefundRequest(order_id=asked.order_id, key=asked.key, amount=asked.amount, reason=asked.reason)
    try:
        await gateway.refund(sent)
    except (GatewayRefused, OrderUnknown) as error:
        _log(asked, error)
        async with database.work() as work:
            await kind.fall_back(work, asked, error)
    except GatewayError as error:
        _log(asked, error)
        return
    else:
        async with database.work() as work:
            await kind.accept(work, asked)
    await _look(database, gateway, account, asked)


async def ask_about(database: Database, access: GatewayAccess, *, kind: Kind) -> int:
    """Ask about what is due to be asked about; return how many. Any number of workers may do so at once."""
    async with database.read() as session:
        account = await access.account(session)
    if account is None:
        return 0
    gateway, total = access.gateway(account), 0
    while claimed := await _claim(database, kind):
        for asked in claimed:
            if await _look(database, gateway, account, asked):
                await request(database, gateway, account, asked, kind=kind)
        total += len(claimed)
    return total


async def _claim(database: Database, kind: Kind) -> Sequence[Asked]:
    async with database.work() as work:
        return await kind.claim(work)


async def _look(database: Database, gateway: Gateway, account: Account, asked: Asked) -> bool:
    """Let the gateway's report change the charge and its refunds. Return whether it says nothing about this one."""
    try:
        report = await gateway.status(asked.order_id)
    except GatewayError as error:
        _log(asked, error)
        return False
    async with database.work() as work:
        await apply_report(work, asked.charge_id, report, merchant_id=account.merchant_id)
    return not asked.is_known and all(each.key not in {asked.key, None} for each in report.refunds)


def _log(asked: Asked, error: GatewayError) -> None:
    kind = type(error).__name__
    log.warning("gateway_failed", refund=str(asked.id), kind=kind, reason=str(error))
