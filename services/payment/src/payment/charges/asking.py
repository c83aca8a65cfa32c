"""Asking the gateway: for a charge, to cancel one, and about those that are due.

No gateway is called inside a transaction: the charge's row is committed, the gateway asked, the answer stored.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from chassis.database import Database
from chassis.telemetry import logger
from sqlalchemy import select, update

from payment.charges.commands import Wanted, end_active, forget_unknown, open_charge, store_details
from payment.charges.errors import ChargeNotOpen, GatewayDown, MethodNotOffered
from payment.charges.queries import charge_by_id, is_superfluous
from payment.charges.reports import apply_report
from payment.charges.rules import ACTIVE, ChargeStatus
from payment.charges.tables import Charge
from payment.gateways.account import QRIS, Account, GatewayAccess
from payment.gateways.port import (
    Bank,
    ChargeMethod,
    ChargeRequest,
    Gateway,
    GatewayError,
    GatewayRefused,
    GatewayUnavailable,
    OrderTaken,
    OrderUnknown,
)
from payment.gateways.portions import ask_in_portions
from payment.gateways.watching import watched

log = logger(__name__)

_AT_ONCE: Final = 10
_ANSWERED_WITHIN: Final = timedelta(seconds=12)
"""Longer than the time-outs of the gateway."""
_LOOK_EVERY: Final = 0.2
_LEASE: Final = timedelta(minutes=1)
"""A process that dies while it asks leaves its charges to others after this."""


async def charge(database: Database, access: GatewayAccess, wanted: Wanted) -> Charge:
    """Return the charge that a runner pays, created at the gateway unless it exists.

    After a time-out the charge stays `asking`, and a repetition asks again for the same one.

    Raises:
        MethodNotOffered, ChargeActive, TooLateToCharge.
        InvoiceNotFound, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
        GatewayDown.
    """
    account = await offering_account(database, access, wanted)
    async with database.work() as work:
        opened, is_new = await open_charge(work, wanted, shortest=access.shortest)
    if not is_new:
        opened = await _once_answered(database, opened)
    gateway = watched(database, access, account)
    if opened.status == ChargeStatus.ASKING:
        return await _create(database, gateway, account, opened)
    if _has_no_code(opened):
        ended = await cancel_at(database, gateway, account, opened)
        if ended.status in ACTIVE:
            raise GatewayDown
        return await charge(database, access, wanted)
    return opened


def _has_no_code(found: Charge) -> bool:
    """Return whether a QR code is missing: the answer with it got lost, and a status has none. It is to be replaced."""
    is_qris = found.method == ChargeMethod.QRIS and found.qr_string is None
    return is_qris and found.status == ChargeStatus.PENDING


async def _once_answered(database: Database, opened: Charge) -> Charge:
    """Return a charge after the request that created it has its answer; as it is after some seconds without one."""
    until = opened.created_at + _ANSWERED_WITHIN
    while opened.status == ChargeStatus.ASKING and database.clock() < until:
        await asyncio.sleep(_LOOK_EVERY)
        async with database.read() as session:
            opened = await charge_by_id(session, opened.id)
    return opened


async def offering_account(database: Database, access: GatewayAccess, wanted: Wanted) -> Account:
    """Return the account if it offers a way to pay.

    Raises:
        MethodNotOffered.
    """
    async with database.read() as session:
        account = await access.account(session)
    offer = QRIS if wanted.method is ChargeMethod.QRIS else wanted.bank
    if account is None or offer not in account.offers or (wanted.method is ChargeMethod.QRIS and wanted.bank):
        raise MethodNotOffered
    return account


async def _create(database: Database, gateway: Gateway, account: Account, opened: Charge) -> Charge:
    request = ChargeRequest(
        order_id=opened.order_id,
        amount=opened.amount,
        method=ChargeMethod(opened.method),
        bank=Bank(opened.bank) if opened.bank else None,
        asked_at=database.clock(),
        expires_at=opened.expires_at,
        repeat_key=str(opened.id),
    )
    try:
        details = await gateway.charge(request)
    except OrderTaken:
        return await _adopt(database, gateway, account, opened)
    except (GatewayRefused, GatewayUnavailable) as error:
        await _end(database, opened.id, ChargeStatus.FAILED)
        raise _down(opened.id, error) from None
    except GatewayError as error:
        raise _down(opened.id, error) from None
    async with database.work() as work:
        return await store_details(work, opened.id, details)


async def _adopt(database: Database, gateway: Gateway, account: Account, opened: Charge) -> Charge:
    """Return the charge as it exists at the gateway; one without its QR code is cancelled, so that another is made.

    Raises:
        GatewayDown.
    """
    adopted = await _ask(database, gateway, account, opened.id)
    if _has_no_code(adopted):
        await cancel_at(database, gateway, account, adopted)
        raise GatewayDown
    return adopted


async def cancel(database: Database, access: GatewayAccess, charge_id: UUID) -> None:
    """Cancel a charge that is not paid, so that the runner can pay in another way. Idempotent.

    Raises:
        UnknownCharge.
        ChargeNotOpen: it was paid meanwhile, or has ended otherwise.
        GatewayDown.
    """
    async with database.read() as session:
        found, account = await charge_by_id(session, charge_id), await access.account(session)
    if found.status == ChargeStatus.CANCELLED:
        return
    if found.status not in ACTIVE:
        raise ChargeNotOpen(charge_status=found.status)
    if account is None:
        raise GatewayDown
    ended = await cancel_at(database, watched(database, access, account), account, found)
    if ended.status not in {ChargeStatus.CANCELLED, ChargeStatus.EXPIRED, ChargeStatus.FAILED}:
        raise ChargeNotOpen(charge_status=ended.status)


async def cancel_at(database: Database, gateway: Gateway, account: Account, found: Charge) -> Charge:
    """Cancel a charge at the gateway, and return it as it is then: perhaps paid a moment before.

    Raises:
        GatewayDown.
    """
    try:
        await gateway.cancel(found.order_id)
    except OrderUnknown:
        pass
    except GatewayRefused:
        return await _ask(database, gateway, account, found.id)
    except GatewayError as error:
        raise _down(found.id, error) from None
    await _end(database, found.id, ChargeStatus.CANCELLED)
    async with database.read() as session:
        return await charge_by_id(session, found.id)


async def _ask(database: Database, gateway: Gateway, account: Account, charge_id: UUID) -> Charge:
    """Ask how a charge is now and store it. One that the gateway does not know has failed, if it was active.

    Raises:
        GatewayDown.
    """
    async with database.read() as session:
        found = await charge_by_id(session, charge_id)
    try:
        report = await gateway.status(found.order_id)
    except OrderUnknown:
        async with database.work() as work:
            return await forget_unknown(work, charge_id)
    except GatewayError as error:
        raise _down(charge_id, error) from None
    async with database.work() as work:
        return await apply_report(work, charge_id, report, merchant_id=account.merchant_id)


async def ask_due(database: Database, access: GatewayAccess) -> int:
    """Ask about all charges that are due; return how many. Any number of workers may do so at once.

    An active charge whose invoice is paid or closed is cancelled first. If the gateway is down, the rest waits.
    """
    async with database.read() as session:
        account = await access.account(session)
    if account is None:
        return 0
    settle = partial(_settle, database, watched(database, access, account), account)
    return await ask_in_portions(partial(_claim, database), settle, failure="charge_not_settled")


async def _claim(database: Database) -> Sequence[UUID]:
    async with database.work() as work:
        due = select(Charge.id).where(Charge.ask_at <= work.now).order_by(Charge.ask_at).limit(_AT_ONCE)
        claimed = update(Charge).where(Charge.id.in_(due.with_for_update(skip_locked=True)))
        return (
            (await work.session.execute(claimed.values(ask_at=work.now + _LEASE).returning(Charge.id))).scalars().all()
        )


async def _settle(database: Database, gateway: Gateway, account: Account, charge_id: UUID) -> bool:
    """Ask about a charge, after cancelling it if it is superfluous. Return whether the gateway answered."""
    async with database.read() as session:
        found = await charge_by_id(session, charge_id)
        superfluous = found.status in ACTIVE and await is_superfluous(session, found)
    try:
        if superfluous:
            await cancel_at(database, gateway, account, found)
        await _ask(database, gateway, account, charge_id)
    except GatewayDown:
        return False
    return True


async def _end(database: Database, charge_id: UUID, status: ChargeStatus) -> None:
    async with database.work() as work:
        await end_active(work, charge_id, status)


def _down(charge_id: UUID, error: GatewayError) -> GatewayDown:
    log.warning("gateway_failed", charge=str(charge_id), kind=type(error).__name__, reason=str(error))
    return GatewayDown()
