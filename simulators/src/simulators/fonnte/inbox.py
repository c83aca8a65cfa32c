"""The simulated WhatsApp account: its device, quota, messages and mode."""

import asyncio
import itertools
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from simulators.fonnte.courier import Courier
from simulators.fonnte.messages import Status, WhatsAppMessage
from simulators.fonnte.orders import Order, Refused
from simulators.fonnte.targets import InvalidTarget, Target, normalise
from simulators.settings import Settings
from simulators.store import Store
from simulators.text import encodable

DEVICE = "6281200000000"


class WhatsAppMode(StrEnum):
    """Behaviour of the account. In `timeout` a message is stored and delivered, but the response is too late."""

    OK = "ok"
    FAILING = "failing"
    DISCONNECTED = "disconnected"
    TIMEOUT = "timeout"


class WhatsAppInbox:
    """Accepts messages as one Fonnte device and stores the newest."""

    def __init__(self, settings: Settings, courier: Courier) -> None:
        self._settings = settings
        self._courier = courier
        self._mode = WhatsAppMode.OK
        self._messages: Store[WhatsAppMessage] = Store(items=settings.keep_messages, total_bytes=settings.keep_bytes)
        # Starts from the clock, so that ids stay unique across restarts for callers that store them.
        self._ids = itertools.count(time.time_ns() // 1_000)
        self.accepted = 0
        self.closing = asyncio.Event()

    @property
    def mode(self) -> WhatsAppMode:
        return self._mode

    @mode.setter
    def mode(self, mode: WhatsAppMode) -> None:
        self._mode = mode
        if mode is WhatsAppMode.DISCONNECTED:
            self._courier.online.clear()
        else:
            self._courier.online.set()

    @property
    def hold_seconds(self) -> float:
        return self._settings.fonnte_hold_seconds

    @property
    def quota_left(self) -> int | None:
        """Return how many messages may still be sent; None without a limit."""
        quota = self._settings.fonnte_quota
        return None if quota is None else quota - self.accepted

    def next_id(self) -> int:
        return next(self._ids)

    def authorise(self, token: str | None) -> None:
        """Check a raw device token.

        Raises:
            Refused: the token is not valid.
        """
        expected = self._settings.fonnte_token
        if not token or token.lower().startswith("bearer "):
            raise Refused("token invalid")
        if expected and not secrets.compare_digest(token.encode(), expected.get_secret_value().encode()):
            raise Refused("token invalid")

    def accept(self, orders: list[Order]) -> list[WhatsAppMessage]:
        """Queue all messages of `orders`, or none.

        Raises:
            Refused: the mode is `failing`, the device is offline, or the quota is used up.
        """
        if self._mode is WhatsAppMode.FAILING:
            raise Refused(self._settings.fonnte_failing_reason)
        if any(order.connect_only for order in orders):
            self.require_device()
        wanted = sum(len(order.targets) for order in orders)
        if self.quota_left is not None and wanted > self.quota_left:
            raise Refused("insufficient quota")
        self.accepted += wanted
        return [self._queue(order, target, turn) for order in orders for turn, target in enumerate(order.targets)]

    def require_device(self) -> None:
        """Check that the device is online.

        Raises:
            Refused: it is offline.
        """
        if self._mode is WhatsAppMode.DISCONNECTED:
            raise Refused("request invalid on disconnected device")

    def reaches(self, number: str) -> bool:
        """Return whether `number` is on WhatsApp."""
        return number not in self._settings.fonnte_unreachable

    def messages(self, to: str | None = None) -> Iterator[WhatsAppMessage]:
        """Return the messages, oldest first; only those to the number `to`, in any spelling, if it is given."""
        if to is None:
            return iter(self._messages)
        try:
            number = normalise(to)
        except InvalidTarget:
            return iter(())
        return (message for message in self._messages if message.to == number)

    def newest(self) -> Iterator[WhatsAppMessage]:
        return reversed(self._messages)

    def get(self, message_id: str) -> WhatsAppMessage | None:
        return self._messages.get(message_id)

    def clear(self) -> None:
        self._messages.clear()

    def start(self) -> None:
        self.closing.clear()

    async def stop(self) -> None:
        """Release all delayed requests and cancel deliveries."""
        self.closing.set()
        await self._courier.stop()

    def _queue(self, order: Order, target: Target, turn: int) -> WhatsAppMessage:
        now = datetime.now(UTC)
        due_at = max(now, order.schedule or now) + timedelta(seconds=turn * order.delay)
        message = WhatsAppMessage(
            id=str(self.next_id()),
            stateid=secrets.token_hex(10).upper(),
            to=target.number,
            text=encodable(target.personalise(order.text)),
            received_at=now,
            due_at=due_at,
            status=Status.WAITING if due_at > now else Status.PENDING,
            url=order.url,
            attachments=order.attachments,
        )
        self._messages.add(message)
        if self.reaches(target.number):
            self._courier.take(message)
        return message
