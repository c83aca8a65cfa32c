"""The QRIS picture: a check in the browser that it can be read, its upload, and its removal."""

import base64
from collections.abc import Mapping
from typing import Any, Final

from chassis.errors import InvalidFields, Unavailable
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request, Response
from starlette.datastructures import UploadFile

from web.console.access import Admin
from web.console.apis import Failure, Payment, StaffApi
from web.console.menu import ROOT
from web.console.pages import console_page, done, form_after
from web.console.payment_settings.answers import Settings
from web.console.payment_settings.form import PATH
from web.console.routing import ConsoleRouter
from web.formats import digits
from web.languages import language_of_path
from web.pages import POLICY
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

PICTURE: Final = f"{PATH}/picture"

PICTURE_BYTES: Final = 2 * 1024 * 1024 + 48 * 1024
"""Maximum of the form: a file of 2 MB and what surrounds it."""

_STORED_WITHIN: Final = 30.0
_OF_THE_CALLER: Final = frozenset({401, 403})
_READING_CODES: Final = POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
"""Policy of the page whose script reads QR codes with WebAssembly."""

_NO_FILE: Final = Wording(en="Choose the picture of your QRIS code.", id="Pilih gambar kode QRIS Anda.")


@router.page(PICTURE)
async def show_picture(request: Request, staff: Admin, payment: Payment) -> Response:
    """Show the picture with the form for another one."""
    return await picture_page(request, staff, payment)


@router.action(PICTURE)
async def save_picture(request: Request, staff: Admin, payment: Payment) -> Response:
    """Store a picture in place of the present one."""
    async with form_of(request, max_files=1, max_fields=4) as form:
        file = form.get("picture")
        content = await file.read() if isinstance(file, UploadFile) else b""
    if not content:
        message = _NO_FILE.said(language_of_path(request.url.path))
        return await picture_page(request, staff, payment, Failure(InvalidFields.status, InvalidFields.code, message))
    failure = await _store(payment, qris_image=base64.b64encode(content).decode())
    if failure is None:
        return done(request, ROOT + PICTURE, "saved")
    return await picture_page(request, staff, payment, failure)


@router.page(f"{PICTURE}/remove")
async def ask_removal(request: Request, staff: Admin, payment: Payment) -> Response:
    """Ask whether the picture may be removed."""
    settings = await payment.get(Settings, "/settings")
    return console_page(request, staff, "payment_settings/remove.html", settings=settings)


@router.action(f"{PICTURE}/remove")
async def remove_picture(request: Request, staff: Admin, payment: Payment) -> Response:  # noqa: ARG001  # the gate
    """Remove the picture."""
    settings = await payment.get(Settings, "/settings")
    await payment.call("PUT", "/settings", json=settings.with_changes(qris_image=None))
    return done(request, ROOT + PICTURE, "removed")


async def _store(payment: StaffApi, **changes: Any) -> Failure | None:
    """Send all settings with a picture, which payment decodes first; return why it was not stored, or None."""
    settings = await payment.get(Settings, "/settings")
    try:
        await payment.call("PUT", "/settings", json=settings.with_changes(**changes), timeout=_STORED_WITHIN)
    except Unavailable as error:
        return Failure(error.status, error.code, error.wording.said(payment.visitor.language))
    except Refused as refused:
        if refused.status in _OF_THE_CALLER:
            raise
        return Failure(refused.status, refused.code, _said(refused.field_errors) or refused.wording.en)
    return None


def _said(errors: Mapping[str, str]) -> str:
    return " ".join(errors.values())


async def picture_page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    failure: Failure | None = None,
    values: Mapping[str, str] | None = None,
) -> Response:
    """Return the page of the picture and its code.

    Args:
        failure: of the form that was sent.
        values: what was typed about amounts; None for the settings.
    """
    settings = await payment.get(Settings, "/settings")
    response = console_page(
        request,
        staff,
        "payment_settings/picture.html",
        status=failure.status if failure else 200,
        settings=settings,
        message=failure.message if failure else None,
        form=form_after(_shown(settings) if values is None else values, failure),
    )
    response.headers["Content-Security-Policy"] = _READING_CODES
    return response


def _shown(settings: Settings) -> Mapping[str, str]:
    return {"qris_with_amount": "yes" if settings.qris_with_amount else "", "qris_limit": digits(settings.qris_limit)}
