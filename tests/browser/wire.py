"""The connection of a page: what came over it, and how slow it is."""

from collections import Counter
from typing import Any, Self

from playwright.async_api import Page


class Wire:
    """Counts the bytes of a page's connection, headers included. A new visitor's browser has kept nothing.

    Attributes:
        received: bytes by address.
    """

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self._addresses: dict[str, str] = {}

    @classmethod
    async def of(cls, page: Page) -> Self:
        """Return the counter of a page, from now on."""
        wire = cls()
        session = await page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", wire._asked)
        session.on("Network.loadingFinished", wire._finished)
        await session.send("Network.enable")
        return wire

    @property
    def total(self) -> int:
        """Return all bytes so far."""
        return self.received.total()

    def _asked(self, event: dict[str, Any]) -> None:
        self._addresses[event["requestId"]] = event["request"]["url"]

    def _finished(self, event: dict[str, Any]) -> None:
        self.received[self._addresses[event["requestId"]]] += int(event["encodedDataLength"])


async def slow_down(page: Page, *, latency_ms: int = 400, bytes_per_second: int = 50_000) -> None:
    """Make the page's connection as slow as a crowded mobile cell."""
    session = await page.context.new_cdp_session(page)
    limits = {"latency": latency_ms, "downloadThroughput": bytes_per_second, "uploadThroughput": bytes_per_second}
    await session.send("Network.enable")
    await session.send("Network.emulateNetworkConditions", {"offline": False, **limits})
