"""Routes for money that no invoice took, for finance."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from chassis.auth.access import Finance
from chassis.web.dependencies import OwnDatabase, Read, Work
from chassis.web.models import Amount, Body, Cursor, Limit, Line, Page, Text, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from pydantic import Field

from payment.incoming import commands, queries
from payment.incoming.errors import MoneyDecided, NoRefundDue, UnknownMoney
from payment.incoming.queries import MoneyFilter
from payment.incoming.rules import MoneyKind, MoneyState
from payment.invoices.errors import AlreadyPaid, AmountMismatch, InvoiceNotFound
from payment.paging import Position, cursors

router = Router(prefix="/surplus", tags=["surplus"])

Reason = Annotated[Text, Field(max_length=1000)]


class MoneyView(View):
    """Money that paid no invoice. `registration_id` is whose it said to be, `payment_id` what it was assigned as."""

    id: UUID
    kind: MoneyKind
    state: MoneyState
    channel: str
    payment_method: str
    amount: Amount
    currency: str
    received_at: datetime
    age_seconds: int
    registration_id: UUID | None
    registration_number: str | None
    reference: str | None
    payment_id: UUID | None
    decided_at: datetime | None
    decided_by: UUID | None
    reason: str | None
    refunded_at: datetime | None
    refunded_by: UUID | None
    refund_reference: str | None

    @classmethod
    def of(cls, row: Any, *, now: datetime) -> Self:
        """Build the view of kept money, as of `now`."""
        age = max(0, int((now - row["received_at"]).total_seconds()))
        return cls.model_validate({**row, "age_seconds": age})


class Assignment(Body):
    """The registration that the money is for, and how that is known."""

    registration_id: UUID = Field(strict=False)
    reason: Reason


class Decision(Body):
    """Why the money goes back."""

    reason: Reason


class RefundReference(Body):
    """The bank's or wallet's reference of the transfer."""

    reference: Line


class Assigned(View):
    """The payment that the money became."""

    payment_id: UUID


@router.get("")
async def list_money(
    _: Finance,
    session: Read,
    database: OwnDatabase,
    kind: MoneyKind | None = None,
    state: MoneyState | None = None,
    registration_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MoneyView]:
    """Return money that waits for a decision or refund first, then what is settled; each group oldest first."""
    wanted = MoneyFilter(kind, state, registration_id)
    rows = await queries.list_money(session, wanted, limit=limit + 1, after=cursors.decode(cursor))
    items = [MoneyView.of(row, now=database.clock()) for row in rows[:limit]]
    return Page(items=items, next_cursor=_after(rows[limit - 1]) if len(rows) > limit else None)


def _after(last: Any) -> str:
    return cursors.encode(*Position(last["settled"], last["received_at"], last["id"]))


@router.get("/{money_id}", responses=errors(UnknownMoney))
async def show_money(money_id: UUID, _: Finance, session: Read, database: OwnDatabase) -> MoneyView:
    """Return one item."""
    return MoneyView.of(await queries.money_by_id(session, money_id), now=database.clock())


@router.post(
    "/{money_id}/assign",
    responses=errors(UnknownMoney, MoneyDecided, InvoiceNotFound, AmountMismatch, AlreadyPaid),
)
async def assign(money_id: UUID, body: Assignment, staff: Finance, work: Work) -> Assigned:
    """Let the money pay the invoice of a registration over exactly this amount."""
    payment_id = await commands.assign(work, money_id, body.registration_id, reason=body.reason, by=staff)
    return Assigned(payment_id=payment_id)


@router.post("/{money_id}/refund", status_code=204, responses=errors(UnknownMoney, MoneyDecided))
async def refund(money_id: UUID, body: Decision, staff: Finance, work: Work) -> None:
    """Decide that the money goes back to its payer."""
    await commands.ask_refund(work, money_id, reason=body.reason, by=staff)


@router.post("/{money_id}/refunded", status_code=204, responses=errors(UnknownMoney, NoRefundDue))
async def refunded(money_id: UUID, body: RefundReference, staff: Finance, work: Work) -> None:
    """Record that the money was transferred back."""
    await commands.complete_refund(work, money_id, reference=body.reference, by=staff)
