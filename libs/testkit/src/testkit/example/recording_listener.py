"""The two ends of a transport: a message to publish, and a listener that records what it receives."""

import asyncio
from typing import Any

from chassis.transports import Message, Transport
from contracts import Event


def message(event: Event[Any]) -> Message:
    """Return `event` as a relay passes it to a transport."""
    return Message(
        message_id=str(event.message_id),
        event_type=event.type,
        sender=event.source,
        correlation_id=event.correlation_id,
        body=event.to_bytes(),
    )


class RecordingListener:
    """Replaces a service's inbox and records the events it receives."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.senders: list[str] = []
        self.dead_lettered: list[bytes] = []
        self.open = asyncio.Event()
        self.open.set()
        self.knocks = 0

    def at(self, transport: Transport, service: str) -> "RecordingListener":
        """Listen for the events of `service`; must be called before the transport starts."""
        transport.listen(service, deliver=self.deliver, dead_letter=self.dead_letter)
        return self

    async def deliver(self, body: bytes, sender: str) -> None:
        """Record an event, once `open` is set."""
        self.knocks += 1
        await self.open.wait()
        self.bodies.append(body)
        self.senders.append(sender)

    async def dead_letter(self, body: bytes, _: str) -> None:
        """Record a message that the crash guard set aside."""
        self.dead_lettered.append(body)
