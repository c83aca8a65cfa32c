"""Names of one's own on a shared broker, and cleaning them up."""

import secrets
from collections.abc import Iterable

from aio_pika import connect
from contracts.topology import SUBSCRIPTIONS, Names


class BrokerPrefix(str):
    """What a test puts before its exchange and queue names: `t<hex>.`, unlike any other.

    The platform's own exchanges and queues under the prefix are removed after the test, and so are those made with
    `name` or added to `names`.
    """

    __slots__ = ("names",)

    names: list[str]

    @classmethod
    def new(cls) -> "BrokerPrefix":
        """A prefix nobody uses yet."""
        prefix = cls(f"t{secrets.token_hex(5)}.")
        prefix.names = platform_names(prefix)
        return prefix

    def name(self, rest: str) -> str:
        """`rest` with the prefix before it, remembered for the clean-up."""
        full = f"{self}{rest}"
        self.names.append(full)
        return full


def platform_names(prefix: str) -> list[str]:
    """Every exchange and queue the platform declares under `prefix`."""
    names = Names(prefix)
    queues = [name for service in SUBSCRIPTIONS for name in (names.queue(service), names.dead_queue(service))]
    return [*queues, names.exchange, names.dead_exchange]


async def purge(url: str, names: Iterable[str]) -> None:
    """Delete the queue and the exchange of each name, with what is in them; those that do not exist are fine."""
    connection = await connect(url, timeout=10)
    async with connection, connection.channel() as channel:
        for name in dict.fromkeys(names):
            await channel.queue_delete(name)
            await channel.exchange_delete(name)
