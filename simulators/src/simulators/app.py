"""The inboxes over HTTP: JSON for scripts, a page for people, and the simulated APIs for the platform."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict

from simulators import pages
from simulators.attachments import Attachment
from simulators.chain import ChainNetwork, build_chain
from simulators.fonnte.api import build_fonnte
from simulators.fonnte.inbox import WhatsAppInbox, WhatsAppMode
from simulators.fonnte.messages import Status, WhatsAppMessage
from simulators.mail.inbox import CaughtMail, MailInbox, MailMode
from simulators.midtrans import MidtransAccount, build_midtrans
from simulators.problems import render_problems
from simulators.rates import Rates, build_rates

PREFIX = "/simulators"
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_SHOWN_IN_PLACE = {"image/png", "image/jpeg", "image/gif", "image/webp"}


@dataclass(frozen=True, slots=True)
class Inboxes:
    """What the simulators received: mail, WhatsApp messages, and Midtrans' orders; a chain, and prices of USDT."""

    mail: MailInbox
    whatsapp: WhatsAppInbox
    midtrans: MidtransAccount
    chain: ChainNetwork
    rates: Rates


class AttachmentItem(BaseModel):
    filename: str
    content_type: str
    size: int


class MailItem(BaseModel):
    """A received mail; `id` is used in `/mail/{id}/raw`."""

    id: str
    to: str
    subject: str
    text: str
    html: str | None = None
    attachments: list[AttachmentItem]
    received_at: datetime


class WhatsAppItem(BaseModel):
    """An accepted WhatsApp message with its delivery status."""

    id: str
    to: str
    text: str
    status: Status
    url: str | None = None
    attachments: list[AttachmentItem]
    received_at: datetime


class MailItems(BaseModel):
    items: list[MailItem]


class WhatsAppItems(BaseModel):
    items: list[WhatsAppItem]


