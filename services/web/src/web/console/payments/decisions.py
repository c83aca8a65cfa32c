"""Decisions about payments, and what became of them. Every one can be undone for some seconds."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final
from uuid import UUID

from chassis.web.forms import form_of
from fastapi import Request
from starlette.datastructures import FormData

from web.console.apis import StaffApi
from web.console.payments.models import REJECTED, VERIFIED, Payment
from web.upstream.client import Refused

UNDO_SECONDS: Final = 10
REASON: Final = "reason"
OWN_REASON: Final = "own_reason"

_GONE, _CONFLICT = 404, 409


class Outcome(StrEnum):
    """The result of a decision. `taken` and `late`: another person, or time, was faster."""

    VERIFIED = VERIFIED
    REFUSED = REJECTED
    UNDONE = "undone"
    TAKEN = "taken"
    LATE = "late"
    GONE = "gone"


async def verify(payment: StaffApi, payment_id: UUID) -> Outcome:
    """Verify a payment.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    body = {"undo_seconds": UNDO_SECONDS}
    return await _decide(payment, f"/payments/{payment_id}/verify", body, Outcome.VERIFIED, otherwise=Outcome.TAKEN)


async def refuse(payment: StaffApi, payment_id: UUID, reason: str) -> Outcome:
    """Refuse a proof.

    Raises:
        Refused: 422 for a reason that cannot be; see `ApiClient.call`.
        Unavailable.
    """
    body = {"reason": reason, "undo_seconds": UNDO_SECONDS}
    return await _decide(payment, f"/payments/{payment_id}/reject", body, Outcome.REFUSED, otherwise=Outcome.TAKEN)


async def undo(payment: StaffApi, payment_id: UUID) -> Outcome:
    """Put a payment with a decision that is not in effect yet back before the caller.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    return await _decide(payment, f"/payments/{payment_id}/undo", None, Outcome.UNDONE, otherwise=Outcome.LATE)


async def payment_of(payment: StaffApi, payment_id: UUID) -> Payment:
    """Return a payment.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    return await payment.get(Payment, f"/payments/{payment_id}")


async def reason_in(request: Request) -> tuple[str, FormData]:
    """Return the reason that a form chose or wrote, and the form."""
    async with form_of(request) as form:
        chosen, own = (str(form.get(name, "")).strip() for name in (REASON, OWN_REASON))
        return chosen or own, form


async def _decide(
    payment: StaffApi, path: str, body: Mapping[str, object] | None, done: Outcome, *, otherwise: Outcome
) -> Outcome:
    try:
        await payment.call("POST", path, **({} if body is None else {"json": body}))
    except Refused as refused:
        if refused.status == _CONFLICT:
            return otherwise
        if refused.status == _GONE:
            return Outcome.GONE
        raise
    return done
