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
from web.forms import id_in
from web.upstream.client import Refused

UNDO_SECONDS: Final = 10
REASON: Final = "reason"
OWN_REASON: Final = "own_reason"
LINE: Final = "line"
"""Field with the line of a statement that a proof is verified with."""

_ACCEPTED, _GONE, _CONFLICT = 202, 404, 409


class Outcome(StrEnum):
    """The result of a decision.

    Attributes:
        CHECKED: a second person has to verify it, too.
        SAME_PERSON: the first person cannot be the second one.
        TAKEN: another person was faster.
        LATE: time was faster.
        LINE_TAKEN: the line of the statement is other money. Nothing was changed.
    """

    VERIFIED = VERIFIED
    REFUSED = REJECTED
    CHECKED = "checked"
    UNDONE = "undone"
    SAME_PERSON = "same_person"
    TAKEN = "taken"
    LATE = "late"
    LINE_TAKEN = "line_taken"
    GONE = "gone"


_BY_CODE: Final[Mapping[str, Outcome]] = {
    "same_person": Outcome.SAME_PERSON,
    "line_decided": Outcome.LINE_TAKEN,
    "amount_mismatch": Outcome.LINE_TAKEN,
    "not_a_transfer": Outcome.LINE_TAKEN,
    "unknown_statement_line": Outcome.LINE_TAKEN,
}


async def verify(payment: StaffApi, payment_id: UUID) -> Outcome:
    """Verify a payment.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    body = {"undo_seconds": UNDO_SECONDS}
    return await _decide(payment, f"/payments/{payment_id}/verify", body, Outcome.VERIFIED, otherwise=Outcome.TAKEN)


async def verify_with_line(payment: StaffApi, payment_id: UUID, line_id: UUID) -> Outcome:
    """Verify a payment whose money is a line of a statement; the line is settled with it.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    path, body = f"/payments/{payment_id}/lines/{line_id}/confirm", {"undo_seconds": UNDO_SECONDS}
    return await _decide(payment, path, body, Outcome.VERIFIED, otherwise=Outcome.TAKEN)


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


async def line_in(request: Request) -> tuple[UUID | None, FormData]:
    """Return the line of a statement that a form chose, None if it is none, and the form."""
    async with form_of(request) as form:
        return id_in(form.get(LINE)), form


async def _decide(
    payment: StaffApi, path: str, body: Mapping[str, object] | None, done: Outcome, *, otherwise: Outcome
) -> Outcome:
    try:
        answer = await payment.call("POST", path, **({} if body is None else {"json": body}))
    except Refused as refused:
        return _refused(refused, otherwise)
    return Outcome.CHECKED if answer.status_code == _ACCEPTED else done


def _refused(refused: Refused, otherwise: Outcome) -> Outcome:
    """Return what a refusal means.

    Raises:
        Refused: it means no outcome.
    """
    if refused.code in _BY_CODE:
        return _BY_CODE[refused.code]
    if refused.status == _CONFLICT:
        return otherwise
    if refused.status == _GONE:
        return Outcome.GONE
    raise refused
