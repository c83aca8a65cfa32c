"""Verifying many payments, as after a look at a bank statement."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from chassis.auth.access import Finance
from chassis.auth.principals import Staff
from chassis.database import Database, is_unavailable
from chassis.telemetry import logger
from chassis.web.dependencies import OwnDatabase
from chassis.web.models import Body, View
from chassis.web.routing import Router
from pydantic import Field

from payment.review.commands import verify_payment
from payment.review.errors import AlreadyDecided, UnknownPayment
from payment.second_person import SamePerson

log = logger(__name__)

router = Router(prefix="/payments/bulk", tags=["review"])


class BulkResult(StrEnum):
    """The result for one payment. `failed` says nothing about it: repeat the request.

    Of a large amount, `waits_for_second` is the first of two people's verification; `same_person` says that this person
    did that before.
    """

    VERIFIED = "verified"
    WAITS_FOR_SECOND = "waits_for_second"
    SAME_PERSON = "same_person"
    ALREADY_DECIDED = "already_decided"
    UNKNOWN_PAYMENT = "unknown_payment"
    FAILED = "failed"


class BulkVerification(Body):
    """Payments whose money has arrived."""

    payment_ids: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class BulkItem(View):
    """The result for one payment; the decision that stands, who made it and when, if it was decided before."""

    payment_id: UUID
    result: BulkResult
    decision: str | None = None
    decided_by: UUID | None = None
    decided_at: datetime | None = None


class BulkAnswer(View):
    """One item for each payment, in the order of the request."""

    items: Sequence[BulkItem]


@router.post("/verify")
async def verify_payments(body: BulkVerification, staff: Finance, database: OwnDatabase) -> BulkAnswer:
    """Verify payments one by one. Safe to repeat: what is verified already is answered as such."""
    chosen = dict.fromkeys(body.payment_ids)
    return BulkAnswer(items=[await _verify(database, payment_id, by=staff) for payment_id in chosen])


async def _verify(database: Database, payment_id: UUID, *, by: Staff) -> BulkItem:
    """Verify one payment in a transaction of its own, so that one that fails stops no other."""
    try:
        async with database.work() as work:
            waits = await verify_payment(work, payment_id, by=by)
    except UnknownPayment:
        return BulkItem(payment_id=payment_id, result=BulkResult.UNKNOWN_PAYMENT)
    except SamePerson:
        return BulkItem(payment_id=payment_id, result=BulkResult.SAME_PERSON)
    except AlreadyDecided as decided:
        made = {name: decided.extra.get(name) for name in ("decision", "decided_by", "decided_at")}
        return BulkItem(payment_id=payment_id, result=BulkResult.ALREADY_DECIDED, **made)
    except Exception as error:
        if not is_unavailable(error):
            raise
        log.warning("payment_not_verified", payment=str(payment_id), error=type(error).__name__)
        return BulkItem(payment_id=payment_id, result=BulkResult.FAILED)
    return BulkItem(payment_id=payment_id, result=BulkResult.WAITS_FOR_SECOND if waits else BulkResult.VERIFIED)
