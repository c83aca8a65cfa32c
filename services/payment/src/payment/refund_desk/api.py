"""Routes for refunds, for finance."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from chassis.auth.access import Finance
from chassis.errors import InvalidFields, PayloadTooLarge, TooBusy, Unavailable
from chassis.images.errors import ImageMissing, UnsupportedImage
from chassis.web.dependencies import OwnDatabase, Read, Work
from chassis.web.models import Cursor, Limit, Page, SearchText
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from payment.dependencies import Images, OwnGateway, OwnImageProcessor
from payment.ledger.rules import refund_source
from payment.paging import Position, cursors
from payment.proofs.errors import UnknownPayment
from payment.refund_desk import completing, queries, sending
from payment.refund_desk.errors import GatewayRefundNotPossible, NoEvidence
from payment.refund_desk.evidence import REQUEST_BODY, add_evidence, read_picture
from payment.refund_desk.models import Cancellation, NewRefund, RefundDone, RefundView
from payment.refund_desk.queries import RefundFilter, RefundStatus
from payment.refunds import commands
from payment.refunds.errors import AlreadyRefunded, RefundExceedsPayment, RefundNotOpen, UnknownRefund
from payment.refunds.rules import RefundState
from payment.second_person import SamePerson, Waiting, WaitsForSecond, second_person_answer
from payment.usdt.pay.models import AddressByStaff, Correction
from payment.usdt.returns.errors import AddressOfRunner, NothingRecorded, NotInUsdt, TransactionFound

router = Router(prefix="/refunds", tags=["refunds"])


@router.get("")
async def list_refunds(
    _: Finance,
    session: Read,
    database: OwnDatabase,
    gateway: OwnGateway,
    status: RefundStatus | None = None,
    event_id: UUID | None = None,
    payment_id: UUID | None = None,
    q: Annotated[SearchText | None, Query()] = None,
    waits_for_second: WaitsForSecond = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RefundView]:
    """Return refunds that are not closed first, then those that are done or cancelled; each group oldest first."""
    wanted = RefundFilter(status, event_id, payment_id, q, waits_for_second)
    rows = await queries.list_refunds(session, wanted, limit=limit + 1, after=cursors.decode(cursor))
    items = await _views(session, rows[:limit], database, gateway)
    return Page(items=items, next_cursor=_after(items[-1]) if len(rows) > limit else None)


async def _views(
    session: AsyncSession, rows: Sequence[Any], database: OwnDatabase, gateway: OwnGateway
) -> Sequence[RefundView]:
    now, has_gateway = database.clock(), await gateway.account(session) is not None
    usdt = await completing.usdt_refunds(session, rows)
    return [
        RefundView.of(row, now=now, has_gateway=has_gateway, usdt=usdt.get(refund_source(row["refund_id"])))
        for row in rows
    ]


async def _view(session: AsyncSession, refund_id: UUID, database: OwnDatabase, gateway: OwnGateway) -> RefundView:
    [view] = await _views(session, [await queries.refund_by_id(session, refund_id)], database, gateway)
    return view


def _after(last: RefundView) -> str:
    closed = last.state in {RefundState.DONE, RefundState.CANCELLED}
    return cursors.encode(*Position(closed, last.due_at, last.refund_id))


@router.post("", status_code=201, responses=errors(UnknownPayment, RefundExceedsPayment, UnknownRefund, InvalidFields))
async def ask_refund(
    body: NewRefund, staff: Finance, work: Work, database: OwnDatabase, gateway: OwnGateway
) -> RefundView:
    """Give all of a verified payment back, or a part. The refunds of a payment are never more than what came in."""
    refund_id = await commands.ask_refund(
        work, body.payment_id, body.amount, reason=body.reason, by=staff, refund_id=body.refund_id
    )
    return await _view(work.session, refund_id, database, gateway)


@router.get("/{refund_id}", responses=errors(UnknownRefund))
async def show_refund(
    refund_id: UUID, _: Finance, session: Read, database: OwnDatabase, gateway: OwnGateway
) -> RefundView:
    """Return a refund with what is known of its payment."""
    return await _view(session, refund_id, database, gateway)


@router.post(
    "/{refund_id}/done",
    status_code=204,
    response_model=None,
    responses={
        202: {"model": Waiting},
        **errors(UnknownRefund, AlreadyRefunded, RefundNotOpen, RefundExceedsPayment, SamePerson, InvalidFields),
    },
)
async def finish_refund(refund_id: UUID, body: RefundDone, staff: Finance, work: Work) -> Response | None:
    """Record that the money was transferred back; of USDT, `reference` is the hash of the transaction.

    202: a second person has to approve the refund first.
    """
    waits = await completing.complete_refund(work, refund_id, reference=body.reference, by=staff)
    return second_person_answer() if waits else None


@router.put(
    "/{refund_id}/refund-address",
    status_code=204,
    responses=errors(UnknownRefund, AlreadyRefunded, RefundNotOpen, NotInUsdt, AddressOfRunner, InvalidFields),
)
async def store_refund_address(refund_id: UUID, body: AddressByStaff, staff: Finance, work: Work) -> None:
    """Enter where a refund in USDT goes, for a runner who has named no address. The runner may still name another.

    If a second person had approved the refund, one has to approve it again, who did not enter the address.
    """
    await completing.enter_address(work, refund_id, body, by=staff)


@router.post(
    "/{refund_id}/correct",
    status_code=204,
    responses=errors(UnknownRefund, NothingRecorded, TransactionFound, InvalidFields),
)
async def correct_refund(refund_id: UUID, body: Correction, staff: Finance, work: Work) -> None:
    """Correct the transaction that was recorded for a refund in USDT, while it is not found on the chain."""
    await completing.correct_transaction(work, refund_id, body, by=staff)


@router.post(
    "/{refund_id}/send",
    status_code=202,
    responses=errors(
        UnknownRefund, AlreadyRefunded, RefundNotOpen, RefundExceedsPayment, SamePerson, GatewayRefundNotPossible
    ),
)
async def send_refund(refund_id: UUID, staff: Finance, database: OwnDatabase, gateway: OwnGateway) -> RefundView:
    """Give the money back through the gateway, which confirms it later.

    If the gateway refuses, the refund is due again, to be transferred by hand: `gateway_error` says why. If a second
    person has to approve it, it waits for that.
    """
    await sending.send(database, gateway, refund_id, by=staff)
    async with database.read() as session:
        return await _view(session, refund_id, database, gateway)


@router.post("/{refund_id}/approve", status_code=204, responses=errors(UnknownRefund, RefundNotOpen, SamePerson))
async def approve_refund(refund_id: UUID, staff: Finance, work: Work) -> None:
    """Approve a refund as the second person; not as the one who entered the address of a refund in USDT."""
    await completing.approve_refund(work, refund_id, by=staff)


@router.post("/{refund_id}/cancel", status_code=204, responses=errors(UnknownRefund, AlreadyRefunded, RefundNotOpen))
async def cancel_refund(refund_id: UUID, body: Cancellation, staff: Finance, work: Work) -> None:
    """Cancel a refund that did not go back yet: staff asked for it, or a bank took its money back."""
    await commands.cancel_refund(work, refund_id, reason=body.reason, by=staff)


@router.post(
    "/{refund_id}/evidence",
    status_code=204,
    openapi_extra=REQUEST_BODY,
    responses=errors(
        UnknownRefund, RefundNotOpen, InvalidFields, PayloadTooLarge, UnsupportedImage, TooBusy, Unavailable
    ),
)
async def store_evidence(
    refund_id: UUID,
    staff: Finance,
    request: Request,
    database: OwnDatabase,
    processor: OwnImageProcessor,
    images: Images,
) -> None:
    """Store a picture that shows the transfer, in place of one that is there."""
    await add_evidence(database, processor, images, refund_id, await read_picture(request), by=staff)


@router.get(
    "/{refund_id}/evidence",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}}},
        **errors(UnknownRefund, NoEvidence, ImageMissing, Unavailable),
    },
)
async def show_evidence(refund_id: UUID, _: Finance, database: OwnDatabase, images: Images) -> Response:
    """Return the picture that shows the transfer, re-encoded."""
    async with database.read() as session:
        path, content_type = await queries.evidence_of(session, refund_id)
    if path is None or content_type is None:
        raise NoEvidence
    return Response(
        await images.get(path),
        media_type=content_type,
        headers={
            "Content-Disposition": f'attachment; filename="refund-{refund_id}.{content_type.rpartition("/")[2]}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "private, no-store",
        },
    )
