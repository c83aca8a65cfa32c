"""Routes for staff who review payments."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.auth.access import Finance
from chassis.errors import Unavailable
from chassis.images.errors import ImageMissing
from chassis.web.dependencies import OwnDatabase, Work
from chassis.web.models import Amount, Body, Cursor, Limit, Page, SearchText, Text, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from contracts import PaymentMethod
from fastapi import Query, Response
from pydantic import Field

from payment.dependencies import Images
from payment.invoices.rules import RegistrationEnd
from payment.paging import Position, cursors
from payment.proofs.rules import PaymentStatus
from payment.review import commands, queries
from payment.review.errors import AlreadyDecided, UnknownPayment
from payment.review.queries import PaymentFilter

router = Router(prefix="/payments", tags=["review"])


class SameImage(View):
    """A payment of another registration whose proof is the same file."""

    payment_id: UUID
    registration_id: UUID
    registration_number: str


class PaymentView(View):
    """A payment and its proof, as staff review it.

    `registration_ended` warns that the registration expired or was cancelled meanwhile. `submitted_by` is `runner`, or
    `staff:` and the id of the member of staff who recorded the proof.
    """

    payment_id: UUID
    registration_id: UUID
    registration_number: str
    payer_name: str
    registration_ended: RegistrationEnd | None
    status: PaymentStatus
    amount: Amount
    currency: str
    payment_method: PaymentMethod
    payment_date: datetime
    notes: str | None
    submitted_by: str
    uploaded_at: datetime
    age_seconds: int
    duplicate_of: SameImage | None
    verified_at: datetime | None
    verified_by: UUID | None
    rejected_at: datetime | None
    rejected_by: UUID | None
    rejection_reason: str | None

    @classmethod
    def of(cls, row: Any, *, now: datetime) -> Self:
        """Build the view from the row of a payment, its invoice and its duplicate."""
        age = max(0, int((now - row["uploaded_at"]).total_seconds()))
        return cls.model_validate({**row, "payment_id": row["id"], "age_seconds": age, "duplicate_of": _duplicate(row)})


def _duplicate(row: Any) -> SameImage | None:
    if row["duplicate_id"] is None:
        return None
    return SameImage(
        payment_id=row["duplicate_id"],
        registration_id=row["duplicate_registration_id"],
        registration_number=row["duplicate_number"],
    )


class Rejection(Body):
    """The reason of a rejection, which the runner sees."""

    reason: Annotated[Text, Field(max_length=1000)]


@router.get("")
async def list_payments(
    _: Finance,
    database: OwnDatabase,
    status: PaymentStatus | None = None,
    method: PaymentMethod | None = None,
    q: Annotated[SearchText | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PaymentView]:
    """Return payments, those to review first, then the decided ones; each group oldest first."""
    async with database.read() as session:
        rows = await queries.list_payments(
            session, PaymentFilter(status, method, q), limit=limit + 1, after=cursors.decode(cursor)
        )
    items = [PaymentView.of(row, now=database.clock()) for row in rows[:limit]]
    return Page(items=items, next_cursor=_after(items[-1]) if len(rows) > limit else None)


def _after(last: PaymentView) -> str:
    return cursors.encode(*Position(last.status is not PaymentStatus.UPLOADED, last.uploaded_at, last.payment_id))


@router.get("/{payment_id}", responses=errors(UnknownPayment))
async def show_payment(payment_id: UUID, _: Finance, database: OwnDatabase) -> PaymentView:
    """Return a payment and its proof's data."""
    async with database.read() as session:
        return PaymentView.of(await queries.payment_by_id(session, payment_id), now=database.clock())


@router.get(
    "/{payment_id}/proof",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}}},
        **errors(UnknownPayment, ImageMissing, Unavailable),
    },
)
async def show_proof(payment_id: UUID, _: Finance, database: OwnDatabase, images: Images) -> Response:
    """Return the image of the proof, re-encoded."""
    async with database.read() as session:
        path, content_type = await queries.proof_of(session, payment_id)
    return Response(
        await images.get(path),
        media_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="proof-{payment_id}.{content_type.rpartition("/")[2]}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        },
    )


@router.post("/{payment_id}/verify", status_code=204, responses=errors(UnknownPayment, AlreadyDecided))
async def verify_payment(payment_id: UUID, staff: Finance, work: Work) -> None:
    """Verify a payment: the money has arrived."""
    await commands.verify_payment(work, payment_id, by=staff)


@router.post("/{payment_id}/reject", status_code=204, responses=errors(UnknownPayment, AlreadyDecided))
async def reject_payment(payment_id: UUID, body: Rejection, staff: Finance, work: Work) -> None:
    """Reject a proof; the runner may upload another."""
    await commands.reject_payment(work, payment_id, reason=body.reason, by=staff)
