"""Notifications: what is posted when, and what was answered.

Retries follow Midtrans' page of best practices (2025-11): how many depends on the answer, how long on the attempt.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha512
from typing import Any
from uuid import uuid4

from httpx import codes

from simulators.midtrans.bodies import rupiah
from simulators.midtrans.clock import Clock
from simulators.midtrans.modes import NotificationMode
from simulators.midtrans.posting import Attempt, Poster
from simulators.tasks import Tasks

_MINUTE = 60.0
RETRY_WAITS = (2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, 90 * _MINUTE, 210 * _MINUTE)
_RETRIES: Mapping[int | None, int] = {500: 1, 503: 4, 400: 2, 404: 2}
_MOST_RETRIES = len(RETRY_WAITS)
_LATE_BY = timedelta(seconds=1)


class State(StrEnum):
    """State of a delivery. One that was dropped or stopped before its last attempt stays `waiting`."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Notice:
    """One change of an order, to be posted to each of `urls`. `is_followed` is whether another change must follow."""

    order_id: str
    amount: int
    expires_at: datetime | None
    urls: tuple[str, ...]
    body: Mapping[str, Any]
    is_followed: bool


@dataclass(slots=True)
class Delivery:
    """A notice on its way to one URL: not before a moment, nor before another delivery was tried."""

    url: str
    body: Mapping[str, Any]
    not_before: datetime | None = None
    behind: asyncio.Event | None = None
    id: str = field(default_factory=lambda: str(uuid4()))
    state: State = State.WAITING
    attempts: list[Attempt] = field(default_factory=list)
    tried: asyncio.Event = field(default_factory=asyncio.Event)


class Notices:
    """Posts notifications in the background.

    Args:
        server_key: for signatures.
        factor: waits between attempts are divided by it.
        keep: how many deliveries are remembered, and how many may be under way.
    """

    def __init__(self, poster: Poster, clock: Clock, *, server_key: str, factor: float, keep: int) -> None:
        self._poster = poster
        self._clock = clock
        self._server_key = server_key
        self._factor = factor
        self._tasks = Tasks(limit=keep)
        self._held: dict[str, list[Notice]] = {}
        self._mode = NotificationMode.OK
        self.log: deque[Delivery] = deque(maxlen=keep)

    @property
    def mode(self) -> NotificationMode:
        return self._mode

    @mode.setter
    def mode(self, mode: NotificationMode) -> None:
        """Set the mode; notices held for a successor are posted now."""
        self._mode = mode
        for order_id in tuple(self._held):
            self._release(order_id, behind=None)

    async def announce(self, notice: Notice) -> None:
        """Start posting `notice`. In mode `before_response`, return only after the first attempt."""
        if self._mode is NotificationMode.OFF:
            return
        if self._mode is NotificationMode.OUT_OF_ORDER and notice.is_followed:
            self._held.setdefault(notice.order_id, []).append(notice)
            return
        deliveries = self._post(notice, behind=None)
        self._release(notice.order_id, behind=deliveries[0].tried if deliveries else None)
        if self._mode is NotificationMode.BEFORE_RESPONSE:
            for delivery in deliveries:
                await delivery.tried.wait()

    def clear(self) -> None:
        """Forget what was sent and what is held."""
        self.log.clear()
        self._held.clear()

    async def stop(self) -> None:
        """Cancel all deliveries under way."""
        await self._tasks.stop()
        await self._poster.close()

    def _release(self, order_id: str, *, behind: asyncio.Event | None) -> None:
        for notice in self._held.pop(order_id, ()):
            self._post(notice, behind=behind)

    def _post(self, notice: Notice, *, behind: asyncio.Event | None) -> list[Delivery]:
        copies = 2 if self._mode is NotificationMode.TWICE else 1
        not_before = None
        if self._mode is NotificationMode.LATE and notice.expires_at is not None:
            not_before = notice.expires_at + _LATE_BY
        body = self._signed(notice)
        deliveries = [Delivery(url, body, not_before, behind) for url in notice.urls for _ in range(copies)]
        for delivery in deliveries:
            self.log.append(delivery)
            self._tasks.start(self._deliver(delivery))
        return deliveries

    def _signed(self, notice: Notice) -> dict[str, Any]:
        body = dict(notice.body)
        if self._mode is NotificationMode.AMOUNT_OFF:
            body["gross_amount"] = rupiah(notice.amount + 1)
        key = self._server_key
        if self._mode is NotificationMode.WRONG_SIGNATURE:
            key = f"not-{key}"
        return signed(body, key)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._wait_for_turn(delivery)
            for wait in (0.0, *RETRY_WAITS):
                await self._clock.sleep(wait / self._factor)
                if await self._is_over(delivery):
                    break
        finally:
            delivery.tried.set()

    async def _is_over(self, delivery: Delivery) -> bool:
        """Post once; return whether that was the last attempt."""
        attempt = await self._poster.post(delivery.url, delivery.body)
        delivery.attempts.append(attempt)
        delivery.tried.set()
        if len(delivery.attempts) <= retries_after(attempt.status):
            return False
        delivery.state = State.DELIVERED if attempt.is_success else State.GIVEN_UP
        return True

    async def _wait_for_turn(self, delivery: Delivery) -> None:
        if delivery.not_before is not None:
            await self._clock.sleep_until(delivery.not_before)
        if delivery.behind is not None:
            await delivery.behind.wait()


def retries_after(status: int | None) -> int:
    """Return how many retries a delivery has in all if its last answer is `status`; None if there was no answer."""
    if status is not None and codes.is_success(status):
        return 0
    return _RETRIES.get(status, _MOST_RETRIES)


def signed(body: Mapping[str, Any], server_key: str) -> dict[str, Any]:
    """Return `body` with its signature: SHA-512 of order id, status code, amount and server key, joined."""
    text = f"{body['order_id']}{body['status_code']}{body['gross_amount']}{server_key}"
    return {**body, "signature_key": sha512(text.encode()).hexdigest()}
