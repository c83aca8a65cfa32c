"""Payment's API as the page of a registration calls it for a payment in USDT."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import httpx

from .conftest import NOW
from .runner_apis import RunnerApis, at, problem

ADDRESS: Final = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"
TOKEN: Final = "0xc2132D05D31c914a87C6611C10748AEb04B58e8F"
HASH: Final = "0x" + "5e" * 32
WALLET: Final = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
"""An address of the runner."""
MINIMUM: Final = "1500000.00"
"""Rupiah from which Ethereum is offered: more than the invoice."""


def network(word: str = "polygon", reason: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return a network as payment lists it."""
    usual = {"network": word, "chain_id": 137, "token_contract": TOKEN, "decimals": 6, "confirmations": 12}
    possible = {"minimum_order": "0.00", "available": reason is None, "reason": reason}
    return {**usual, **possible, **fields}


NETWORKS: Final = (
    network("ethereum", minimum_order=MINIMUM),
    network("polygon", confirmations=None),
    network("bsc"),
    network("arbitrum", "not_offered"),
)


def uri(amount: str) -> str:
    """Return what asks for an amount in wallets that read EIP-681."""
    units = int(float(amount) * 10**6)
    return f"ethereum:{TOKEN}@137/transfer?address={ADDRESS}&uint256={units}"


def minutes(number: float) -> str:
    """Return a time before (negative) or after now."""
    return (NOW + timedelta(minutes=number)).isoformat()


def transfer(amount: str = "10", state: str = "pending", **fields: Any) -> dict[str, Any]:
    """Return a transfer to the address of the registration."""
    about = {"network": "bsc", "tx_hash": HASH, "is_usdt": True, "confirmations": 3, "block_time": minutes(-2)}
    return {**about, "amount": amount, "state": state, **fields}


def in_usdt(status: str = "waiting", *transfers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return how far a payment in USDT is: 78.09 were asked for a minute ago."""
    amount = fields.get("amount", "78.09")
    received = {"waiting": "0", "partial": "10", "closed": "0"}.get(status, amount)
    missing = {"waiting": amount, "partial": "68.09"}.get(status, "0")
    about = {"network": "bsc", "chain_id": 56, "token_contract": TOKEN, "address": ADDRESS, "confirmations": 12}
    asked = {"amount_units": "78090000", "rate": "16650", "locked_until": minutes(29), "due_at": at(18)}
    far = {"status": status, "received": received, "missing": missing, "transfers": list(transfers)}
    return {**about, **asked, **far, "amount": amount, "uri": uri(amount), **fields}


@dataclass
class UsdtApis(RunnerApis):
    """The APIs of a registration that can be paid in USDT.

    Attributes:
        usdt: how far the payment is; None before an amount was asked for.
        named: the addresses to which USDT are to go back.
        wrong_address: what such an address is answered with, if it is refused.
    """

    networks: list[dict[str, Any]] = field(default_factory=lambda: [dict(each) for each in NETWORKS])
    usdt: dict[str, Any] | None = None
    named: list[dict[str, Any]] = field(default_factory=list)
    wrong_address: httpx.Response | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and request.url.path.endswith("/usdt/refund-address"):
            self.named.append(json.loads(request.content))
            return self.wrong_address or httpx.Response(200, json=self.usdt)
        return super().__call__(request)

    def _read(self, path: str) -> httpx.Response:
        if path.endswith("/usdt/networks"):
            return httpx.Response(200, json={"items": self.networks})
        if path.endswith("/usdt"):
            return httpx.Response(200, json=self.usdt) if self.usdt else problem(404, "no_usdt_quote")
        return super()._read(path)

    def _changed(self, request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/usdt"):
            return super()._changed(request)
        self.usdt = in_usdt(network=json.loads(request.content)["network"])
        return httpx.Response(200, json=self.usdt)
