"""Routes for refunds."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.auth.access import Finance
from chassis.web.dependencies import OwnDatabase, Read, Work
from chassis.web.models import Amount, Body, Cursor, Limit, Line, Page, SearchText, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from contracts import PaymentMethod
from fastapi import Query

from payment.invoices.rules import RegistrationEnd
from payment.ledger.rules import Channel
from payment.paging import Position, cursors
from payment.refunds import commands, queries
from payment.refunds.errors import AlreadyRefunded, UnknownRefund
from payment.refunds.queries import RefundFilter, RefundStatus

router = Router(prefix="/refunds", tags=["refunds"])


class RefundView(View):
    """A refund of a verified payment, for `age_seconds` since it is due until it was done.

    `proof` is the address of the picture of the payment, null if it was found without one; `verified_by` decided that
    the money had arrived.
    """

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
    age_seconds: int
    event_id: UUID | None
    registration_ended: RegistrationEnd | None
    payment_date: datetime
    verified_at: datetime | None
    verified_by: UUID | None
    proof: str | None

    @classmethod
    def of(cls, row: Any, *, now: datetime) -> Self:
        """Build the view of a refund, as of `now`."""
        age = (row["done_at"] or now) - row["due_at"]
        by_proof = row["channel"] == Channel.PROOF
        proof = f"/api/payment/v1/payments/{row['payment_id']}/proof" if by_proof else None
        return cls.model_validate({**row, "age_seconds": max(0, int(age.total_seconds())), "proof": proof})


class RefundDone(Body):
    """The bank's or wallet's reference of the transfer."""

    reference: Line


@router.get("")
async def list_refunds(
    _: Finance,
    session: Read,
    database: OwnDatabase,
    status: RefundStatus | None = None,
    event_id: UUID | None = None,
    q: Annotated[SearchText | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RefundView]:
    """Return refunds, those that are due first, then the completed ones; each group oldest first."""
    wanted = RefundFilter(status, event_id, q)
    rows = await queries.list_refunds(session, wanted, limit=limit + 1, after=cursors.decode(cursor))
    items = [RefundView.of(row, now=database.clock()) for row in rows[:limit]]
    return Page(items=items, next_cursor=_after(items[-1]) if len(rows) > limit else None)


def _after(last: RefundView) -> str:
    return cursors.encode(*Position(last.done_at is not None, last.due_at, last.payment_id))


@router.get("/{payment_id}", responses=errors(UnknownRefund))
async def show_refund(payment_id: UUID, _: Finance, session: Read, database: OwnDatabase) -> RefundView:
    """Return a refund with what is known of its payment."""
    return RefundView.of(await queries.refund_by_id(session, payment_id), now=database.clock())


@router.post("/{payment_id}/done", status_code=204, responses=errors(UnknownRefund, AlreadyRefunded))
async def finish_refund(payment_id: UUID, body: RefundDone, staff: Finance, work: Work) -> None:
    """Record that the money was transferred back."""
    await commands.complete_refund(work, payment_id, reference=body.reference, by=staff.id, actor=staff.actor)
