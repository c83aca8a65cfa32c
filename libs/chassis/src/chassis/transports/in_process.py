"""The transport of the standalone process: the relay calls the subscribers' `deliver` directly.

The outbox row stays until every subscriber has accepted the event, so a crash in between repeats it, as with a broker.
"""

import asyncio

from contracts.topology import is_known, subscribers_of

from chassis.transports.port import Deliver, Message, TransportDown, Unroutable


class InProcessTransport:
    """Delivers events between all services of one process.

    Args:
        grace_seconds: time for running deliveries to finish when it stops; they may be waiting for a database that is
            down.
    """

    def __init__(self, *, grace_seconds: float = 15.0) -> None:
        self._grace_seconds = grace_seconds
        self._listeners: dict[str, Deliver] = {}
        self._running = False
        self._under_way: set[asyncio.Task[None]] = set()

    def listen(self, service: str, *, deliver: Deliver, dead_letter: Deliver) -> None:  # noqa: ARG002  # there are no dead letters here
        self._listeners[service] = deliver

    async def start(self) -> None:
        self._running = True

    async def stop(self) -> None:
        self._running = False
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=self._grace_seconds)
            for delivery in late:
                delivery.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def publish(self, message: Message) -> None:
        if not self._running:
            raise TransportDown
        subscribers = subscribers_of(message.event_type)
        missing = [service for service in subscribers if service not in self._listeners]
        if missing or not is_known(message.event_type):
            raise Unroutable(f"{message.event_type}: {', '.join(missing) or 'of a newer release'}")
        deliveries = [asyncio.create_task(self._deliver(service, message)) for service in subscribers]
        self._under_way.update(deliveries)
        for delivery in deliveries:
            delivery.add_done_callback(self._under_way.discard)
        for result in await asyncio.gather(*deliveries, return_exceptions=True):
            if isinstance(result, asyncio.CancelledError):
                raise TransportDown
            if isinstance(result, BaseException):
                raise result

    async def _deliver(self, service: str, message: Message) -> None:
        await self._listeners[service](message.body, message.sender)

    async def ready(self) -> bool:
        return self._running
