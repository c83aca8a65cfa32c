"""The code in the QRIS picture: staff confirm that it is theirs, and switch amounts in it on."""

from collections.abc import Mapping
from typing import Final

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Payment, StaffApi
from web.console.menu import ROOT
from web.console.pages import done
from web.console.payment_settings.answers import Settings
from web.console.payment_settings.picture import PICTURE, picture_page
from web.console.routing import ConsoleRouter
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.pages import see_other
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_CODE: Final = f"{PICTURE}/code"
_LONGEST_LIMIT: Final = 10
_NO_LIMIT: Final = Wording(
    en="Write a whole number of rupiah, such as 10000000.", id="Tulis jumlah rupiah bulat, misalnya 10000000."
)


@router.page(_CODE)
async def leave_form(request: Request, staff: Admin) -> Response:  # noqa: ARG001  # the gate
    """Lead back to the picture: a reload of the page after a refusal, for instance."""
    return see_other(request, ROOT + PICTURE)


@router.action(_CODE)
async def save_code(request: Request, staff: Admin, payment: Payment) -> Response:
    """Confirm what the page showed of the code, or save whether amounts are put into it."""
    async with form_of(request, max_fields=8) as form:
        values = typed(form)
    if values.get("do") == "confirm":
        shown = {"payload_sha256": values.get("payload_sha256", "")}
        failure = await payment.change("POST", "/settings/qris/confirm", shown)
        return await _answer(request, staff, payment, failure, "confirmed")
    failure = _no_limit(request, values) or await _save_amounts(payment, values)
    return await _answer(request, staff, payment, failure, "amounts", values)


async def _save_amounts(payment: StaffApi, values: Mapping[str, str]) -> Failure | None:
    settings = await payment.get(Settings, "/settings")
    switched = {"qris_with_amount": values.get("qris_with_amount") == "yes", "qris_limit": values["qris_limit"]}
    return await payment.change("PUT", "/settings", settings.with_changes(**switched))


def _no_limit(request: Request, values: Mapping[str, str]) -> Failure | None:
    limit = values.get("qris_limit", "")
    if limit.isascii() and limit.isdigit() and len(limit) <= _LONGEST_LIMIT:
        return None
    message = _NO_LIMIT.said(language_of_path(request.url.path))
    return Failure(InvalidFields.status, InvalidFields.code, errors=[FieldError("qris_limit", message)])


async def _answer(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    failure: Failure | None,
    what: str,
    values: Mapping[str, str] | None = None,
) -> Response:
    if failure is None:
        return done(request, ROOT + PICTURE, what)
    return await picture_page(request, staff, payment, failure, values)
