"""Routes for refunds."""

from datetime import datetime
from uuid import UUID

from chassis.auth.access import Finance
from chassis.web.dependencies import Read, Work
from chassis.web.models import Amount, Body, Cursor, Limit, Line, Page, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from contracts import PaymentMethod

from payment.paging import Position, cursors
from payment.refunds import commands, queries
from payment.refunds.errors import AlreadyRefunded, UnknownRefund
from payment.refunds.queries import RefundStatus

router = Router(prefix="/refunds", tags=["refunds"])


class RefundView(View):
    """A refund of a verified payment."""

    payment_id: UUID
    registration_id: UUID
    registration_number: str
    payer_name: str
    amount: Amount
    currency: str
    payment_method: PaymentMethod
    reason: str
    due_at: datetime
    done_at: datetime | None
    done_by: UUID | None
    reference: str | None


class RefundDone(Body):
    """The bank's or wallet's reference of the transfer."""

    reference: Line


@router.get("")
async def list_refunds(
    _: Finance, session: Read, status: RefundStatus | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[RefundView]:
    """Return refunds, those that are due first, then the completed ones; each group oldest first."""
    rows = await queries.list_refunds(session, status=status, limit=limit + 1, after=cursors.decode(cursor))
    items = [RefundView(**row) for row in rows[:limit]]
    return Page(items=items, next_cursor=_after(items[-1]) if len(rows) > limit else None)


def _after(last: RefundView) -> str:
    return cursors.encode(*Position(last.done_at is not None, last.due_at, last.payment_id))


@router.post("/{payment_id}/done", status_code=204, responses=errors(UnknownRefund, AlreadyRefunded))
async def finish_refund(payment_id: UUID, body: RefundDone, staff: Finance, work: Work) -> None:
    """Record that the money was transferred back."""
    await commands.complete_refund(work, payment_id, reference=body.reference, by=staff.id, actor=staff.actor)
