"""What the APIs say about a registration and its payment, read for one page."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from chassis.errors import NotFound, Unavailable
from chassis.web.dependencies import from_state
from fastapi import Depends, Request

from web.access import OwnAccess, Registration, RunnerAccess, require_match
from web.runner.ways import (
    Option,
    Way,
    Wish,
    in_order,
    options_by,
    options_in_usdt,
    options_of,
    way_to_show,
    ways_begun,
)
from web.upstream import invoices, registrations
from web.upstream.charges import Charge, Charges, ChargeStatus, Offers
from web.upstream.client import ApiClient, Refused
from web.upstream.invoices import Instructions, Invoice, InvoiceStatus
from web.upstream.packs import CollectedPack, read_collected
from web.upstream.usdt import Network, UsdtNetworks, UsdtPayment
from web.visitors import CurrentVisitor, Visitor

MAYBE_PAYABLE: Final = frozenset({registrations.Status.PENDING_PAYMENT, registrations.Status.PAYMENT_UPLOADED})
_UNPAID: Final = frozenset({InvoiceStatus.OPEN, InvoiceStatus.EXPIRED})

Payment = Annotated[ApiClient, from_state("payment_api")]


@dataclass(frozen=True)
class Visit:
    """A visitor at a page of their registration, and the APIs behind it."""

    request: Request
    access: RunnerAccess
    registration: ApiClient
    payment: ApiClient
    visitor: Visitor

    @property
    def invoice_path(self) -> str:
        """Return the path of the invoice at payment's API."""
        return f"/invoices/{self.access.registration_id}"

    async def networks(self) -> Sequence[Network]:
        """Return the networks on which USDT is sent."""
        found: UsdtNetworks = self.request.app.state.usdt_networks
        return await found.get()

    async def collected(self) -> Mapping[UUID, CollectedPack]:
        """Return the race packs that were handed out, by participant."""
        checkin: ApiClient = self.request.app.state.checkin_api
        return await read_collected(checkin, self.access.registration_id, self.visitor, token=self.access.token)


async def visit_of(
    request: Request, access: OwnAccess, registration: Registration, payment: Payment, visitor: CurrentVisitor
) -> Visit:
    """Return the visit of a request."""
    return Visit(request, access, registration, payment, visitor)


CurrentVisit = Annotated[Visit, Depends(visit_of)]


@dataclass(frozen=True)
class Billing:
    """What payment says.

    Attributes:
        invoice: None if there is none yet.
        instructions: None if the page does not need them.
        is_away: payment could not be asked.
        charges: of the gateway, newest first.
        way: the way to pay whose details the page shows; None for the choice.
        usdt: None if no amount in USDT was asked for.
    """

    invoice: Invoice | None = None
    instructions: Instructions | None = None
    is_away: bool = False
    options: Sequence[Option] = ()
    charges: Sequence[Charge] = ()
    active: Charge | None = None
    way: Way | None = None
    usdt: UsdtPayment | None = None
    networks: Sequence[Network] = ()

    @property
    def settling(self) -> Charge | None:
        """Return the charge that is paid and that its bank may still reverse."""
        return next((each for each in self.charges if each.status is ChargeStatus.SETTLING), None)


async def read_billing(visit: Visit, registration: registrations.Registration, wish: Wish) -> Billing:
    """Return what payment says. Without it, the page shows the status nevertheless."""
    if not registration.total_amount:
        return Billing()
    try:
        if registration.status not in MAYBE_PAYABLE:
            invoice, networks = await asyncio.gather(read_invoice(visit), visit.networks())
            return Billing(invoice, usdt=await _usdt(visit, invoice, networks), networks=networks)
        return await _read_ways(visit, wish)
    except Unavailable:
        return Billing(is_away=True)
    except Refused as refused:
        if refused.status != Unavailable.status:
            raise
        return Billing(is_away=True)


