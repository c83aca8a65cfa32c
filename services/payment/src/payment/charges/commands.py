"""Changes of charges. Each is one conditional statement, or is made under the lock of the charge's row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from chassis.database import UnitOfWork
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from payment.charges.errors import ChargeActive, TooLateToCharge, UnknownCharge
from payment.charges.notices import Notice
from payment.charges.rules import ACTIVE, ChargeStatus, new_order_id, next_question
from payment.charges.tables import Charge, GatewayNotice
from payment.gateways.port import Bank, ChargeDetails, ChargeMethod
from payment.invoices.commands import ensure_payable
from payment.invoices.tables import Invoice

_MAY_STILL_ARRIVE: Final = timedelta(minutes=10)
_ACTIVE: Final = Charge.status.in_(ACTIVE)


@dataclass(frozen=True)
class Wanted:
    """How a runner wants to pay. `bank` is that of a virtual account."""

    registration_id: UUID
    method: ChargeMethod
    bank: Bank | None


async def open_charge(work: UnitOfWork, wanted: Wanted, *, shortest: timedelta) -> tuple[Charge, bool]:
    """Return the active charge of an invoice, and whether it is new: one that exists has to be paid in the same way.

    A charge ends with the invoice's deadline. Of concurrent requests one inserts, the others find its charge.

    Args:
        shortest: how long a charge has to be payable.

    Raises:
        InvoiceNotFound, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
        ChargeActive, TooLateToCharge.
    """
    await ensure_payable(work.session, wanted.registration_id, now=work.now)
    invoice = await work.session.get_one(Invoice, wanted.registration_id)
    if invoice.expires_at - work.now < shortest:
        raise TooLateToCharge
    new = insert(Charge).values(_row(invoice, wanted, now=work.now)).on_conflict_do_nothing().returning(Charge)
    inserted = (await work.session.execute(new)).scalar_one_or_none()
    return (inserted, True) if inserted else (await _active(work, wanted), False)


async def _active(work: UnitOfWork, wanted: Wanted) -> Charge:
    query = select(Charge).where(Charge.registration_id == wanted.registration_id, _ACTIVE)
    found = (await work.session.execute(query)).scalar_one_or_none()
    if found is None:
        raise ChargeActive  # it ended between the two statements: a repetition will insert
    if (found.method, found.bank) != (wanted.method, wanted.bank):
        raise ChargeActive(charge_id=str(found.id))
    return found


def _row(invoice: Invoice, wanted: Wanted, *, now: datetime) -> dict[str, Any]:
    expires_at = now + timedelta(minutes=(invoice.expires_at - now) // timedelta(minutes=1))
    times = {"created_at": now, "expires_at": expires_at}
    return {
        **times,
        "id": uuid4(),
        "registration_id": wanted.registration_id,
        "order_id": new_order_id(invoice.registration_number),
        "method": wanted.method,
        "bank": wanted.bank,
        "amount": invoice.amount,
        "currency": invoice.currency,
        "status": ChargeStatus.ASKING,
        "ask_at": next_question(ChargeStatus.ASKING, **times, now=now),
        "updated_at": now,
    }


async def store_details(work: UnitOfWork, charge_id: UUID, details: ChargeDetails) -> Charge:
    """Store what the runner pays with; the charge is pending, unless it is over already. Return it."""
    charge = await locked_charge(work, charge_id)
    fill_details(charge, details)
    if charge.status == ChargeStatus.ASKING:
        charge.status = ChargeStatus.PENDING
    charge.updated_at = work.now
    await work.session.flush()
    return charge


def fill_details(charge: Charge, details: ChargeDetails) -> None:
    """Set what the runner pays with, where it is not known yet."""
    known: Mapping[str, str | None] = {
        "transaction_id": details.transaction_id or None,
        "qr_string": details.qr_string,
        "va_number": details.va_number,
        "biller_code": details.biller_code,
        "bill_key": details.bill_key,
    }
    for name, value in known.items():
        if value is not None and getattr(charge, name) is None:
            setattr(charge, name, value)


async def end_active(work: UnitOfWork, charge_id: UUID, status: ChargeStatus) -> bool:
    """Set the status of a charge that is active; return whether it was. It is asked about for another week."""
    ended = update(Charge).where(Charge.id == charge_id, _ACTIVE).values(status=status, updated_at=work.now)
    return (await work.session.execute(ended.returning(Charge.id))).first() is not None


async def forget_unknown(work: UnitOfWork, charge_id: UUID) -> Charge:
    """Let a charge fail that the gateway does not know, if it was active. Return it.

    A request that timed out may still be under way, so for a few minutes the gateway is asked again.
    """
    charge = await locked_charge(work, charge_id)
    if charge.status in ACTIVE:
        charge.status = ChargeStatus.FAILED
    times = {"created_at": charge.created_at, "expires_at": charge.expires_at}
    young = work.now - charge.created_at < _MAY_STILL_ARRIVE
    charge.ask_at = next_question(ChargeStatus(charge.status), **times, now=work.now) if young else None
    charge.updated_at = work.now
    await work.session.flush()
    return charge


async def locked_charge(work: UnitOfWork, charge_id: UUID) -> Charge:
    """Lock a charge and return it.

    Raises:
        UnknownCharge.
    """
    charge = await work.session.get(Charge, charge_id, with_for_update=True, populate_existing=True)
    if charge is None:
        raise UnknownCharge
    return charge


async def store_notice(work: UnitOfWork, notice: Notice) -> None:
    """Store a notification, and let the gateway be asked about its order at once."""
    rung = update(Charge).where(Charge.order_id == notice.order_id).values(ask_at=work.now).returning(Charge.id)
    charge_id = (await work.session.execute(rung)).scalar_one_or_none()
    row = {
        "id": uuid4(),
        "order_id": notice.order_id,
        "transaction_id": notice.transaction_id,
        "word": notice.transaction_status,
        "gross_amount": notice.gross_amount,
        "charge_id": charge_id,
        "received_at": work.now,
    }
    await work.session.execute(insert(GatewayNotice).values(row))
