"""The ends of a transport: what a service would send, and what arrives at one."""

import asyncio
from typing import Any

from chassis.transports import Message, Transport
from contracts import Event


def message(event: Event[Any]) -> Message:
    """`event` as a relay hands it to a transport."""
    return Message(
        message_id=str(event.message_id),
        event_type=event.type,
        sender=event.source,
        correlation_id=event.correlation_id,
        body=event.to_bytes(),
    )


class RecordingListener:
    """Stands where a service's inbox stands and keeps what arrives."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.senders: list[str] = []
        self.dead_lettered: list[bytes] = []
        self.open = asyncio.Event()
        self.open.set()
        self.knocks = 0

    def at(self, transport: Transport, service: str) -> "RecordingListener":
        """Listen there; before the transport starts."""
        transport.listen(service, deliver=self.deliver, dead_letter=self.dead_letter)
        return self

    async def deliver(self, body: bytes, sender: str) -> None:
        """Take an event, once the box is open."""
        self.knocks += 1
        await self.open.wait()
        self.bodies.append(body)
        self.senders.append(sender)

    async def dead_letter(self, body: bytes, _: str) -> None:
        """Take what the crash guard put aside."""
        self.dead_lettered.append(body)
