"""How transfers are recognised, and what two people have to look at."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Payment
from web.console.menu import ROOT
from web.console.merging import BASE, conflict, fingerprints, merge
from web.console.pages import console_page, done, form_after
from web.console.payment_settings.answers import Settings
from web.console.payment_settings.form import PATH
from web.console.races.values import NO_AMOUNT, amount, shown_amount
from web.console.routing import ConsoleRouter
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

TRANSFERS: Final = f"{PATH}/transfers"
CODES: Final = ("subtract", "add", "off")
"""What is done with the code that makes the amount of a transfer unique."""

_LIMIT, _AUTOMATIC, _CODE = "second_check_from", "statement_auto_accept", "transfer_code"


@router.page(TRANSFERS)
async def show_transfers(request: Request, staff: Admin, payment: Payment) -> Response:
    """Show the settings."""
    now = _shown(await payment.get(Settings, "/settings"))
    return _page(request, staff, now, now)


@router.action(TRANSFERS)
async def save_transfers(request: Request, staff: Admin, payment: Payment) -> Response:
    """Save what was changed; the settings of other pages stay."""
    async with form_of(request, max_fields=8) as form:
        values = typed(form)
    settings = await payment.get(Settings, "/settings")
    now, language = _shown(settings), language_of_path(request.url.path)
    try:
        amount(values.get(_LIMIT) or "0")
    except ValueError:
        errors = [FieldError(_LIMIT, NO_AMOUNT.said(language))]
        return _page(request, staff, now, values, Failure(InvalidFields.status, InvalidFields.code, errors=errors))
    merged = merge(values, now, language)
    failure = conflict(merged)
    if failure is None and merged.changed:
        changes = {name: _sent(name, values) for name in merged.changed}
        failure = await payment.change("PUT", "/settings", settings.with_changes(**changes))
    if failure is None:
        return done(request, ROOT + TRANSFERS, "saved")
    return _page(request, staff, now, merged.values, failure)


def _shown(settings: Settings) -> Mapping[str, str]:
    return {
        _CODE: settings.transfer_code,
        _LIMIT: shown_amount(settings.second_check_from),
        _AUTOMATIC: "yes" if settings.statement_auto_accept else "",
    }


def _sent(name: str, values: Mapping[str, str]) -> Any:
    """Return a setting as payment takes it."""
    value = values.get(name, "")
    if name == _LIMIT:
        return f"{Decimal(amount(value)):.2f}" if value else None
    return value == "yes" if name == _AUTOMATIC else value


def _page(
    request: Request,
    staff: StaffSession,
    now: Mapping[str, str],
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    return console_page(
        request,
        staff,
        "payment_settings/transfers.html",
        status=failure.status if failure else 200,
        form=form_after(values, failure),
        codes=CODES,
        message=failure.message if failure else None,
        base=values.get(BASE) or fingerprints(now),
    )
