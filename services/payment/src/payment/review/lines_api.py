"""Routes for proofs and the lines of statements that show their money."""

from collections.abc import Sequence
from datetime import date
from typing import Self
from uuid import UUID

from chassis.auth.access import Finance
from chassis.web.dependencies import Read, Work
from chassis.web.models import Total, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Response

from payment.dependencies import Zone
from payment.invoices.errors import AmountMismatch
from payment.proofs.tables import Payment
from payment.review.errors import AlreadyDecided, UnknownPayment
from payment.review.lines import confirm_line
from payment.review.models import Verification
from payment.second_person import SamePerson, Waiting, second_person_answer
from payment.statements.for_payment import FoundLine, lines_for
from payment.statements.line_errors import LineDecided, NotATransfer, UnknownStatementLine
from payment.statements.matching import Reason

router = Router(prefix="/payments", tags=["review"])


class CandidateLine(View):
    """An open line of a bank statement that may be the money of a payment. `why` are reasons, as for its proposals."""

    line_id: UUID
    statement_id: UUID
    booked_on: date
    amount: Total
    text: str
    reference: str | None
    why: Sequence[Reason]

    @classmethod
    def of(cls, found: FoundLine) -> Self:
        """Build the view of a line."""
        columns = ("statement_id", "booked_on", "amount", "text", "reference")
        values = {name: getattr(found.line, name) for name in columns}
        return cls(line_id=found.line.id, why=found.why, **values)


class CandidateLines(View):
    """Lines that may be the money of a payment, the likeliest first."""

    items: Sequence[CandidateLine]


@router.get("/{payment_id}/lines", responses=errors(UnknownPayment))
async def list_lines(payment_id: UUID, _: Finance, session: Read, zone: Zone) -> CandidateLines:
    """Return the open lines that may be the money of a proof of a transfer that waits for review."""
    payment = await session.get(Payment, payment_id)
    if payment is None:
        raise UnknownPayment
    return CandidateLines(items=[CandidateLine.of(each) for each in await lines_for(session, payment, zone)])


@router.post(
    "/{payment_id}/lines/{line_id}/confirm",
    status_code=204,
    responses={
        202: {"model": Waiting, "description": "a second person has to verify it, too"},
        **errors(
            UnknownPayment,
            AlreadyDecided,
            SamePerson,
            UnknownStatementLine,
            LineDecided,
            AmountMismatch,
            NotATransfer,
        ),
    },
)
async def confirm(
    payment_id: UUID, line_id: UUID, staff: Finance, work: Work, body: Verification | None = None
) -> Response:
    """Verify a payment by the line that shows its money; the line is matched with it in the same transaction.

    With `undo_seconds` both take effect after them, unless the decision is undone.
    """
    undo_seconds = body.undo_seconds if body else 0
    waits = await confirm_line(work, payment_id, line_id, by=staff, undo_seconds=undo_seconds)
    return second_person_answer() if waits else Response(status_code=204)
