"""Handing in a proof of payment for a runner, and the pictures of proofs."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chassis.errors import Unavailable
from chassis.web.forms import form_of
from fastapi import Path, Request, Response
from starlette.datastructures import UploadFile

from web.console.access import Finance
from web.console.apis import Failure, StaffApi
from web.console.apis import Payment as PaymentApi
from web.console.pages import console_page, done, form_after
from web.console.registration.page import PATH, RegistrationId, page_of_registration
from web.console.registration.proof_form import METHODS, explained, fields_of, without_file
from web.console.registration.reading import Part, read_invoice, read_registration
from web.console.routing import ConsoleRouter
from web.console.services import AllServices, Services
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.pages import PRIVATE
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

_PATH: Final = f"{PATH}/proof"
_CHECKED_WITHIN: Final = 30.0
_OF_THE_CALLER: Final = frozenset({401, 403})
_IS_IN: Final = "proof_pending"

PaymentId = Annotated[UUID, Path()]


@router.page(_PATH)
async def show_form(
    request: Request, staff: Finance, services: AllServices, registration_id: RegistrationId
) -> Response:
    """The form for a proof that came another way."""
    return await _page(request, staff, services, registration_id)


@router.action(_PATH)
async def hand_in(request: Request, staff: Finance, services: AllServices, registration_id: RegistrationId) -> Response:
    """Send a proof to payment for the runner."""
    language = language_of_path(request.url.path)
    async with form_of(request, max_files=1, max_fields=8) as form:
        values, file = typed(form), form.get("file")
        if isinstance(file, UploadFile) and file.size:
            failure = await _send(
                services.apis["payment"], registration_id, fields_of(values, _zone(request, values)), file
            )
        else:
            failure = without_file(language)
    if failure is None:
        return done(request, page_of_registration(registration_id), "handed_in")
    return await _page(request, staff, services, registration_id, values, explained(failure, language))


@router.page(f"{PATH}/payments/{{payment_id}}/picture")
async def show_picture(payment: PaymentApi, staff: Finance, payment_id: PaymentId) -> Response:  # noqa: ARG001  # the gate
    """The picture of a proof, which payment has made harmless; it is at most 2 MB."""
    answer = await payment.call("GET", f"/payments/{payment_id}/proof")
    headers = {**PRIVATE, "Content-Security-Policy": "default-src 'none'; sandbox", "Content-Disposition": "inline"}
    return Response(answer.content, media_type=answer.headers["content-type"], headers=headers)


async def _send(
    payment: StaffApi, registration_id: UUID, fields: Mapping[str, str], file: UploadFile
) -> Failure | None:
    """Send a proof; return why it was not stored, or None if payment has it.

    Raises:
        Refused: 401 or 403, which have pages of their own.
    """
    try:
        await payment.call(
            "POST",
            f"/invoices/{registration_id}/proofs",
            data=fields,
            files={"file": ("proof", file.file, "application/octet-stream")},
            timeout=_CHECKED_WITHIN,
        )
    except Unavailable as error:
        return Failure(error.status, error.code)
    except Refused as refused:
        if refused.status in _OF_THE_CALLER:
            raise
        errors = [FieldError(name.removeprefix("body."), text) for name, text in refused.field_errors.items()]
        return Failure(refused.status, refused.code, None if errors else refused.wording.en, errors)
    return None


async def _page(
    request: Request,
    staff: StaffSession,
    services: Services,
    registration_id: UUID,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    entry = await read_registration(services.apis["registration"], registration_id)
    billing = await read_invoice(services.apis["payment"], registration_id)
    today = request.app.state.clock().astimezone(ZoneInfo(entry.event.timezone)).date()
    shown: dict[str, Any] = {
        "registration": entry,
        "race": entry.event,
        "billing": billing,
        "methods": METHODS,
        "today": today,
        "form": form_after(values or _usual(billing, today), failure),
        "message": failure.message if failure else None,
    }
    return console_page(request, staff, "registration/proof.html", status=failure.status if failure else 200, **shown)


def _zone(request: Request, values: Mapping[str, str]) -> ZoneInfo:
    """Return the race's zone, in which the form showed times; the console's if it does not name one."""
    try:
        return ZoneInfo(values.get("zone", ""))
    except (ValueError, ZoneInfoNotFoundError):
        return ZoneInfo(request.app.state.settings.timezone)


def _usual(billing: Part[Any], today: date) -> Mapping[str, str]:
    amount = {"amount": str(billing.found.amount.to_integral_value())} if billing.found else {}
    return {"payment_method": METHODS[0], "payment_date": today.isoformat(), **amount}
