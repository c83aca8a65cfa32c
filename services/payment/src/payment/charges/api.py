"""Routes for charges: of runners, and for finance."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.auth.access import AnyRunnerOrFinance, Finance, ItsRunner, ItsRunnerOrFinance
from chassis.auth.principals import Runner, Staff
from chassis.errors import InvalidFields
from chassis.web.dependencies import OwnDatabase, Read
from chassis.web.models import Amount, Body, Limit, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Wording
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from payment.charges import asking, methods, queries
from payment.charges.commands import Wanted
from payment.charges.errors import (
    ChargeActive,
    ChargeNotOpen,
    GatewayDown,
    MethodNotOffered,
    TooLateToCharge,
    UnknownCharge,
)
from payment.charges.methods import Method
from payment.charges.rules import ChargeStatus
from payment.charges.tables import Charge
from payment.dependencies import OwnGateway
from payment.gateways.port import Bank, ChargeMethod
from payment.invoices.errors import AlreadyPaid, InvoiceCancelled, InvoiceExpired, InvoiceNotFound, ProofPending

router = Router(tags=["charges"])

_BANK = Wording(
    en="name the bank of a virtual account, and none for QRIS",
    id="isi bank untuk virtual account, dan kosongkan untuk QRIS",
)


class ChargeView(View):
    """A charge, and what it is paid with: a QR code, a number at a bank, or Mandiri's company code and bill key.

    `last_notice_at` is when the gateway last sent a notification about it, of the last 90 days. `fee` is what it kept
    back, once its settlement report says so; runners do not see it.
    """

    charge_id: UUID = Field(validation_alias="id")
    registration_id: UUID
    order_id: str
    method: ChargeMethod
    bank: Bank | None
    amount: Amount
    currency: str
    status: ChargeStatus
    qr_string: str | None
    va_number: str | None
    biller_code: str | None
    bill_key: str | None
    fee: Amount | None
    created_at: datetime
    expires_at: datetime
    last_notice_at: datetime | None = None

    @classmethod
    def of(cls, charge: Charge, *, by: Runner | Staff, last_notice_at: datetime | None = None) -> Self:
        """Build the view of a charge for a caller."""
        changed: dict[str, Any] = {"last_notice_at": last_notice_at} | ({"fee": None} if isinstance(by, Runner) else {})
        return cls.model_validate(charge).model_copy(update=changed)


class NewCharge(Body):
    """How the runner wants to pay. `bank` is that of a virtual account."""

    method: Annotated[ChargeMethod, Field(strict=False)]
    bank: Annotated[Bank | None, Field(strict=False)] = None


class Charges(View):
    """Charges, newest first."""

    items: Sequence[ChargeView]


class Methods(View):
    """All ways to pay an invoice."""

    items: Sequence[Method]


_UNPAYABLE = (InvoiceNotFound, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending)


@router.get("/invoices/{registration_id}/methods", responses=errors(InvoiceNotFound))
async def show_methods(
    registration_id: UUID, _: ItsRunnerOrFinance, session: Read, gateway: OwnGateway, database: OwnDatabase
) -> Methods:
    """Return the ways to pay an invoice, and why those that cannot be used cannot."""
    found = await methods.methods_of(
        session, registration_id, await gateway.account(session), now=database.clock(), shortest=gateway.shortest
    )
    return Methods(items=found)


@router.get("/invoices/{registration_id}/charges")
async def list_charges_of(registration_id: UUID, by: ItsRunnerOrFinance, session: Read) -> Charges:
    """Return the charges of a registration, newest first."""
    return await _views(session, await queries.charges_of(session, registration_id), by=by)


async def _views(session: AsyncSession, charges: Sequence[Charge], *, by: Runner | Staff) -> Charges:
    notices = await queries.last_notices(session, charges)
    return Charges(items=[ChargeView.of(each, by=by, last_notice_at=notices.get(each.id)) for each in charges])


@router.post(
    "/invoices/{registration_id}/charges",
    status_code=201,
    responses=errors(*_UNPAYABLE, ChargeActive, TooLateToCharge, MethodNotOffered, GatewayDown, InvalidFields),
)
async def create_charge(
    registration_id: UUID, body: NewCharge, by: ItsRunner, database: OwnDatabase, gateway: OwnGateway
) -> ChargeView:
    """Create a charge at the gateway. Repeated for the same way to pay, it returns the charge that is open."""
    if (body.method is ChargeMethod.VA) != (body.bank is not None):
        raise InvalidFields(("bank", _BANK))
    charge = await asking.charge(database, gateway, Wanted(registration_id, body.method, body.bank))
    return ChargeView.of(charge, by=by)


@router.get("/charges")
async def list_charges(by: Finance, session: Read, status: ChargeStatus | None = None, limit: Limit = 50) -> Charges:
    """Return the newest charges of all registrations."""
    return await _views(session, await queries.list_charges(session, status, limit=limit), by=by)


@router.get("/charges/{charge_id}", responses=errors(UnknownCharge))
async def show_charge(charge_id: UUID, by: AnyRunnerOrFinance, session: Read) -> ChargeView:
    """Return a charge; a runner sees those of the own registration."""
    found = await queries.charge_by_id(session, charge_id)
    _require_own(by, found)
    [view] = (await _views(session, [found], by=by)).items
    return view


@router.post(
    "/charges/{charge_id}/cancel", status_code=204, responses=errors(UnknownCharge, ChargeNotOpen, GatewayDown)
)
async def cancel_charge(charge_id: UUID, by: AnyRunnerOrFinance, database: OwnDatabase, gateway: OwnGateway) -> None:
    """Cancel a charge that is not paid, so that another way to pay can be chosen."""
    async with database.read() as session:
        _require_own(by, await queries.charge_by_id(session, charge_id))
    await asking.cancel(database, gateway, charge_id)


def _require_own(by: object, charge: Charge) -> None:
    if isinstance(by, Runner) and by.registration_id != charge.registration_id:
        raise UnknownCharge
