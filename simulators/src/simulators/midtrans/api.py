"""Midtrans' HTTP API: the Core API, and as much of Snap as gives a token."""

import secrets
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.exceptions import HTTPException

from simulators.delays import hold
from simulators.midtrans.account import MidtransAccount
from simulators.midtrans.bodies import Body, error_body
from simulators.midtrans.channels import Bank
from simulators.midtrans.errors import Down, InvalidRequest, Refused, UnknownTransaction, Unreadable, WrongKey
from simulators.midtrans.forms import OrderForm, RefundForm, read_charge, read_form
from simulators.midtrans.modes import Mode
from simulators.midtrans.orders import Order, Status
from simulators.midtrans.qris import qr_png

_MOST_URLS = 2
_BAD_REQUEST = 400


def build_api(account: MidtransAccount) -> FastAPI:
    """Build the API as a separate application, to be mounted anywhere."""
    app = FastAPI(title="Midtrans simulator", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.account = account
    app.include_router(_public)
    app.include_router(_routes)
    app.add_exception_handler(Refused, _refuse)
    app.add_exception_handler(HTTPException, _refuse_unknown)
    app.add_exception_handler(Down, _show_down)
    return app


async def _reachable(request: Request) -> MidtransAccount:
    account: MidtransAccount = request.app.state.account
    if account.mode is Mode.DOWN:
        raise Down
    return account


async def _authorised(request: Request, account: Annotated[MidtransAccount, Depends(_reachable)]) -> MidtransAccount:
    given, expected = _user(request.headers.get("authorization", "")), account.server_key
    if not secrets.compare_digest(given.encode(), f"{expected}:".encode()):
        raise WrongKey
    return account


def _user(header: str) -> str:
    """Return `user:password` of a Basic header; empty if it is not one."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(encoded.strip(), validate=True).decode()
    except ValueError:
        return ""


async def _read_body(request: Request) -> dict[str, Any]:
    """Return the JSON object that was sent; an empty one if the body is empty.

    Raises:
        InvalidRequest: the content type is not JSON.
        Unreadable: it is not a JSON object.
    """
    raw = await request.body()
    if not raw:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise InvalidRequest("Content-Type must be application/json")
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        raise Unreadable from None
    if not isinstance(body, dict):
        raise Unreadable
    return body


async def _known(either_id: str, account: Annotated[MidtransAccount, Depends(_reachable)]) -> Order:
    return account.order(either_id)


Account = Annotated[MidtransAccount, Depends(_authorised)]
Sent = Annotated[dict[str, Any], Depends(_read_body)]
KnownOrder = Annotated[Order, Depends(_known)]

_public = APIRouter()
_routes = APIRouter(dependencies=[Depends(_authorised)])


@_routes.post("/v2/charge")
async def charge(request: Request, account: Account, sent: Sent) -> JSONResponse:
    account.require_capacity()

    async def act() -> Body:
        return await account.charge(read_charge(sent), base_url=_base_url(request), urls=_urls(request, account))

    return await _perform(request, account, act, has_key=not _is_permata(sent))


@_routes.get("/v2/{either_id}/status")
async def status(request: Request, account: Account, either_id: str) -> JSONResponse:
    await _linger(request, account)
    return JSONResponse(account.status(either_id))


@_routes.post("/v2/{either_id}/cancel")
async def cancel(request: Request, account: Account, either_id: str, _sent: Sent) -> JSONResponse:
    return await _perform(request, account, lambda: account.end(either_id, Status.CANCEL))


@_routes.post("/v2/{either_id}/expire")
async def expire(request: Request, account: Account, either_id: str, _sent: Sent) -> JSONResponse:
    return await _perform(request, account, lambda: account.end(either_id, Status.EXPIRE))


@_routes.post("/v2/{either_id}/refund/online/direct")
@_routes.post("/v2/{either_id}/refund")
async def refund(request: Request, account: Account, either_id: str, sent: Sent) -> JSONResponse:
    async def act() -> Body:
        return await account.refund(either_id, read_form(RefundForm, sent))

    return await _perform(request, account, act)


@_routes.post("/snap/v1/transactions")
async def snap(request: Request, account: Account, sent: Sent) -> JSONResponse:
    account.require_capacity()
    token = account.begin_snap(read_form(OrderForm, sent))
    return JSONResponse({"token": token, "redirect_url": f"{_base_url(request)}/snap/v4/redirection/{token}"}, 201)


@_public.get("/v2/{_kind}/{either_id}/qr-code")
async def qr_code(_kind: str, order: KnownOrder) -> Response:
    return _picture(order, border=4)


@_public.get("/v2/{_kind}/{either_id}/qr-code-v2")
async def framed_qr_code(_kind: str, order: KnownOrder) -> Response:
    return _picture(order, border=12)


@_public.get("/v2/gopay/{either_id}/deeplink")
async def deeplink(order: KnownOrder) -> PlainTextResponse:
    return PlainTextResponse(f"Simulated GoPay, order {order.order_id}: it is paid on the page of the simulators.\n")


@_public.get("/snap/v4/redirection/{token}")
async def snap_page(token: str) -> PlainTextResponse:
    return PlainTextResponse(f"Simulated Snap, transaction {token}: ways to pay are not simulated.\n")


async def _perform(
    request: Request, account: MidtransAccount, act: Callable[[], Awaitable[Body]], *, has_key: bool = True
) -> JSONResponse:
    """Do what a POST asks, once per Idempotency-Key, and answer when the mode allows."""

    async def slowly() -> Body:
        await _linger(request, account)
        return await act()

    key = request.headers.get("idempotency-key") if has_key else None
    body = await account.repeats.once(key, slowly)
    if account.mode is Mode.TIMEOUT_AFTER_DOING:
        await hold(request, until=account.closing, seconds=account.hold_seconds)
    return JSONResponse(body)


async def _linger(request: Request, account: MidtransAccount) -> None:
    if account.mode is Mode.SLOW:
        await hold(request, until=account.closing, seconds=account.slow_seconds)


def _base_url(request: Request) -> str:
    """Return the address of this API as the caller reaches it."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def _urls(request: Request, account: MidtransAccount) -> tuple[str, ...]:
    """Return the receivers of a charge's notifications: its own, and the account's unless they are overridden."""
    overriding = _listed(request.headers.get("x-override-notification", ""))
    return (overriding or account.notification_urls) + _listed(request.headers.get("x-append-notification", ""))


def _listed(header: str) -> tuple[str, ...]:
    urls = [url.strip() for url in header.split(",") if url.strip()]
    if not all(map(_is_address, urls)):
        raise InvalidRequest("notification URLs must begin with http:// or https://")
    return tuple(urls[:_MOST_URLS])


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)


def _is_permata(sent: dict[str, Any]) -> bool:
    transfer = sent.get("bank_transfer")
    return isinstance(transfer, dict) and transfer.get("bank") == Bank.PERMATA


def _picture(order: Order, *, border: int) -> Response:
    if order.qr_string is None:
        raise UnknownTransaction
    return Response(qr_png(order.qr_string, border=border), media_type="image/png")


async def _refuse(request: Request, refused: Exception) -> JSONResponse:
    answer = refused if isinstance(refused, Refused) else InvalidRequest()
    in_body_only = request.app.state.account.mode is Mode.ERRORS_IN_BODY and answer.code >= _BAD_REQUEST
    return JSONResponse(error_body(answer), 200 if in_body_only else answer.code)


async def _refuse_unknown(request: Request, _error: Exception) -> JSONResponse:
    return await _refuse(request, UnknownTransaction())


async def _show_down(_request: Request, _error: Exception) -> HTMLResponse:
    return HTMLResponse("<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>", 503)
