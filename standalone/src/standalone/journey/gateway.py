"""Runners who pay through the simulated payment gateway, one of them twice, and the ledger afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from standalone.journey.bank import BankDesk
from standalone.journey.checks import eventually, expect
from standalone.journey.client import Buyer, Site, StaffMember

WAYS: Final = (("midtrans_qris", None), ("midtrans_va", "bca"))
"""How runners of the journey pay through the gateway."""

_SERVER_KEY: Final = "SB-Mid-server-simulator"


@dataclass(frozen=True)
class GatewayDesk:
    """The payment gateway, with an admin who sets it up and finance who settle what is left over."""

    site: Site
    admin: StaffMember
    finance: StaffMember
    bank: BankDesk

    async def choose(self, buyers: Sequence[Buyer]) -> tuple[Sequence[Buyer], Buyer]:
        """Enter the account of the simulated gateway. Return who pays through it, and who pays by a proof, too.

        Args:
            buyers: with minutes left until their deadlines.
        """
        account = {"server_key": _SERVER_KEY, "offers": ["qris", "bca"]}
        await self.admin.call("PUT", "/payment/v1/settings/midtrans", json=account)
        *through, twice = buyers[2 : 3 + len(WAYS)]
        return through, twice

    async def charge(self, buyer: Buyer, method: str, bank: str | None) -> dict[str, Any]:
        """Let a runner choose a way to pay; return what is paid with."""
        path = f"/payment/v1/invoices/{buyer.entry['registration_id']}/charges"
        await eventually(buyer.has_invoice, f"the invoice of {buyer.entry['registration_number']}")
        body = {"method": method, "bank": bank}
        charge: dict[str, Any] = (await self.site.call("POST", path, token=buyer.token, json=body, expect=201)).json()
        return charge

    async def pay(self, charge: dict[str, Any]) -> None:
        """Pay a charge at the bank or wallet."""
        order = {"order_id": charge["order_id"]}
        (await self.site.http.post(f"{self.site.simulators}/midtrans/pay", json=order)).raise_for_status()

    async def take_twice(self, buyer: Buyer, charge: dict[str, Any]) -> str:
        """Let a runner whose proof was verified pay a charge, too, and give that money back. Return what to report."""
        await self.pay(charge)
        await eventually(lambda: self._is_surplus(buyer), f"the second money of {buyer.entry['registration_number']}")
        [kept] = await self._kept(buyer)
        path = f"/payment/v1/surplus/{kept['id']}"
        await self.finance.call("POST", f"{path}/refund", json={"reason": "Paid twice"}, expect=204)
        await self.finance.call("POST", f"{path}/refunded", json={"reference": "BCA 0001"}, expect=204)
        await self.bank.send_back("TRSF BCA 0001", Decimal(kept["amount"]), money_id=kept["id"])
        return f"{buyer.entry['registration_number']} paid twice; the second money was kept and given back"

    async def _kept(self, buyer: Buyer) -> Sequence[dict[str, Any]]:
        path = f"/payment/v1/surplus?registration_id={buyer.entry['registration_id']}"
        items: Sequence[dict[str, Any]] = (await self.finance.call("GET", path))["items"]
        return items

    async def _is_surplus(self, buyer: Buyer) -> bool:
        return bool(await self._kept(buyer))

    async def check_ledger(self) -> str:
        """Check that the ledger adds up to zero and equals the gateway's books. Return what to report."""
        found = (await self.finance.call("GET", "/payment/v1/ledger/balances"))["accounts"]
        balances = {each["account"]: Decimal(each["balance"]) for each in found}
        expect(sum(balances.values()) == 0, f"the ledger does not add up: {balances}")
        books = (await self.site.http.get(f"{self.site.simulators}/midtrans/books")).json()
        at_gateway = Decimal(books["balance"])
        expect(balances.get("midtrans") == at_gateway, f"the gateway has {at_gateway}, the ledger {balances}")
        return f"the ledger adds up: runners paid Rp {-balances['runners']:,.0f}, and the gateway's books agree"
