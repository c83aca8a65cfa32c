"""Offering an invoice an amount in USDT."""

from decimal import Decimal
from uuid import UUID

from chassis.database import UnitOfWork

from payment.invoices.commands import ensure_payable
from payment.invoices.tables import Invoice
from payment.usdt.networks.access import ChainAccess
from payment.usdt.networks.queries import Reason, offers
from payment.usdt.pay.errors import BelowMinimum, NetworkNotOffered
from payment.usdt.pay.rules import receipt_of
from payment.usdt.pay.settling import Arrivals, arrivals_of
from payment.usdt.quotes.commands import Terms, own_address, quote
from payment.usdt.quotes.tables import Quote


async def offer(work: UnitOfWork, registration_id: UUID, network: str, *, access: ChainAccess, terms: Terms) -> Quote:
    """Return the quote for what is left to pay of an invoice, on a network.

    Raises:
        InvoiceNotFound, InvoiceExpired, InvoiceCancelled, AlreadyPaid, ProofPending.
        NetworkNotOffered, BelowMinimum.
        NoReceivingKey, RateUnavailable.
    """
    await ensure_payable(work.session, registration_id, now=work.now)
    invoice = await work.session.get_one(Invoice, registration_id)
    await _require(work, invoice, network, access)
    address = await own_address(work, registration_id, access.box)
    # While this waited for the lock, settling may have paid it.
    await ensure_payable(work.session, registration_id, now=work.now)
    arrivals = await arrivals_of(work.session, registration_id)
    return await quote(work, address, network, left_idr=_left(arrivals), terms=terms)


def _left(arrivals: Arrivals) -> Decimal | None:
    """Return what is left to pay, in rupiah; None if enough was seen."""
    if not arrivals.locks:
        return arrivals.invoice.amount
    left = arrivals.invoice.amount - receipt_of(arrivals.open, arrivals.locks).seen_idr
    return left if left > 0 else None


async def _require(work: UnitOfWork, invoice: Invoice, network: str, access: ChainAccess) -> None:
    """Check that the network is offered for the invoice; a rate and a key are looked for where they are needed."""
    found = next((each for each in await offers(work.session, access, now=work.now) if each.network == network), None)
    if found is None or invoice.currency != "IDR" or found.reason in {Reason.NOT_OFFERED, Reason.TROUBLE}:
        raise NetworkNotOffered
    if invoice.amount < found.minimum_order:
        raise BelowMinimum(minimum_order=f"{found.minimum_order:f}")
