"""Asking for a refund of a payment, or of a part of it."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Final
from uuid import UUID

from chassis.errors import InvalidFields
from chassis.ids import new_id
from chassis.web.forms import form_of
from chassis.wording import Language, Wording
from fastapi import Request, Response

from web.console.access import Finance
from web.console.apis import Failure, Payment, StaffApi
from web.console.pages import console_page, done, form_after
from web.console.payments.decisions import payment_of
from web.console.races.values import amount
from web.console.refunds.models import left_of, refunds_of
from web.console.refunds.page import page_of_refund
from web.console.routing import ConsoleRouter
from web.formats import digits, rupiah
from web.forms import FieldError, id_in, typed
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_PATH: Final = "/payments/{payment_id}/refund"

_NO_AMOUNT: Final = Wording(
    en="Write the amount in rupiah, such as 150.000.", id="Tulis jumlah dalam rupiah, misalnya 150.000."
)
_TOO_MUCH: Final = Wording(
    en="Not more than {left} is left of this payment.", id="Sisa pembayaran ini tidak lebih dari {left}."
)


@router.page(_PATH)
async def show_form(request: Request, payment_id: UUID, staff: Finance, payment: Payment) -> Response:
    """The form for a refund, with what is left of the payment."""
    return await _page(request, staff, payment, payment_id)


@router.action(_PATH)
async def ask_for_refund(request: Request, payment_id: UUID, staff: Finance, payment: Payment) -> Response:
    """Ask for a refund; a form that is sent twice makes one."""
    language = language_of_path(request.url.path)
    async with form_of(request) as form:
        values = typed(form)
    refund_id = id_in(values.get("refund")) or new_id()
    failure = await _ask(payment, payment_id, refund_id, values, language)
    if failure is None:
        return done(request, page_of_refund(refund_id), "made")
    return await _page(
        request, staff, payment, payment_id, values={**values, "refund": str(refund_id)}, failure=failure
    )


async def _ask(
    payment: StaffApi, payment_id: UUID, refund_id: UUID, values: Mapping[str, str], language: Language
) -> Failure | None:
    """Ask payment for the refund; return why there is none, or None."""
    try:
        asked = amount(values.get("amount", ""))
    except ValueError:
        return _wrong(InvalidFields.status, InvalidFields.code, _NO_AMOUNT.said(language))
    body = {"refund_id": str(refund_id), "payment_id": str(payment_id), "amount": asked}
    failure = await payment.change("POST", "/refunds", {**body, "reason": values.get("reason", "")})
    if failure is None or failure.code != "refund_exceeds_payment":
        return failure
    left = rupiah(Decimal(str(failure.members.get("refundable", 0))))
    return _wrong(failure.status, failure.code, _TOO_MUCH.said(language, left=left))


def _wrong(status: int, code: str, text: str) -> Failure:
    return Failure(status, code, errors=[FieldError("amount", text)])


async def _page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    payment_id: UUID,
    *,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    found, refunds = await asyncio.gather(payment_of(payment, payment_id), refunds_of(payment, payment_id))
    left = left_of(found.arrived, refunds)
    usual = {"amount": digits(left), "refund": str(new_id())}
    return console_page(
        request,
        staff,
        "refunds/new.html",
        status=failure.status if failure else 200,
        payment=found,
        refunds=refunds,
        left=left,
        form=form_after(values or usual, failure),
        message=failure.message if failure else None,
    )
