"""The simulated merchant account: its orders, its clock, its modes."""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import httpx

from simulators.midtrans.bodies import Body, charge_body, ended_body, notice_body, refund_body, status_body
from simulators.midtrans.books import Books, books
from simulators.midtrans.charges import Cashier
from simulators.midtrans.clock import Clock
from simulators.midtrans.errors import RefundRefused, TooManyRequests
from simulators.midtrans.forms import ChargeForm, OrderForm, RefundForm
from simulators.midtrans.modes import Mode
from simulators.midtrans.notices import Notice, Notices, signed
from simulators.midtrans.orders import Order, Orders, Payer, Refund, Status
from simulators.midtrans.posting import Poster
from simulators.midtrans.refunds import accept_refund, require_addressed_rightly
from simulators.midtrans.repeats import Repeats
from simulators.settings import Settings
from simulators.tasks import Tasks


class MidtransAccount:
    """Answers as Midtrans would for one merchant.

    Attributes:
        mode: behaviour of the API.
        expiry_lateness: how long after its expiry time an order is still pending.
        refund_balance: rupiah left for refunds; None if it is always enough.
        closing: set when requests that are delayed must be answered.
    """

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Build an account without orders.

        Args:
            transport: posts notifications instead of the network, if it is given.
        """
        self._settings = settings
        self._orders = Orders()
        self._cashier = Cashier(self._orders)
        self._tasks = Tasks()
        self._refund_numbers = itertools.count(1)
        self._snap_tokens: dict[str, str] = {}
        self.clock = Clock()
        self.repeats = Repeats(self.clock)
        self.notices = Notices(
            Poster(self.clock, transport),
            self.clock,
            server_key=self.server_key,
            factor=settings.midtrans_time_factor,
            keep=settings.keep_messages,
        )
        self.mode = Mode.OK
        self.expiry_lateness = timedelta(0)
        self.refund_balance: int | None = None
        self.closing = asyncio.Event()

    @property
    def server_key(self) -> str:
        return self._settings.midtrans_server_key.get_secret_value()

    @property
    def slow_seconds(self) -> float:
        return self._settings.midtrans_slow_seconds

    @property
    def hold_seconds(self) -> float:
        return self._settings.midtrans_hold_seconds

    @property
    def notification_urls(self) -> tuple[str, ...]:
        """Return the receivers of notifications unless a charge names others."""
        url = self._settings.midtrans_notification_url
        return () if url is None else (url,)

    def orders(self) -> Iterator[Order]:
        """Return all orders, oldest first."""
        return iter(self._orders)

    def newest(self) -> Iterator[Order]:
        return reversed(self._orders)

    def order(self, either_id: str) -> Order:
        """Return an order by order id or transaction id.

        Raises:
            UnknownTransaction: there is none.
        """
        return self._orders.get(either_id)

    def books(self) -> Books:
        return books(self._orders)

    async def charge(self, form: ChargeForm, *, base_url: str, urls: tuple[str, ...]) -> Body:
        """Create an order and return the answer.

        Raises:
            InvalidRequest, OrderIdUsed.
        """
        self._orders.require_unused(form.transaction_details.order_id)
        order = self._cashier.charge(form, base_url=base_url, urls=urls, now=self.clock.now())
        self._orders.add(order)
        body = charge_body(order, self._merchant_id)
        await self._announce(order, is_followed=True)
        return body

    def require_capacity(self) -> None:
        """Check the rate limit for charges.

        Raises:
            TooManyRequests: the mode is `429`.
        """
        if self.mode is Mode.LIMITED:
            raise TooManyRequests

    def begin_snap(self, form: OrderForm) -> str:
        """Return the token of a Snap transaction; its status is unknown, as no way to pay is chosen.

        Raises:
            OrderIdUsed.
        """
        order_id = form.transaction_details.order_id
        self._orders.require_unused(order_id)
        return self._snap_tokens.setdefault(order_id, str(uuid4()))

    def status(self, either_id: str) -> Body:
        """Return the signed status of an order.

        Raises:
            UnknownTransaction.
        """
        return signed(status_body(self.order(either_id), self._merchant_id), self.server_key)

    async def end(self, either_id: str, status: Status) -> Body:
        """Cancel or expire a pending order and return the answer.

        Raises:
            UnknownTransaction, NotModifiable.
        """
        order = self.order(either_id)
        order.move(status)
        await self._announce(order)
        return ended_body(order, self._merchant_id)

    async def refund(self, either_id: str, form: RefundForm) -> Body:
        """Accept a refund, which the bank confirms later, and return the answer.

        Raises:
            UnknownTransaction, DuplicateRefund, NotModifiable, RefundRefused.
        """
        order = self.order(either_id)
        require_addressed_rightly(order, either_id)
        refund = accept_refund(order, form, number=next(self._refund_numbers), now=self.clock.now())
        self._draw(refund.amount)
        order.give_back(refund)
        body = refund_body(order, refund, self._merchant_id)
        self._tasks.start(self._confirm(order, refund))
        await self._announce(order, is_followed=True)
        return body

    async def pay(self, either_id: str, payer: Payer) -> Order:
        """Pay a pending order.

        Raises:
            UnknownTransaction, NotModifiable.
        """
        order = self.order(either_id)
        order.settle(payer, self.clock.now())
        await self._announce(order)
        return order

    async def pay_static(self, amount: int, payer: Payer) -> Order:
        """Pay `amount` rupiah to the merchant's static QRIS; the order has an id of Midtrans' own."""
        now = self.clock.now()
        order = self._cashier.static_payment(amount, urls=self.notification_urls, now=now)
        order.settle(payer, now)
        self._orders.add(order)
        await self._announce(order)
        return order

    async def reverse(self, either_id: str) -> Order:
        """Return a settled payment to its payer: the order becomes `deny`.

        Raises:
            UnknownTransaction, NotModifiable.
        """
        order = self.order(either_id)
        order.move(Status.DENY)
        await self._announce(order)
        return order

    async def charge_back(self, either_id: str) -> Order:
        """Take a payment back for its payer, without what was refunded.

        Raises:
            UnknownTransaction, NotModifiable.
        """
        order = self.order(either_id)
        order.charge_back()
        await self._announce(order)
        return order

    async def sweep(self) -> None:
        """Expire every pending order whose time is over."""
        limit = self.clock.now() - self.expiry_lateness
        for order in self._orders:
            if order.status is Status.PENDING and order.expires_at is not None and order.expires_at <= limit:
                await self.end(order.transaction_id, Status.EXPIRE)

    def clear(self) -> None:
        """Forget all orders, notifications and remembered answers; modes and clock stay."""
        self._orders.clear()
        self._snap_tokens.clear()
        self.repeats.clear()
        self.notices.clear()

    def start(self) -> None:
        """Start expiring orders."""
        self.closing.clear()
        self._tasks.start(self._keep_sweeping())

    async def stop(self) -> None:
        """Release all delayed requests and cancel background work; may be called twice."""
        self.closing.set()
        await self._tasks.stop()
        await self.notices.stop()

    @property
    def _merchant_id(self) -> str:
        return self._settings.midtrans_merchant_id

    def _draw(self, amount: int) -> None:
        if self.refund_balance is None:
            return
        if amount > self.refund_balance:
            raise RefundRefused("the merchant's balance is too low")
        self.refund_balance -= amount

    async def _announce(self, order: Order, *, is_followed: bool = False) -> None:
        body = notice_body(order, self._merchant_id)
        await self.notices.announce(
            Notice(order.order_id, order.amount, order.expires_at, order.urls, body, is_followed=is_followed)
        )

    async def _confirm(self, order: Order, refund: Refund) -> None:
        wait = timedelta(seconds=self._settings.midtrans_refund_confirmed_after_seconds)
        await self.clock.sleep_until(refund.created_at + wait)
        refund.confirmed_at = self.clock.now()
        await self._announce(order)

    async def _keep_sweeping(self) -> None:
        while True:
            await self.sweep()
            await self.clock.sleep(self._settings.midtrans_sweep_seconds)
