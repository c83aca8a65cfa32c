"""Finance and a runner who settle what goes back in USDT, beside a simulated chain."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from payment.usdt.evm.addresses import parse_address
from payment.usdt.evm.amounts import to_units
from payment.usdt.networks.presets import PRESETS, Network
from payment.usdt.returns.checking import check_refunds
from testkit.driver import Answer

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .refund_driver import RefundDesk
from .usdt_driver import UsdtDriver

PRICE: Final = Decimal(350_000)
WALLET: Final = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
OTHER_WALLET: Final = "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"
NEVER_SENT: Final = bytes(range(32))
"""A transaction that no chain has."""


def path_of(refund: dict[str, Any]) -> str:
    """Return the path of a refund."""
    return f"/refunds/{refund['refund_id']}"


@dataclass
class UsdtRefundDesk:
    """Finance and a runner who settle what goes back in USDT."""

    usdt: UsdtDriver

    @property
    def driver(self) -> PaymentDriver:
        return self.usdt.driver

    async def paid(self, amount: object = None) -> tuple[Entry, str]:
        """Return a registration that was paid in USDT, and its payment."""
        entry = await self.driver.register(amount=PRICE)
        self.usdt.send(await self.usdt.choose(entry), amount)
        await self.usdt.confirm()
        return entry, str((await self.driver.invoice(entry))["payments"][0]["payment_id"])

    async def owed(self) -> tuple[Entry, dict[str, Any]]:
        """Return a registration whose payment in USDT goes back, all of it, and the refund."""
        entry, payment = await self.paid()
        return entry, await RefundDesk(self.driver).ask(payment, f"{PRICE:.2f}")

    async def kept(self) -> tuple[Entry, dict[str, Any]]:
        """Return a registration that was paid too much, and the money that is too much, of which a refund is due."""
        entry, _ = await self.paid(30)
        [money] = await self.usdt.kept()
        body = {"reason": "too much"}
        path = f"/surplus/{money['id']}/refund"
        (await self.driver.call("POST", path, by=self.driver.finance, json=body)).require(204)
        return entry, money

    async def try_give(self, entry: Entry, address: str = WALLET, network: str = Network.POLYGON) -> Answer:
        path, body = f"/invoices/{entry.id}/usdt/refund-address", {"network": network, "address": address}
        return await self.driver.call("PUT", path, by=self.driver.runner(entry.id), json=body)

    async def give(self, entry: Entry) -> dict[str, Any]:
        body: dict[str, Any] = (await self.try_give(entry)).require(200)
        return body

    def send(self, amount: object, to: str = WALLET) -> bytes:
        """Send USDT from the organiser's wallet; they are not mined yet."""
        preset = PRESETS[Network.POLYGON]
        units = to_units(Decimal(str(amount)), preset.decimals)
        return self.usdt.networks[Network.POLYGON].chain.send(preset.token_contract, parse_address(to), units)

    async def try_record(self, refund: dict[str, Any], reference: bytes | str) -> Answer:
        text = reference if isinstance(reference, str) else f"0x{reference.hex()}"
        return await RefundDesk(self.driver).do(refund, "done", reference=text)

    async def record(self, refund: dict[str, Any], reference: bytes) -> None:
        (await self.try_record(refund, reference)).require(204)

    async def try_enter(self, path: str, address: str = WALLET, network: str = Network.POLYGON) -> Answer:
        """Enter an address for the runner to whom a refund, or kept money, goes."""
        body = {"network": network, "address": address, "reason": "By telephone."}
        return await self.driver.call("PUT", f"{path}/refund-address", by=self.driver.finance, json=body)

    async def enter(self, path: str, address: str = WALLET) -> None:
        (await self.try_enter(path, address)).require(204)

    async def try_correct(self, path: str, reference: bytes | str) -> Answer:
        """Record another transaction for a refund, or kept money, that went back."""
        text = reference if isinstance(reference, str) else f"0x{reference.hex()}"
        body = {"reference": text, "reason": "A slip."}
        return await self.driver.call("POST", f"{path}/correct", by=self.driver.finance, json=body)

    async def correct(self, path: str, reference: bytes) -> None:
        (await self.try_correct(path, reference)).require(204)

    async def look(self) -> int:
        """Let the worker look for transactions that are due; return how many it looked for."""
        return await check_refunds(self.driver.database, self.usdt.nodes)

    async def checked(self, refund: dict[str, Any]) -> str:
        """Return what the chain says, after a look that is due."""
        self.driver.clock.advance(timedelta(minutes=1))
        await self.look()
        return str((await self.shown(refund))["check"])

    async def shown(self, refund: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = (await RefundDesk(self.driver).show(refund))["usdt_refund"]
        return found
