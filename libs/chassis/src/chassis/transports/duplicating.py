"""A transport for rehearsals that delivers everything twice, as an at-least-once transport may."""

from chassis.transports.port import Deliver, Message, Transport


class DuplicatingTransport:
    """A transport that publishes each message twice."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def listen(self, service: str, *, deliver: Deliver, dead_letter: Deliver) -> None:
        self._inner.listen(service, deliver=deliver, dead_letter=dead_letter)

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def publish(self, message: Message) -> None:
        await self._inner.publish(message)
        await self._inner.publish(message)

    async def ready(self) -> bool:
        return await self._inner.ready()
