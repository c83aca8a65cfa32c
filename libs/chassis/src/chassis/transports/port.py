"""The interface of transports, used by relays to publish and by services to subscribe."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from chassis.senders import NO_SENDER

Deliver = Callable[[bytes, str], Awaitable[None]]
"""Accepts an event's body and its sender, the service that the transport authenticated; see `chassis.senders`."""


class TransportDown(Exception):
    """Publishing is impossible now; the outbox keeps the event."""


class Unroutable(Exception):
    """A subscriber of this event type has no queue or is not listening yet; the outbox keeps the event."""


@dataclass(frozen=True)
class Message:
    """An event to publish. `sender` is the service of its outbox; a message without one is refused."""

    message_id: str
    event_type: str
    correlation_id: str
    body: bytes
    sender: str = NO_SENDER


class Transport(Protocol):
    """Delivers events at least once, in any order."""

    def listen(self, service: str, *, deliver: Deliver, dead_letter: Deliver) -> None:
        """Call `deliver` with every event that `service` subscribes to. Must be called before `start`.

        `dead_letter` is called with the messages that the transport's crash guard set aside.
        """

    async def start(self) -> None:
        """Connect and begin delivering. If the broker is down, it connects later; this is not an error."""

    async def stop(self) -> None:
        """Finish running deliveries, accept no new ones, and disconnect."""

    async def publish(self, message: Message) -> None:
        """Return once every subscriber of the event type has certainly received the event.

        Raises:
            TransportDown, Unroutable, TimeoutError: it may or may not have arrived; publish it again.
        """

    async def ready(self) -> bool:
        """Return whether publishing would succeed now."""
