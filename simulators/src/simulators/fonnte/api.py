"""Fonnte's HTTP API. Every response is HTTP 200; the body's `status` is whether it succeeded."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from simulators.attachments import Attachment
from simulators.delays import hold
from simulators.fonnte.inbox import DEVICE, WhatsAppInbox, WhatsAppMode
from simulators.fonnte.orders import Refused, read_orders, read_targets

LARGEST_FILE = 4 * 1024 * 1024


def build_fonnte(inbox: WhatsAppInbox) -> FastAPI:
    """Build the API as a separate application, to be mounted anywhere."""
    app = FastAPI(title="Fonnte simulator", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.inbox = inbox
    app.add_api_route("/send", _send, methods=["POST"])
    app.add_api_route("/device", _device, methods=["POST"])
    app.add_api_route("/validate", _validate, methods=["POST"])
    app.add_exception_handler(Refused, _refuse)
    return app


def _authorised(request: Request) -> WhatsAppInbox:
    inbox: WhatsAppInbox = request.app.state.inbox
    inbox.authorise(request.headers.get("authorization"))
    return inbox


Inbox = Annotated[WhatsAppInbox, Depends(_authorised)]


async def _send(request: Request, inbox: Inbox) -> dict[str, Any]:
    orders = read_orders(*await _read_form(request))
    messages = inbox.accept(orders)
    if inbox.mode is WhatsAppMode.TIMEOUT:
        await hold(request, until=inbox.closing, seconds=inbox.hold_seconds)
    return {
        "status": True,
        "detail": "success! message in queue",
        "process": "pending",
        "id": [message.id for message in messages],
        "target": [message.to for message in messages],
        "requestid": inbox.next_id(),
    }


async def _device(inbox: Inbox) -> dict[str, Any]:
    left = inbox.quota_left
    return {
        "status": True,
        "device": DEVICE,
        "device_status": "disconnect" if inbox.mode is WhatsAppMode.DISCONNECTED else "connect",
        "expired": "unlimited",
        "messages": inbox.accepted,
        "name": "Simulator",
        "package": "Simulator",
        "quota": "unlimited" if left is None else str(left),
    }


async def _validate(request: Request, inbox: Inbox) -> dict[str, Any]:
    inbox.require_device()
    fields, _ = await _read_form(request)
    numbers = [target.number for target in read_targets(fields)]
    return {
        "status": True,
        "registered": [number for number in numbers if inbox.reaches(number)],
        "not_registered": [number for number in numbers if not inbox.reaches(number)],
    }


async def _refuse(request: Request, refused: Exception) -> JSONResponse:
    reason = refused.reason if isinstance(refused, Refused) else "unknown error"
    return JSONResponse({"status": False, "reason": reason, "requestid": request.app.state.inbox.next_id()})


async def _read_form(request: Request) -> tuple[dict[str, str], Attachment | None]:
    try:
        async with request.form() as form:
            fields = {key: value for key, value in form.items() if isinstance(value, str)}
            upload = form.get("file")
            attachment = await _read_file(upload, fields) if isinstance(upload, UploadFile) else None
    except (HTTPException, UnicodeError):
        raise Refused("input invalid") from None
    return fields, attachment


async def _read_file(upload: UploadFile, fields: dict[str, str]) -> Attachment:
    content = await upload.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise Refused("file size must under 4MB")
    content_type = (upload.content_type or "application/octet-stream").lower()
    renamed = None if content_type.startswith(("image/", "video/")) else fields.get("filename")
    return Attachment(renamed or upload.filename or "file", content_type, content)
