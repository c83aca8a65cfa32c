"""What stands around one payment: its invoice, registration, refunds, charge, and lines that may be its money."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

from web.console.apis import StaffApi, unless_away
from web.console.payments.lines import CandidateLine, lines_for
from web.console.payments.models import Invoice, InvoicePayment, Payment, Registration
from web.console.refunds.models import Refund, left_of, refunds_of
from web.upstream.client import Answer, Refused

ResultT = TypeVar("ResultT")

_GONE: Final = 404


class Charge(Answer):
    """A charge of the payment gateway. `bank` is that of a virtual account, `fee` what a report says was kept back."""

    order_id: str
    method: str
    bank: str | None
    fee: Decimal | None = None


@dataclass(frozen=True)
class Around:
    """What is known besides a payment; None for what is not there, or does not answer.

    Attributes:
        refunds: of this payment.
        lines: of statements that may be the money of a proof that waits.
    """

    invoice: Invoice | None
    registration: Registration | None
    charge: Charge | None
    refunds: Sequence[Refund]
    lines: Sequence[CandidateLine]

    def others(self, payment: Payment) -> Sequence[InvoicePayment]:
        """Return the other payments of the registration."""
        found = self.invoice.payments if self.invoice else ()
        return [each for each in found if each.payment_id != payment.payment_id]

    def may_be_refunded(self, payment: Payment) -> bool:
        """Return whether something is left of the payment that can be given back."""
        return payment.verified_at is not None and left_of(payment.arrived, self.refunds) > 0


async def around(payment: StaffApi, registration: StaffApi, found: Payment) -> Around:
    """Return what stands around a payment.

    Raises:
        Refused: see `ApiClient.call`.
    """

    async def charge() -> Charge | None:
        return await payment.get(Charge, f"/charges/{found.charge_id}") if found.charge_id else None

    async def lines() -> Sequence[CandidateLine]:
        return await lines_for(payment, found.payment_id) if found.may_be_a_line else ()

    invoice, registered, refunds, of_gateway, candidates = await asyncio.gather(
        if_there(payment.get(Invoice, f"/invoices/{found.registration_id}")),
        if_there(registration.get(Registration, f"/registrations/{found.registration_id}")),
        if_there(refunds_of(payment, found.payment_id)),
        if_there(charge()),
        if_there(lines()),
    )
    return Around(invoice, registered, of_gateway, refunds or (), candidates or ())


async def if_there(asked: Awaitable[ResultT]) -> ResultT | None:
    """Return an answer; None if there is none, or the API does not answer.

    Raises:
        Refused: see `ApiClient.call`.
    """
    try:
        return await unless_away(asked)
    except Refused as refused:
        if refused.status != _GONE:
            raise
        return None