class MailModeSetting(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mode: MailMode


class WhatsAppModeSetting(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mode: WhatsAppMode


def build_app(inbox: Inboxes) -> FastAPI:
    """Build the application with all routes under `/simulators`; errors are problem documents."""
    app = FastAPI(title="Startline simulators", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.inboxes = inbox
    render_problems(app)
    app.include_router(_routes, prefix=PREFIX)
    app.mount(f"{PREFIX}/fonnte", build_fonnte(inbox.whatsapp))
    app.mount(f"{PREFIX}/midtrans", build_midtrans(inbox.midtrans))
    app.mount(f"{PREFIX}/chain", build_chain(inbox.chain))
    app.mount(f"{PREFIX}/rates", build_rates(inbox.rates))
    return app


def _inboxes(request: Request) -> Inboxes:
    inboxes: Inboxes = request.app.state.inboxes
    return inboxes


Boxes = Annotated[Inboxes, Depends(_inboxes)]


def _known_mail(mail_id: str, boxes: Boxes) -> CaughtMail:
    mail = boxes.mail.get(mail_id)
    if mail is None:
        raise HTTPException(404)
    return mail


def _known_whatsapp(message_id: str, boxes: Boxes) -> WhatsAppMessage:
    message = boxes.whatsapp.get(message_id)
    if message is None:
        raise HTTPException(404)
    return message


KnownMail = Annotated[CaughtMail, Depends(_known_mail)]
KnownWhatsApp = Annotated[WhatsAppMessage, Depends(_known_whatsapp)]

_routes = APIRouter()


@_routes.get("")
async def inbox_page(boxes: Boxes) -> HTMLResponse:
    html = pages.inbox_page(boxes.mail, boxes.whatsapp, boxes.midtrans, PREFIX)
    return HTMLResponse(html, headers={"Content-Security-Policy": pages.PAGE_POLICY})


@_routes.get("/style.css")
async def style() -> Response:
    return Response(pages.STYLE, media_type="text/css")


@_routes.get("/mail", response_model_exclude_none=True)
async def list_mail(boxes: Boxes, to: str | None = None) -> MailItems:
    return MailItems(items=[_mail_item(mail) for mail in boxes.mail.mails(to)])


@_routes.delete("/mail", status_code=204)
async def clear_mail(boxes: Boxes) -> None:
    boxes.mail.clear()


@_routes.post("/mail/mode")
async def set_mail_mode(setting: MailModeSetting, boxes: Boxes) -> MailModeSetting:
    boxes.mail.mode = setting.mode
    return setting


@_routes.get("/mail/{mail_id}/raw")
async def raw_mail(mail: KnownMail) -> Response:
    return _file(Attachment(f"{mail.id}.eml", "message/rfc822", mail.raw))


@_routes.get("/mail/{mail_id}/html")
async def html_mail(mail: KnownMail) -> HTMLResponse:
    if mail.content.html is None:
        raise HTTPException(404)
    html = pages.with_inline_images(mail.content.html, mail.content.attachments)
    return HTMLResponse(html, headers={"Content-Security-Policy": pages.MAIL_POLICY, **_NO_SNIFFING})


@_routes.get("/mail/{mail_id}/attachments/{number}")
async def mail_attachment(mail: KnownMail, number: int) -> Response:
    return _numbered_file(mail.content.attachments, number)


@_routes.get("/whatsapp", response_model_exclude_none=True)
async def list_whatsapp(boxes: Boxes, to: str | None = None) -> WhatsAppItems:
    return WhatsAppItems(items=[_whatsapp_item(message) for message in boxes.whatsapp.messages(to)])


@_routes.delete("/whatsapp", status_code=204)
async def clear_whatsapp(boxes: Boxes) -> None:
    boxes.whatsapp.clear()


@_routes.post("/whatsapp/mode")
async def set_whatsapp_mode(setting: WhatsAppModeSetting, boxes: Boxes) -> WhatsAppModeSetting:
    boxes.whatsapp.mode = setting.mode
    return setting


@_routes.get("/whatsapp/{message_id}/attachments/{number}")
async def whatsapp_attachment(message: KnownWhatsApp, number: int) -> Response:
    return _numbered_file(message.attachments, number)


def _mail_item(mail: CaughtMail) -> MailItem:
    content = mail.content
    return MailItem(
        id=mail.id,
        to=mail.to,
        subject=content.subject,
        text=content.text,
        html=content.html,
        attachments=_attachment_items(content.attachments),
        received_at=mail.received_at,
    )


def _whatsapp_item(message: WhatsAppMessage) -> WhatsAppItem:
    return WhatsAppItem(
        id=message.id,
        to=message.to,
        text=message.text,
        status=message.status,
        url=message.url,
        attachments=_attachment_items(message.attachments),
        received_at=message.received_at,
    )


def _attachment_items(attachments: tuple[Attachment, ...]) -> list[AttachmentItem]:
    return [
        AttachmentItem(filename=each.filename, content_type=each.content_type, size=each.size) for each in attachments
    ]


_NO_SNIFFING = {"X-Content-Type-Options": "nosniff"}


def _numbered_file(attachments: tuple[Attachment, ...], number: int) -> Response:
    if not 0 <= number < len(attachments):
        raise HTTPException(404)
    return _file(attachments[number])


def _file(attachment: Attachment) -> Response:
    """Return a response with an untrusted file that cannot act as a page of this site."""
    known = _MEDIA_TYPE.fullmatch(attachment.content_type)
    way = "inline" if attachment.content_type in _SHOWN_IN_PLACE else "attachment"
    name = quote(attachment.filename, safe="")
    headers = {
        "Content-Disposition": f"{way}; filename*=UTF-8''{name}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        **_NO_SNIFFING,
    }
    media_type = attachment.content_type if known else "application/octet-stream"
    return Response(attachment.content, media_type=media_type, headers=headers)
