"""Control of the simulated Midtrans: payers, modes, the clock, and what happened. The API itself is below `/api`."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from simulators.midtrans.account import MidtransAccount
from simulators.midtrans.api import build_api
from simulators.midtrans.books import Books
from simulators.midtrans.channels import PaymentType
from simulators.midtrans.errors import Refused, UnknownTransaction
from simulators.midtrans.forms import Rupiah
from simulators.midtrans.modes import Mode, NotificationMode
from simulators.midtrans.notices import Delivery, State
from simulators.midtrans.orders import Order, Payer, Status
from simulators.problems import problem, render_problems

_LONGEST_OFFSET = 10 * 365 * 86400
_LATEST_EXPIRY = 90


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OrderName(_Form):
    """An order by order id or transaction id."""

    order_id: str


class Payment(OrderName):
    """A payment. `issuer` and `transaction_type` are shown for QRIS; `off-us` has the shorter time for refunds."""

    issuer: str | None = None
    transaction_type: Literal["on-us", "off-us"] = "on-us"


class StaticPayment(_Form):
    amount: Rupiah
    issuer: str = "bca"
    transaction_type: Literal["on-us", "off-us"] = "off-us"


class ModeSetting(_Form):
    mode: Mode


class NotificationModeSetting(_Form):
    mode: NotificationMode


class ClockSetting(_Form):
    """The simulator's time is that of the system plus `offset_seconds`.

    Orders expire `expiry_late_seconds` after their expiry time: Midtrans names up to 90 seconds.
    """

    offset_seconds: float = Field(ge=-_LONGEST_OFFSET, le=_LONGEST_OFFSET)
    expiry_late_seconds: float = Field(0, ge=0, le=_LATEST_EXPIRY)


class BalanceSetting(_Form):
    """Rupiah left for refunds; null if it is always enough."""

    refund_balance: int | None = Field(ge=0)


class OrderItems(BaseModel):
    """Orders as the status request shows them; `qr_string` and `notification_urls` are added."""

    items: list[dict[str, Any]]


class AttemptItem(BaseModel):
    """One POST; `status` is null if there was no answer, and `error` is null if there was one."""

    at: datetime
    status: int | None
    error: str | None


class NotificationItem(BaseModel):
    id: str
    order_id: str
    transaction_status: str
    url: str
    body: dict[str, Any]
    state: State
    attempts: list[AttemptItem]


class NotificationItems(BaseModel):
    items: list[NotificationItem]


def build_midtrans(account: MidtransAccount) -> FastAPI:
    """Build control and API as a separate application, to be mounted anywhere."""
    app = FastAPI(title="Midtrans simulator", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.account = account
    render_problems(app)
    app.add_exception_handler(Refused, _render_refused)
    app.include_router(_routes)
    app.mount("/api", build_api(account))
    return app


async def _account(request: Request) -> MidtransAccount:
    account: MidtransAccount = request.app.state.account
    return account


async def _render_refused(request: Request, refused: Exception) -> JSONResponse:
    """Render an unknown order as 404 and any other refusal as 409."""
    status = HTTPStatus.NOT_FOUND if isinstance(refused, UnknownTransaction) else HTTPStatus.CONFLICT
    details = refused.details if isinstance(refused, Refused) else ()
    detail = " ".join((str(refused), *details))
    return problem(request, status, status.phrase.lower().replace(" ", "_"), detail=detail)


Account = Annotated[MidtransAccount, Depends(_account)]

_routes = APIRouter()


@_routes.post("/pay")
async def pay(payment: Payment, account: Account) -> dict[str, Any]:
    order = await account.pay(payment.order_id, _payer(payment, account.order(payment.order_id)))
    return account.status(order.transaction_id)


@_routes.post("/pay-static")
async def pay_static(payment: StaticPayment, account: Account) -> dict[str, Any]:
    payer = Payer(payment.issuer, on_us=payment.transaction_type == "on-us")
    order = await account.pay_static(payment.amount, payer)
    return account.status(order.transaction_id)


@_routes.post("/orders/{transaction_id}/pay")
async def pay_from_page(transaction_id: str, account: Account, request: Request) -> RedirectResponse:
    await account.pay(transaction_id, _payer(Payment(order_id=transaction_id), account.order(transaction_id)))
    return RedirectResponse(f"{request.scope['root_path'].removesuffix('/midtrans')}#midtrans", 303)


@_routes.post("/reverse")
async def reverse(name: OrderName, account: Account) -> dict[str, Any]:
    order = await account.reverse(name.order_id)
    return account.status(order.transaction_id)


@_routes.post("/chargeback")
async def charge_back(name: OrderName, account: Account) -> dict[str, Any]:
    order = await account.charge_back(name.order_id)
    return account.status(order.transaction_id)


@_routes.post("/expire")
async def expire(name: OrderName, account: Account) -> dict[str, Any]:
    await account.end(name.order_id, Status.EXPIRE)
    return account.status(name.order_id)


@_routes.put("/mode")
async def set_mode(setting: ModeSetting, account: Account) -> ModeSetting:
    account.mode = setting.mode
    return setting


@_routes.put("/notification-mode")
async def set_notification_mode(setting: NotificationModeSetting, account: Account) -> NotificationModeSetting:
    account.notices.mode = setting.mode
    return setting


@_routes.put("/clock")
async def set_clock(setting: ClockSetting, account: Account) -> ClockSetting:
    account.expiry_lateness = timedelta(seconds=setting.expiry_late_seconds)
    account.clock.move(timedelta(seconds=setting.offset_seconds))
    await account.sweep()
    return setting


@_routes.put("/refund-balance")
async def set_balance(setting: BalanceSetting, account: Account) -> BalanceSetting:
    account.refund_balance = setting.refund_balance
    return setting


@_routes.get("/orders")
async def list_orders(account: Account) -> OrderItems:
    return OrderItems(items=[_order_item(order, account) for order in account.orders()])


@_routes.delete("/orders", status_code=204)
async def clear_orders(account: Account) -> None:
    account.clear()


@_routes.get("/notifications")
async def list_notifications(account: Account) -> NotificationItems:
    return NotificationItems(items=[_notification_item(delivery) for delivery in account.notices.log])


@_routes.get("/books")
async def show_books(account: Account) -> Books:
    return account.books()


def _payer(payment: Payment, order: Order) -> Payer:
    on_us = payment.transaction_type == "on-us"
    is_qris = order.channel.payment_type is PaymentType.QRIS
    own = (order.channel.acquirer if is_qris and on_us else None) or "bca"
    return Payer(payment.issuer or own, on_us=on_us)


def _order_item(order: Order, account: MidtransAccount) -> dict[str, Any]:
    return {
        **account.status(order.transaction_id),
        "qr_string": order.qr_string,
        "notification_urls": list(order.urls),
    }


def _notification_item(delivery: Delivery) -> NotificationItem:
    return NotificationItem(
        id=delivery.id,
        order_id=delivery.body["order_id"],
        transaction_status=delivery.body["transaction_status"],
        url=delivery.url,
        body=dict(delivery.body),
        state=delivery.state,
        attempts=[AttemptItem(at=each.at, status=each.status, error=each.error) for each in delivery.attempts],
    )
