"""Sending the links of a person's registrations to their e-mail address or WhatsApp number."""

from typing import Final

from chassis.auth.access import public
from chassis.errors import InvalidFields, Unavailable
from chassis.web.forms import form_of
from chassis.web.limits import TooManyRequests
from chassis.web.routing import Router
from fastapi import Request, Response

from web.access import Registration
from web.forms import FieldError, Form, typed
from web.languages import ENGLISH_PREFIX
from web.pages import page_of, private_page
from web.upstream.client import Refused
from web.visitors import CurrentVisitor

router = Router(dependencies=[public])

_PATH: Final = "/recover"
_CONTACT: Final = "contact"
_ACCEPTED: Final = 202


@router.get(_PATH)
@router.get(f"{ENGLISH_PREFIX}{_PATH}")
async def show_form(request: Request) -> Response:
    """The form for an e-mail address or WhatsApp number."""
    return page_of(request, "recover.html", form=Form(), failure=None, wait=None)


@router.post(_PATH)
@router.post(f"{ENGLISH_PREFIX}{_PATH}")
async def send_links(request: Request, registration: Registration, visitor: CurrentVisitor) -> Response:
    """Have the links sent. The page is the same whether the contact is known or not."""
    async with form_of(request) as form:
        values = typed(form)
    contact = values.get(_CONTACT, "")
    try:
        await registration.call("POST", "/access/recover", visitor, json={_CONTACT: contact})
    except Unavailable as error:
        return _again(request, Form(values), error.status, failure="unavailable")
    except Refused as refused:
        return _refused(request, Form(values, _errors(refused)), refused)
    return private_page(request, "recover_sent.html", status=_ACCEPTED, contact=contact)


def _refused(request: Request, form: Form, refused: Refused) -> Response:
    if refused.status in {InvalidFields.status, Unavailable.status, TooManyRequests.status}:
        failure = {Unavailable.status: "unavailable", TooManyRequests.status: "too_often"}.get(refused.status)
        return _again(request, form, refused.status, failure=failure, wait=refused.retry_after)
    raise refused


def _errors(refused: Refused) -> list[FieldError]:
    if refused.status != InvalidFields.status:
        return []
    return [FieldError(_CONTACT, refused.field_errors.get(_CONTACT, refused.wording.en))]


def _again(request: Request, form: Form, status: int, *, failure: str | None, wait: int | None = None) -> Response:
    response = private_page(request, "recover.html", status=status, form=form, failure=failure, wait=wait)
    if wait is not None:
        response.headers["Retry-After"] = str(wait)
    return response
