"""Finance reconciles, and decides that lines of statements are payouts or money that was sent back."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from testkit.driver import Answer

from .payment_driver import PRICE, PaymentDriver
from .statement_driver import Bank


class Books:
    """The reconciliation as finance sees it, over the account of a bank."""

    def __init__(self, driver: PaymentDriver) -> None:
        self.driver = driver
        self.bank = Bank(driver)

    async def try_reconcile(self, method: str = "GET", path: str = "", **params: str) -> Answer:
        """Ask for a reconciliation, or run one with POST."""
        return await self.driver.call(method, f"/reconciliation{path}", by=self.driver.finance, params=params)

    async def reconcile(self, **params: str) -> dict[str, Any]:
        """Return the reconciliation as it is now, or that of a day."""
        found: dict[str, Any] = (await self.try_reconcile(**params)).require(200)
        return found

    async def channel(self, name: str) -> dict[str, Any]:
        """Return a channel as it is now."""
        channels = (await self.reconcile())["channels"]
        [found] = [each for each in channels if each["channel"] == name]
        assert Decimal(found["expected"]) == sum(Decimal(found[part]) for part in ("seen", "waits", "difference"))
        return dict(found)

    async def differences(self) -> list[str]:
        """Return the kinds of all items on which a person has to act, sorted."""
        return await self._kinds("difference")

    async def information(self) -> list[str]:
        """Return the kinds of all other items, sorted."""
        return await self._kinds("information")

    async def _kinds(self, severity: str) -> list[str]:
        found = await self.reconcile()
        items = [item for channel in found["channels"] for item in channel["items"]]
        assert found["differences"] == sum(item["count"] for item in items if item["severity"] == "difference")
        return sorted(item["kind"] for item in items if item["severity"] == severity)

    async def item(self, channel: str) -> dict[str, Any]:
        """Return the only item of a channel."""
        [item] = (await self.channel(channel))["items"]
        return dict(item)

    async def try_payout(self, line: UUID, channel: str = "midtrans", fee: str = "1050.00") -> Answer:
        """Decide that a line is a payout."""
        return await self._decide(line, "payout", {"channel": channel, "fee": fee})

    async def payout(self, amount: str, fee: str, channel: str = "midtrans") -> UUID:
        """Let a payout arrive and decide that it is one; return its line."""
        self.bank.receives(f"CR {channel.upper()}", Decimal(amount))
        [line] = await self.bank.uploaded_lines()
        (await self.try_payout(line, channel, fee)).require(204)
        return line

    async def sends_back(self, amount: Decimal = PRICE) -> UUID:
        """Let money leave the account; return the line of the statement that shows it."""
        self.bank.receives("TRSF E-BANKING DB", -amount)
        [line] = await self.bank.uploaded_lines()
        return line

    async def try_link(self, line: UUID, **what: UUID) -> Answer:
        """Decide what money that left the account was."""
        return await self._decide(line, "refund", {name: str(value) for name, value in what.items()})

    async def _decide(self, line: UUID, decision: str, body: Mapping[str, Any]) -> Answer:
        return await self.driver.call(
            "POST", f"/statement-lines/{line}/{decision}", by=self.driver.finance, json=dict(body)
        )

    async def movements(self, **params: str) -> list[dict[str, Any]]:
        """Return movements, the one recorded first first."""
        answer = await self.driver.call("GET", "/ledger/movements", by=self.driver.finance, params=params)
        return list(reversed(answer.require(200)["items"]))