async def read_packs(visit: Visit, registration: registrations.Registration) -> Mapping[UUID, CollectedPack]:
    """Return the race packs that were handed out, by participant; check-in is asked once there can be some."""
    return await visit.collected() if registration.status is registrations.Status.PAYMENT_VERIFIED else {}


async def read_invoice(visit: Visit) -> Invoice | None:
    """Return the invoice; None if there is none yet.

    Raises:
        Refused, Unavailable.
    """
    try:
        return await visit.payment.get(invoices.Invoice, visit.invoice_path, visit.visitor, token=visit.access.token)
    except Refused as refused:
        if refused.status != NotFound.status:
            raise
        return None


async def read_own_invoice(visit: Visit) -> Invoice | None:
    """Return the invoice after a check that the address is that of its registration; None if there is none yet.

    Raises:
        ForeignAccess.
        Refused, Unavailable.
    """
    invoice = await read_invoice(visit)
    if invoice is not None:
        require_match(visit.access, visit.access.registration_id, invoice.registration_number)
    return invoice


async def read_charges(visit: Visit) -> Sequence[Charge]:
    """Return the charges of the registration, newest first.

    Raises:
        Refused, Unavailable.
    """
    path = f"{visit.invoice_path}/charges"
    return (await visit.payment.get(Charges, path, visit.visitor, token=visit.access.token)).items


def active_among(charges: Sequence[Charge], visit: Visit) -> Charge | None:
    """Return the charge that is to be paid, or whose answer is awaited; None if there is none."""
    now = visit.request.app.state.clock()
    return next((each for each in charges if each.is_active(now)), None)


async def _read_ways(visit: Visit, wish: Wish) -> Billing:
    """Read no more than the page shows: in a rush, each runner comes here first."""
    invoice, offers, networks = await asyncio.gather(read_invoice(visit), _offers(visit), visit.networks())
    usdt = await _usdt(visit, invoice, networks)
    if invoice is None or invoice.status not in _UNPAID:
        return Billing(invoice, usdt=usdt, networks=networks)
    instructions = None if offers else await _instructions(visit)
    listed = options_by(instructions) if instructions else options_of(offers.items if offers else ())
    options = in_order([*listed, *options_in_usdt(networks, invoice)])
    may_be_charged = invoice.has_charges or any(each.way.by_gateway for each in options)
    charges = await read_charges(visit) if may_be_charged else ()
    active = active_among(charges, visit)
    way = way_to_show(wish, options, ways_begun(invoice, active, usdt, visit.request.app.state.clock()))
    if instructions is None and way is not None and way.needs_proof:
        instructions = await _instructions(visit)
    return Billing(
        invoice,
        instructions,
        options=options,
        charges=charges,
        active=active,
        way=way,
        usdt=usdt,
        networks=networks,
    )


async def _usdt(visit: Visit, invoice: Invoice | None, networks: Sequence[Network]) -> UsdtPayment | None:
    """Return how far payment in USDT is; None if no amount was asked for."""
    if invoice is None or not _may_be_in_usdt(invoice, networks):
        return None
    path = f"{visit.invoice_path}/usdt"
    try:
        return await visit.payment.get(UsdtPayment, path, visit.visitor, token=visit.access.token)
    except Refused as refused:
        if refused.status != NotFound.status:
            raise
        return None


def _may_be_in_usdt(invoice: Invoice, networks: Sequence[Network]) -> bool:
    if invoice.usdt_asked is not None:
        return invoice.usdt_asked
    is_offered = any(each.is_offered for each in networks)
    return invoice.is_paid_in_usdt or (is_offered and invoice.status is not InvoiceStatus.PAID)


async def _offers(visit: Visit) -> Offers | None:
    """Return the ways to pay; None without an invoice, and from a payment service that does not list them."""
    path = f"{visit.invoice_path}/methods"
    try:
        return await visit.payment.get(Offers, path, visit.visitor, token=visit.access.token)
    except Refused as refused:
        if refused.status != NotFound.status:
            raise
        return None


async def _instructions(visit: Visit) -> Instructions:
    return await visit.payment.get(Instructions, "/instructions", visit.visitor)
