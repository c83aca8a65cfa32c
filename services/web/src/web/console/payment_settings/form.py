"""The account, the words and the deadline, with the part of the runner's page that they make."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Payment, unless_away
from web.console.menu import ROOT
from web.console.merging import BASE, conflict, fingerprints, merge
from web.console.pages import console_page, done, form_after
from web.console.payment_settings.answers import TEXTS, Settings
from web.console.routing import ConsoleRouter
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.pages import private_page
from web.sessions.staff import StaffSession
from web.upstream.invoices import Instructions, Invoice, InvoiceStatus

router = ConsoleRouter()

PATH: Final = "/payment-settings"

_SAMPLE_AMOUNT: Final = Decimal(150042)
_LONGEST_NUMBER: Final = 9
_NO_NUMBER: Final = Wording(en="Write a whole number of hours.", id="Tulis jumlah jam sebagai bilangan bulat.")


@dataclass(frozen=True)
class _Billing:
    invoice: Invoice
    instructions: Instructions
    is_away: bool = False


@dataclass(frozen=True)
class Seen:
    """What the part of the runner's page about paying is made of."""

    billing: _Billing


@router.page(PATH)
async def show_settings(request: Request, staff: Admin, payment: Payment) -> Response:
    """Show how runners pay."""
    now = await payment.get(Settings, "/settings")
    return _page(request, staff, now, _shown(now))


@router.action(PATH)
async def save(request: Request, staff: Admin, payment: Payment) -> Response:
    """Save the texts and the deadline, or only show what runners would see."""
    values = await _typed(request)
    now = await payment.get(Settings, "/settings")
    if values.get("do") == "preview":
        return _page(request, staff, now, values)
    failure = _wrong_number(request, values)
    if failure is None:
        merged = merge(values, _shown(now), language_of_path(request.url.path))
        if merged.errors:
            return _page(request, staff, now, merged.values, conflict(merged))
        texts = {name: merged.values.get(name, "") for name in TEXTS}
        hours = int(merged.values["payment_deadline_hours"])
        failure = await payment.change("PUT", "/settings", now.with_changes(**texts, payment_deadline_hours=hours))
    if failure is None:
        return done(request, ROOT + PATH, "saved")
    return _page(request, staff, now, values, failure)


@router.action(f"{PATH}/preview")
async def show_preview(request: Request, staff: Admin, payment: Payment) -> Response:  # noqa: ARG001  # the gate
    """Show what runners would see of what is typed, as a part of the page; while payment is away, it stays as it is."""
    values = await _typed(request)
    now = await unless_away(payment.get(Settings, "/settings"))
    if now is None:
        return Response(status_code=204)
    return private_page(request, "console/payment_settings/preview.html", **_seen(request, now, values))


async def _typed(request: Request) -> Mapping[str, str]:
    async with form_of(request, max_fields=20) as form:
        return typed(form)


def _shown(now: Settings) -> Mapping[str, str]:
    texts = {name: getattr(now, name) or "" for name in TEXTS}
    return {**texts, "payment_deadline_hours": str(now.payment_deadline_hours)}


def _wrong_number(request: Request, values: Mapping[str, str]) -> Failure | None:
    hours = values.get("payment_deadline_hours", "")
    if hours.isascii() and hours.isdigit() and len(hours) <= _LONGEST_NUMBER:
        return None
    message = _NO_NUMBER.said(language_of_path(request.url.path))
    return Failure(InvalidFields.status, InvalidFields.code, errors=[FieldError("payment_deadline_hours", message)])


def _seen(request: Request, now: Settings, values: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the values of the runner's page with a sample amount."""
    typed_texts = {name: values.get(name) or None for name in TEXTS}
    typed_ways = Instructions(qris_image=now.qris_image, qris_merchant=now.confirmed_merchant, **typed_texts)
    until: datetime = request.app.state.clock()
    invoice = Invoice(
        registration_number="", amount=_SAMPLE_AMOUNT, status=InvoiceStatus.OPEN, expires_at=until, payments=()
    )
    return {"view": Seen(_Billing(invoice, typed_ways)), "event": {"slug": "qris"}}


def _page(
    request: Request,
    staff: StaffSession,
    now: Settings,
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    return console_page(
        request,
        staff,
        "payment_settings/form.html",
        status=failure.status if failure else 200,
        settings=now,
        form=form_after(values, failure),
        message=failure.message if failure else None,
        base=values.get(BASE) or fingerprints(_shown(now)),
        **_seen(request, now, values),
    )
