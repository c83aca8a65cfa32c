"""Runners who pay in USDT on the simulated chain; the payment of one of them is reorganised away, and comes back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from standalone.journey.checks import eventually, expect
from standalone.journey.client import Buyer, Site, StaffMember

XPUB: Final = (
    "xpub6Ce9NcJvTk36xtLSrJLZqE7wtgA5deCeYs7rSQtreh4cj6ByPtrg9sD7V2FNFLPnf8heNP3FGkeV9qwfzvZNSd54JoNXVsXFYSYwHsnJxqP"
)
"""Of m/44'/60'/0' of "test test test test test test test test test test test junk", which wallets for tests use."""

_PATH: Final = "m/44'/60'/0'"
_NETWORK: Final = "polygon"
_CONFIRMATIONS: Final = 6  # twelve seconds, in which a busy machine sees the payment before it is final
_RUNNERS: Final = 2

_BESIDE: Final = "http://simulators:8090/simulators"
"""Where payment finds the simulators in containers, if not at the address at which we do."""


@dataclass(frozen=True)
class UsdtDesk:
    """Payments in USDT, with the owner who sets them up, and a chain whose blocks take two seconds."""

    site: Site
    owner: StaffMember

    async def take(self, *buyers: Buyer) -> str:
        """Let one runner pay, and another one twice: the chain takes the first payment back. Return what to report."""
        if len(buyers) < _RUNNERS:
            return "the race is too small for runners who pay in USDT"
        buyer, unlucky = buyers
        await self._open()
        await self._send(await self._choose(buyer))
        await self._becomes(buyer, "paid")
        quote = await self._choose(unlucky)
        await self._send(quote)
        await self._becomes(unlucky, "seen")
        await self._chain("/reorg", depth=_CONFIRMATIONS)
        await self._becomes(unlucky, "waiting")
        await self._send(quote)
        await self._becomes(unlucky, "paid")
        balance = next(each for each in await self._balances() if each["account"] == "usdt")["balance"]
        lost = unlucky.entry["registration_number"]
        return f"2 runners paid in USDT, worth Rp {balance}; {lost} twice, as the chain had taken the first one back"

    async def _open(self) -> None:
        """Confirm a receiving key, and let payment read the simulated chain."""
        known = (await self.owner.call("GET", "/payment/v1/usdt/keys"))["items"]
        if not any(each["state"] == "active" for each in known):
            key = await self.owner.call("POST", "/payment/v1/usdt/keys", json={"xpub": XPUB, "path": _PATH}, expect=201)
            body = {"address": key["first_addresses"][0]}
            await self.owner.call("POST", f"/payment/v1/usdt/keys/{key['key_id']}/confirm", json=body)
        configured = [each for each in (self.site.simulators, _BESIDE) if await self._configure(f"{each}/chain/rpc")]
        expect(bool(configured), "payment does not reach the simulated chain")
        if not await self._is_offered():  # no source of rates can be reached
            until = (datetime.now(UTC) + timedelta(hours=12)).isoformat()
            rate = {"idr_per_usdt": "16650", "reason": "Demonstration", "valid_until": until}
            await self.owner.call("POST", "/payment/v1/usdt/rates", json=rate, expect=201)
        await eventually(self._is_offered, "USDT being offered")

    async def _configure(self, base: str) -> bool:
        """Configure the network with endpoints below an address; return whether payment reaches them there."""
        endpoints = [{"url": f"{base}/{name}", "log_range": 500} for name in ("main", "backup")]
        settings = {"enabled": True, "endpoints": endpoints, "confirmations": _CONFIRMATIONS, "minimum_order": "0"}
        path = f"/payment/v1/usdt/networks/{_NETWORK}/settings"
        answer = await self.site.call("PUT", path, token=self.owner.token, json=settings, expect=(200, 422))
        return answer.status_code == httpx.codes.OK

    async def _is_offered(self) -> bool:
        offers = (await self.site.call("GET", "/payment/v1/usdt/networks")).json()["items"]
        return any(each["network"] == _NETWORK and each["available"] for each in offers)

    async def _choose(self, buyer: Buyer) -> dict[str, Any]:
        await eventually(buyer.has_invoice, f"the invoice of {buyer.entry['registration_number']}")
        body = {"network": _NETWORK}
        quote: dict[str, Any] = (await self.site.call("POST", self._path(buyer), token=buyer.token, json=body)).json()
        expect(quote["status"] == "waiting", f"a new quote is {quote['status']}")
        return quote

    async def _becomes(self, buyer: Buyer, status: str) -> None:
        async def there() -> bool:
            shown = await self.site.call("GET", self._path(buyer), token=buyer.token)
            return bool(shown.json()["status"] == status)

        await eventually(there, f"USDT of {buyer.entry['registration_number']} becoming {status}")

    def _path(self, buyer: Buyer) -> str:
        return f"/payment/v1/invoices/{buyer.entry['registration_id']}/usdt"

    async def _send(self, quote: dict[str, Any]) -> None:
        await self._chain("/send", to=quote["address"], amount=quote["amount"])

    async def _chain(self, path: str, **body: Any) -> None:
        (await self.site.http.post(f"{self.site.simulators}/chain{path}", json=body)).raise_for_status()

    async def _balances(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.owner.call("GET", "/payment/v1/ledger/balances"))["accounts"]
        return found
