"""Routes that decide about lines of statements that are no payment, for finance."""

from typing import Annotated, Literal, Self
from uuid import UUID

from chassis.auth.access import Finance
from chassis.errors import InvalidFields
from chassis.web.dependencies import Work
from chassis.web.models import Amount, Body, Moment, Text
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Refused, Wording
from pydantic import Field, model_validator

from payment.dependencies import Zone
from payment.incoming.errors import UnknownMoney
from payment.ledger.rules import Account
from payment.payouts import commands, undoing
from payment.payouts.commands import Payout
from payment.payouts.errors import FeesOfCharges, NotTheAmount, RefundHasLine, RefundNotDone, UndoNotPossible
from payment.refunds.errors import UnknownRefund
from payment.statements.line_errors import LineDecided, LineTooLarge, UnknownStatementLine

router = Router(prefix="/statement-lines", tags=["statements"])

_ONE_OF = Wording(
    en="Send `refund_id` or `money_id`, not both.", id="Kirim `refund_id` atau `money_id`, bukan keduanya."
)


class PayoutOf(Body):
    """Who paid the money out, and the fee that was kept back; 0 if there was none."""

    channel: Literal["midtrans", "qris"]
    fee: Amount


class SentBack(Body):
    """What the line is the transfer of: a refund, or kept money that went back."""

    refund_id: UUID | None = Field(None, strict=False)
    money_id: UUID | None = Field(None, strict=False)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.refund_id is None) == (self.money_id is None):
            raise Refused(_ONE_OF)
        return self


class TakenBack(Body):
    """Why a decision is taken back. `decided_at` is that of the decision that is meant; absent for the present one."""

    reason: Annotated[Text, Field(max_length=1000)]
    decided_at: Moment | None = None


@router.post(
    "/{line_id}/payout",
    status_code=204,
    responses=errors(UnknownStatementLine, LineDecided, LineTooLarge, FeesOfCharges, InvalidFields),
)
async def record_payout(line_id: UUID, body: PayoutOf, staff: Finance, work: Work, zone: Zone) -> None:
    """Decide that the line is what the gateway, or the acquirer of the QRIS code, paid out, and book its fee."""
    payout = Payout(Account(body.channel), body.fee)
    await commands.record_payout(work, line_id, payout, zone=zone, by=staff)


@router.post(
    "/{line_id}/refund",
    status_code=204,
    responses=errors(
        UnknownStatementLine,
        LineDecided,
        UnknownRefund,
        UnknownMoney,
        RefundNotDone,
        RefundHasLine,
        NotTheAmount,
        InvalidFields,
    ),
)
async def link_refund(line_id: UUID, body: SentBack, staff: Finance, work: Work) -> None:
    """Decide that the line, which left the account, is the transfer of a refund or of kept money that went back."""
    if body.refund_id is not None:
        await commands.link_refund(work, line_id, body.refund_id, by=staff)
    elif body.money_id is not None:
        await commands.link_kept_money(work, line_id, body.money_id, by=staff)


@router.post("/{line_id}/undo", status_code=204, responses=errors(UnknownStatementLine, LineDecided, UndoNotPossible))
async def undo_decision(line_id: UUID, body: TakenBack, staff: Finance, work: Work) -> None:
    """Take back that a line is a payout, or that it was ignored: it is open again. Sent again, it changes nothing.

    The movements of the payout stay in the ledger, and opposite ones are added. `undo_not_possible` says what to do
    about other decisions.
    """
    await undoing.undo(work, line_id, reason=body.reason, decided_at=body.decided_at, by=staff)
