"""Calls of the simulated Midtrans for tests: its API as an adapter uses it, its control as a test does."""

from typing import Any

import httpx

from simulators.midtrans.account import MidtransAccount

BASE_URL = "http://simulators"
_CONTROL = "/simulators/midtrans"


class MidtransCalls:
    """An account and an HTTP client of its application.

    Attributes:
        api_url: base of the API, to which `/v2/charge` is added.
        transport: reaches the application without a socket, for an adapter's own client.
    """

    api_url = f"{BASE_URL}{_CONTROL}/api"

    def __init__(
        self,
        account: MidtransAccount,
        http: httpx.AsyncClient,
        *,
        transport: httpx.AsyncBaseTransport,
    ) -> None:
        self.account = account
        self.http = http
        self.transport = transport

    async def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Call the API with the server key; `path` begins with `/v2` or `/snap`."""
        login = httpx.BasicAuth(self.account.server_key, "")
        return await self.http.request(method, f"{_CONTROL}/api{path}", **{"auth": login, **request})

    async def charge(
        self, order_id: str, amount: int = 150_000, *, headers: dict[str, str] | None = None, **fields: Any
    ) -> httpx.Response:
        """Charge `amount` rupiah, by QRIS unless `fields` says otherwise."""
        details = {"order_id": order_id, "gross_amount": amount}
        body = {"payment_type": "qris", "transaction_details": details, **fields}
        return await self.call("POST", "/v2/charge", json=body, headers=headers)

    async def charged(self, order_id: str, amount: int = 150_000, **fields: Any) -> dict[str, Any]:
        """Charge, and return the body of the answer.

        Raises:
            httpx.HTTPStatusError: the answer is not a success.
        """
        return _body(await self.charge(order_id, amount, **fields))

    async def status(self, either_id: str) -> dict[str, Any]:
        """Return the body of a status request, also of one that is refused."""
        body: dict[str, Any] = (await self.call("GET", f"/v2/{either_id}/status")).json()
        return body

    async def refund(self, either_id: str, **fields: Any) -> httpx.Response:
        """Ask for a refund, of everything unless `fields` has an amount."""
        return await self.call("POST", f"/v2/{either_id}/refund", json=fields)

    async def pay(self, order_id: str, **fields: str) -> dict[str, Any]:
        """Pay a pending order as its payer does, and return its status.

        Raises:
            httpx.HTTPStatusError: it is not pending.
        """
        return await self.control("POST", "pay", order_id=order_id, **fields)

    async def mode(self, mode: str) -> None:
        """Set the mode of the API."""
        await self.control("PUT", "mode", mode=mode)

    async def notification_mode(self, mode: str) -> None:
        """Set the mode of notifications."""
        await self.control("PUT", "notification-mode", mode=mode)

    async def move_clock(self, seconds: float, *, expiry_late: float = 0) -> None:
        """Make the simulator's time `seconds` later than the system's, and expire what is over then."""
        await self.control("PUT", "clock", offset_seconds=seconds, expiry_late_seconds=expiry_late)

    async def orders(self) -> list[dict[str, Any]]:
        """Return all orders, oldest first."""
        items: list[dict[str, Any]] = _body(await self.http.get(f"{_CONTROL}/orders"))["items"]
        return items

    async def notifications(self) -> list[dict[str, Any]]:
        """Return all notifications with their attempts, oldest first."""
        items: list[dict[str, Any]] = _body(await self.http.get(f"{_CONTROL}/notifications"))["items"]
        return items

    async def books(self) -> dict[str, Any]:
        """Return the sums of money."""
        return _body(await self.http.get(f"{_CONTROL}/books"))

    async def control(self, method: str, path: str, **fields: Any) -> dict[str, Any]:
        """Call the control with `fields` as JSON and return the body of the answer.

        Raises:
            httpx.HTTPStatusError: the answer is not a success.
        """
        return _body(await self.http.request(method, f"{_CONTROL}/{path}", json=fields))


def _body(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.raise_for_status().json()
    return body
