"""Simulated delivery of accepted messages, reported to a webhook."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from simulators.fonnte.messages import Status, WhatsAppMessage

_log = logging.getLogger(__name__)
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Webhook:
    """Receiver of status updates. An update is sent up to `attempts` times until the response is HTTP 200."""

    url: str
    attempts: int = 5
    gap_seconds: float = 2.0


class Courier:
    """Delivers in the background; drops the oldest deliveries beyond `limit`."""

    def __init__(self, *, device: str, webhook: Webhook | None, delivered_after: float, limit: int) -> None:
        self._device = device
        self._webhook = webhook
        self._delivered_after = delivered_after
        self._limit = limit
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._lines = asyncio.Semaphore(_AT_ONCE)
        self._client: httpx.AsyncClient | None = None
        self.online = asyncio.Event()
        self.online.set()

    def take(self, message: WhatsAppMessage) -> None:
        """Start delivering `message`, once it is due and the device is online."""
        task = asyncio.get_running_loop().create_task(self._carry(message))
        self._under_way[message.id] = task
        task.add_done_callback(lambda _: self._under_way.pop(message.id, None))
        if len(self._under_way) > self._limit:
            self._under_way.pop(next(iter(self._under_way))).cancel()

    async def stop(self) -> None:
        """Cancel running deliveries."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _carry(self, message: WhatsAppMessage) -> None:
        await asyncio.sleep((message.due_at - datetime.now(UTC)).total_seconds())
        await self.online.wait()
        message.status = Status.SENT
        await self._report(
            {"device": self._device, "id": message.id, "stateid": message.stateid, "status": "sent", "state": "sent"}
        )
        await asyncio.sleep(self._delivered_after)
        message.status = Status.DELIVERED
        await self._report({"device": self._device, "stateid": message.stateid, "state": "delivered"})

    async def _report(self, update: Mapping[str, str]) -> None:
        if self._webhook is None:
            return
        for attempt in range(self._webhook.attempts):
            if attempt:
                await asyncio.sleep(self._webhook.gap_seconds)
            if await self._post(self._webhook.url, {**update, "timestamp": int(datetime.now(UTC).timestamp())}):
                return
        _log.warning("webhook never answered 200, update given up", extra={"stateid": update["stateid"]})

    async def _post(self, url: str, update: Mapping[str, str | int]) -> bool:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=10, trust_env=False)
        async with self._lines:
            try:
                answer = await self._client.post(url, json=update)
            except httpx.HTTPError:
                return False
        return answer.status_code == httpx.codes.OK
