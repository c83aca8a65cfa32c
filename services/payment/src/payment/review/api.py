"""Routes for staff who review payments."""

from typing import Annotated
from uuid import UUID

from chassis.auth.access import Finance
from chassis.errors import Unavailable
from chassis.images.errors import ImageMissing
from chassis.web.dependencies import OwnDatabase, Work
from chassis.web.models import Cursor, Limit, Moment, Page, SearchText
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Query, Response

from payment.dependencies import Images, ReviewLease
from payment.paging import Position, cursors
from payment.proofs.rules import Method, PaymentStatus
from payment.review import commands, decisions, queries
from payment.review.errors import AlreadyDecided, NothingToUndo, UnknownPayment
from payment.review.models import PaymentView, Rejection, Verification
from payment.review.queries import PaymentFilter
from payment.second_person import SamePerson, Waiting, WaitsForSecond, second_person_answer

router = Router(prefix="/payments", tags=["review"])


@router.get("")
async def list_payments(
    _: Finance,
    database: OwnDatabase,
    status: PaymentStatus | None = None,
    method: Method | None = None,
    q: Annotated[SearchText | None, Query()] = None,
    since: Annotated[Moment | None, Query(alias="from", description="when the proof arrived")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="not included")] = None,
    event_id: UUID | None = None,
    waits_for_second: WaitsForSecond = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[PaymentView]:
    """Return payments, those to review first, then the decided ones; each group oldest first."""
    wanted = PaymentFilter(status, method, q, since, until, event_id, waits_for_second)
    async with database.read() as session:
        rows = await queries.list_payments(session, wanted, limit=limit + 1, after=cursors.decode(cursor))
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


@router.post(
    "/{payment_id}/verify",
    status_code=204,
    response_model=None,
    responses={202: {"model": Waiting}, **errors(UnknownPayment, AlreadyDecided, SamePerson)},
)
async def verify_payment(
    payment_id: UUID, staff: Finance, work: Work, body: Verification | None = None
) -> Response | None:
    """Verify a payment: the money has arrived. With `undo_seconds` it takes effect after them, unless it is undone.

    From the amount on from which two people decide, the first one is answered 202 at once, and another one has to
    verify it, too.
    """
    undo_seconds = body.undo_seconds if body else 0
    waits = await commands.verify_payment(work, payment_id, by=staff, undo_seconds=undo_seconds)
    return second_person_answer() if waits else None


@router.post("/{payment_id}/reject", status_code=204, responses=errors(UnknownPayment, AlreadyDecided))
async def reject_payment(payment_id: UUID, body: Rejection, staff: Finance, work: Work) -> None:
    """Reject a proof; the runner may upload another. With `undo_seconds` it takes effect after them."""
    await commands.reject_payment(work, payment_id, reason=body.reason, by=staff, undo_seconds=body.undo_seconds)


@router.post("/{payment_id}/undo", status_code=204, responses=errors(UnknownPayment, NothingToUndo))
async def undo_decision(payment_id: UUID, staff: Finance, work: Work, lease: ReviewLease) -> None:
    """Put a payment whose decision is held back into the queue, leased to the caller.

    The first of two people who verify it takes the own check back.
    """
    await decisions.undo_decision(work, payment_id, by=staff, leased_until=work.now + lease)
