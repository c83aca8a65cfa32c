"""Separate names for each test on a shared broker, and their removal."""

import secrets
from collections.abc import Iterable

from aio_pika import connect
from contracts.topology import SUBSCRIPTIONS, Names


class BrokerPrefix(str):
    """A unique prefix for a test's exchange and queue names: `t<hex>.`.

    The platform's exchanges and queues with the prefix are deleted after the test, and so are those created with `name`
    or added to `names`.
    """

    __slots__ = ("names",)

    names: list[str]

    @classmethod
    def new(cls) -> "BrokerPrefix":
        """Return an unused prefix."""
        prefix = cls(f"t{secrets.token_hex(5)}.")
        prefix.names = platform_names(prefix)
        return prefix

    def name(self, rest: str) -> str:
        """Return `rest` with the prefix, and remember it for removal."""
        full = f"{self}{rest}"
        self.names.append(full)
        return full


def platform_names(prefix: str) -> list[str]:
    """Return all exchanges and queues that the platform declares under `prefix`."""
    names = Names(prefix)
    queues = [name for service in SUBSCRIPTIONS for name in (names.queue(service), names.dead_queue(service))]
    return [*queues, names.exchange, names.dead_exchange]


async def purge(url: str, names: Iterable[str]) -> None:
    """Delete the queue and the exchange of each name with their messages; missing ones are ignored."""
    connection = await connect(url, timeout=10)
    async with connection, connection.channel() as channel:
        for name in dict.fromkeys(names):
            await channel.queue_delete(name)
            await channel.exchange_delete(name)
