"""Requesting refunds from the gateway and polling their status: of payments, and of kept money.

No gateway is called inside a transaction: that it is asked is committed, it is asked, its answer stored. A request
without an answer is repeated with its key, after a look at whether the gateway knows it. A refusal counts only after
such a look: the gateway may have made the refund when it was asked for it before.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from chassis.database import Database, UnitOfWork
from chassis.telemetry import logger

from payment.charges.reports import apply_report
from payment.gateways.account import Account, GatewayAccess
from payment.gateways.port import (
    Gateway,
    GatewayError,
    GatewayRefused,
    OrderUnknown,
    RefundRequest,
    ReportedRefund,
)
from payment.gateways.portions import ask_in_portions
from payment.gateways.watching import watched

log = logger(__name__)

_ENTERED_AGAIN_WITHIN: Final = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """Money that the gateway is asked to give back.

    Attributes:
        id: of the refund, or of the kept money.
        key: two requests with it make one refund.
        is_known: whether the gateway was seen to know it: then it is only asked about.
        sent_at: when the gateway was asked for it; None if it was made there.
    """

    id: UUID
    charge_id: UUID
    order_id: str
    key: str
    amount: Decimal
    reason: str
    is_known: bool
    sent_at: datetime | None


@dataclass(frozen=True)
class Kind:
    """What goes back: refunds of payments, or kept money. Its changes are made under the lock of a row.

    Attributes:
        claim: returns some that are due to be asked about, leased to this process for a minute.
        accept: stores that the gateway has accepted it, and confirms it later.
        fall_back: lets what the gateway refused be transferred by hand, unless it was accepted since.
        ask_later: sets when it is asked about next.
    """

    claim: Callable[[UnitOfWork], Awaitable[Sequence[Asked]]]
    accept: Callable[[UnitOfWork, Asked], Awaitable[None]]
    fall_back: Callable[[UnitOfWork, Asked, GatewayRefused | OrderUnknown], Awaitable[None]]
    ask_later: Callable[[UnitOfWork, Asked], Awaitable[None]]


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
        await request(database, watched(database, access, account), account, asked, kind=kind)


async def request(database: Database, gateway: Gateway, account: Account, asked: Asked, *, kind: Kind) -> bool:
    """Ask the gateway, and store its answer; without one it stays asked. Return whether there was one."""
    sent = RefundRequest(order_id=asked.order_id, key=asked.key, amount=asked.amount, reason=asked.reason)
    try:
        await gateway.refund(sent)
    except (GatewayRefused, OrderUnknown) as error:
        _log(asked, error)
        return await _refused(database, gateway, account, asked, error, kind=kind)
    except GatewayError as error:
        _log(asked, error)
        return False
    async with database.work() as work:
        await kind.accept(work, asked)
    await _look(database, gateway, account, asked)
    return True


async def _refused(
    database: Database,
    gateway: Gateway,
    account: Account,
    asked: Asked,
    error: GatewayRefused | OrderUnknown,
    *,
    kind: Kind,
) -> bool:
    """Let what the gateway refused be transferred by hand, unless its report says that it was made before.

    Return False if there is no report: then it stays asked. What was given back there in other ways is applied first.
    """
    reported = await _look(database, gateway, account, asked)
    if reported is not None and all(each.key != asked.key for each in reported):
        async with database.work() as work:
            await kind.fall_back(work, asked, error)
    return reported is not None


async def ask_about(database: Database, access: GatewayAccess, *, kind: Kind) -> int:
    """Ask about what is due to be asked about; return how many. Any number of workers may do so at once.

    If the gateway is down, the rest waits. If the account was removed, what was not accepted within a day goes back
    by hand.
    """
    async with database.read() as session:
        account = await access.account(session)
        is_stored = account is not None or await access.is_stored(session)
    claim = partial(_claim, database, kind)
    if account is not None:
        go_on = partial(_go_on, database, watched(database, access, account), account, kind=kind)
    elif not is_stored:
        go_on = partial(_leave_to_people, database, kind)
    else:
        return 0
    return await ask_in_portions(claim, go_on, failure="refund_not_asked_about")


async def _leave_to_people(database: Database, kind: Kind, asked: Asked) -> bool:
    """Let money be transferred by hand that was asked for a day ago: an account may be entered again before that.

    A request whose answer got lost may have been made there, so a person has to look.
    """
    async with database.work() as work:
        if asked.sent_at is not None and work.now - asked.sent_at > _ENTERED_AGAIN_WITHIN:
            await kind.fall_back(work, asked, GatewayRefused("no account"))
        await kind.ask_later(work, asked)
    return True


async def _claim(database: Database, kind: Kind) -> Sequence[Asked]:
    async with database.work() as work:
        return await kind.claim(work)


async def _go_on(database: Database, gateway: Gateway, account: Account, asked: Asked, *, kind: Kind) -> bool:
    """Ask about money, and ask for it again if the gateway does not know it. Return whether the gateway answered."""
    reported = await _look(database, gateway, account, asked)
    if reported is None:
        return False
    is_missing = not asked.is_known and all(each.key not in {asked.key, None} for each in reported)
    if is_missing and not await request(database, gateway, account, asked, kind=kind):
        return False
    async with database.work() as work:
        await kind.ask_later(work, asked)
    return True


async def _look(
    database: Database, gateway: Gateway, account: Account, asked: Asked
) -> Sequence[ReportedRefund] | None:
    """Let the gateway's report change the charge and its refunds. Return those that it names, None without a report."""
    try:
        report = await gateway.status(asked.order_id)
    except OrderUnknown as error:
        _log(asked, error)
        return ()
    except GatewayError as error:
        _log(asked, error)
        return None
    async with database.work() as work:
        await apply_report(work, asked.charge_id, report, merchant_id=account.merchant_id)
    return report.refunds


def _log(asked: Asked, error: GatewayError) -> None:
    kind = type(error).__name__
    log.warning("gateway_failed", refund=str(asked.id), kind=kind, reason=str(error))
