"""The port: what a relay needs to send and a service needs to hear."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from chassis.senders import NO_SENDER

Deliver = Callable[[bytes, str], Awaitable[None]]
"""Takes an event's body and its sender: the service that the transport knows to have sent it; see `chassis.senders`."""


class TransportDown(Exception):
    """Nothing can be published now; the outbox keeps the event."""


class Unroutable(Exception):
    """A service that listens to this type has no queue or no listener yet; the outbox keeps the event."""


@dataclass(frozen=True)
class Message:
    """An event on its way. `sender` is the service whose outbox it comes from; nobody's is refused."""

    message_id: str
    event_type: str
    correlation_id: str
    body: bytes
    sender: str = NO_SENDER


class Transport(Protocol):
    """Carries events at least once. Order is not promised."""

    def listen(self, service: str, *, deliver: Deliver, dead_letter: Deliver) -> None:
        """Have `deliver` called with every event `service` listens to; before `start`.

        `dead_letter` gets what the transport's own crash guard put aside.
        """

    async def start(self) -> None:
        """Connect and begin delivering. Does not fail when the broker is down: it connects when the broker is there."""

    async def stop(self) -> None:
        """Finish the deliveries under way, take no new ones, disconnect."""

    async def publish(self, message: Message) -> None:
        """Return once every service that listens to the type surely has the event.

        Raises:
            TransportDown, Unroutable, TimeoutError: it may or may not have arrived; publish it again.
        """

    async def ready(self) -> bool:
        """Whether publishing would work now."""
