"""The ways to pay an invoice, and why some cannot be used."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.web.models import View
from sqlalchemy.ext.asyncio import AsyncSession

from payment.gateways.account import OFFERS, QRIS, Account
from payment.gateways.port import Bank, ChargeMethod
from payment.instructions.queries import settings_row
from payment.instructions.tables import PaymentSettings
from payment.invoices.errors import InvoiceNotFound
from payment.invoices.rules import InvoiceStatus, shown_status
from payment.invoices.tables import Invoice


class Reason(StrEnum):
    """Why a way to pay cannot be used."""

    NOT_OFFERED = "not_offered"
    INVOICE_CLOSED = "invoice_closed"
    TOO_LATE = "too_late"


class Method(View):
    """A way to pay: `bank_transfer` or `qris` with a proof, or a charge of the gateway, with the bank of a VA."""

    method: str
    bank: Bank | None = None
    available: bool
    reason: Reason | None = None


async def methods_of(
    session: AsyncSession, registration_id: UUID, account: Account | None, *, now: datetime, shortest: timedelta
) -> Sequence[Method]:
    """Return the ways to pay an invoice, as of `now`. A charge has to be payable for `shortest`.

    Raises:
        InvoiceNotFound.
    """
    invoice = await session.get(Invoice, registration_id)
    if invoice is None:
        raise InvoiceNotFound
    closed = shown_status(InvoiceStatus(invoice.status), invoice.expires_at, now) is not InvoiceStatus.OPEN
    late = invoice.expires_at - now < shortest
    by_proof = _by_proof(await settings_row(session))
    return [*_proofs(by_proof, closed=closed), *_charges(account, closed=closed, late=late)]


def _by_proof(settings: PaymentSettings) -> dict[str, bool]:
    return {"bank_transfer": settings.account_number is not None, "qris": settings.qris_image_path is not None}


def _proofs(by_proof: dict[str, bool], *, closed: bool) -> Iterator[Method]:
    for method, offered in by_proof.items():
        yield _method(method, None, offered=offered, closed=closed, late=False)


def _charges(account: Account | None, *, closed: bool, late: bool) -> Iterator[Method]:
    offers = () if account is None else account.offers
    for offer in OFFERS:
        method = ChargeMethod.QRIS if offer == QRIS else ChargeMethod.VA
        bank = None if offer == QRIS else Bank(offer)
        yield _method(method.value, bank, offered=offer in offers, closed=closed, late=late)


def _method(method: str, bank: Bank | None, *, offered: bool, closed: bool, late: bool) -> Method:
    reasons = ((not offered, Reason.NOT_OFFERED), (closed, Reason.INVOICE_CLOSED), (late, Reason.TOO_LATE))
    reason = next((each for applies, each in reasons if applies), None)
    return Method(method=method, bank=bank, available=reason is None, reason=reason)
