"""Routes of the review desk: one proof at a time, leased to the person who reviews it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.auth.access import Finance
from chassis.database import UnitOfWork
from chassis.web.dependencies import Read, Work
from chassis.web.models import Body, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Response
from pydantic import model_validator

from payment.dependencies import ReviewLease, Zone
from payment.instructions.queries import rejection_reasons
from payment.instructions.reasons import NumberedReason, numbered
from payment.invoices.queries import payable_amount
from payment.invoices.tables import Invoice
from payment.proofs.models import InvoiceView
from payment.proofs.tables import Payment
from payment.reports.models import Queue
from payment.reports.queries import waiting
from payment.review import leases, queries
from payment.review.errors import UnknownPayment
from payment.review.flags import Flag, flags_of
from payment.review.lines_api import CandidateLine
from payment.review.models import PaymentView
from payment.statements.for_payment import lines_for

router = Router(prefix="/review", tags=["review"])


class Next(Body):
    """Which proof to review next: the oldest, or the first one that came after a payment, or the last one before it.

    With `event_id`, only proofs for that race.
    """

    after: UUID | None = None
    before: UUID | None = None
    event_id: UUID | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.after and self.before:
            raise ValueError("give after or before, not both")
        return self


class ReviewItem(View):
    """A proof to review until `leased_until`, with warnings, and what waits besides held decisions.

    What waits is counted for the race that was asked for. `candidate_lines` may be the money of the payment.
    """

    payment: PaymentView
    invoice: InvoiceView
    flags: Sequence[Flag]
    candidate_lines: Sequence[CandidateLine]
    leased_until: datetime
    waiting: Queue


class Reasons(View):
    """Reasons of rejections with the keys that choose them."""

    items: Sequence[NumberedReason]


@router.post(
    "/next",
    response_model=ReviewItem,
    responses={204: {"description": "no proof waits, or others review all"}, **errors(UnknownPayment)},
)
async def lease_next(
    staff: Finance, work: Work, lease: ReviewLease, zone: Zone, body: Next | None = None
) -> ReviewItem | Response:
    """Lease the oldest waiting proof that no one else reviews. Asked again, the same person gets the same proof.

    With `after`, the lease of that payment ends, and the first proof behind it is leased; with `before`, the last one
    in front of it.
    """
    wanted = body or Next()
    payment = await leases.lease_next(work, by=staff, lasting=lease, **wanted.model_dump())
    return Response(status_code=204) if payment is None else await _item(work, payment, zone, wanted.event_id)


async def _item(work: UnitOfWork, payment: Payment, zone: ZoneInfo, event_id: UUID | None) -> ReviewItem:
    invoice = await work.session.get_one(Invoice, payment.registration_id)
    row = await queries.payment_by_id(work.session, payment.id)
    payable = await payable_amount(work.session, invoice.registration_id)
    return ReviewItem(
        payment=PaymentView.of(row, now=work.now),
        invoice=InvoiceView.of(invoice, [], now=work.now, payable_amount=payable),
        flags=await flags_of(work.session, payment, invoice),
        candidate_lines=[CandidateLine.of(each) for each in await lines_for(work.session, payment, zone)],
        leased_until=row["leased_until"],
        waiting=Queue.model_validate(await waiting(work.session, event_id)),
    )


@router.post("/{payment_id}/release", status_code=204, responses=errors(UnknownPayment))
async def release_lease(payment_id: UUID, staff: Finance, work: Work) -> None:
    """Give a proof back to the queue. A lease of someone else stays."""
    await leases.release(work, payment_id, by=staff)


@router.get("/reasons")
async def show_reasons(_: Finance, session: Read) -> Reasons:
    """Return the reasons of rejections in both languages, in the order of their keys 1 to 9."""
    return Reasons(items=numbered(await rejection_reasons(session)))
