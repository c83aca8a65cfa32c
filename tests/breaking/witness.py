"""Two witnesses beside the platform: triggers keep every event that was committed, a queue all that the broker took."""

import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import asyncpg
from aio_pika.abc import AbstractChannel, FieldValue
from contracts import Event, parse
from contracts.topology import SUBSCRIPTIONS, Names, routing_key

from .forgery import FORGER

_QUORUM: dict[str, FieldValue] = {"x-queue-type": "quorum"}

_WATCH_OUTBOX = """
    CREATE SCHEMA witness;
    CREATE TABLE witness.events (body bytea NOT NULL);
    CREATE FUNCTION witness.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO witness.events (body) VALUES (NEW.payload);
        RETURN NULL;
    END $$;
    CREATE TRIGGER witness_event AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION witness.note();
"""
_UNDER_WAY = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM event_retries)"
_UNSENT = "SELECT count(*) FROM notifications WHERE status IN ('pending', 'sending')"


@dataclass(frozen=True)
class Account:
    """Something a service holds: a query with one value for each."""

    service: str
    query: str


class Witness:
    """Sees events from outside; nothing of the platform knows of it.

    Args:
        databases: the administrator's URL of each service's database.
        broker: the administrator's URL.
        names: of the platform's exchanges and queues.
    """

    def __init__(self, databases: Mapping[str, str], broker: str, *, names: Names | None = None) -> None:
        self._databases = databases
        self._broker = broker
        self._names = names or Names()
        self._tap = f"{self._names.prefix}breaking.tap"
        self._before: dict[Account, Counter[str]] = {}

    async def watch(self, accounts: Iterable[Account]) -> None:
        """Begin, on a quiet platform. What the accounts hold now is not counted later. Once for a platform."""
        for service in self._databases:
            await self._on(service, lambda connection: connection.execute(_WATCH_OUTBOX))
        async with await aio_pika.connect(self._broker) as connection, connection.channel() as channel:
            queue = await channel.declare_queue(self._tap, durable=True, arguments=_QUORUM)
            await queue.bind(self._names.exchange, routing_key="#")
        for account in accounts:
            self._before[account] = Counter(await self._values(account))

    async def held(self, account: Account) -> list[str]:
        """What the account holds that it did not hold at the beginning."""
        return list((Counter(await self._values(account)) - self._before[account]).elements())

    async def _values(self, account: Account) -> list[str]:
        return [str(row[0]) for row in await self.query(account.service, account.query)]

    async def query(self, service: str, statement: str) -> list[Any]:
        """The rows of a statement in a service's database."""
        rows: list[Any] = await self._on(service, lambda connection: connection.fetch(statement))
        return rows

    async def _on(self, service: str, act: Callable[[Any], Awaitable[Any]]) -> Any:
        connection = await asyncpg.connect(self._databases[service], timeout=10)
        try:
            return await act(connection)
        finally:
            await connection.close()

    async def under_way(self) -> Mapping[str, int]:
        """What waits, by place; nothing when all is quiet."""
        waiting = {service: (await self.query(service, _UNDER_WAY))[0][0] for service in SUBSCRIPTIONS}
        waiting["messages"] = (await self.query("notification", _UNSENT))[0][0]
        async with await aio_pika.connect(self._broker) as connection, connection.channel() as channel:
            for service in SUBSCRIPTIONS:
                for queue in (self._names.queue(service), self._names.dead_queue(service)):
                    waiting[queue] = await _depth(channel, queue)
        return {place: count for place, count in waiting.items() if count}

    async def committed(self) -> list[Event[Any]]:
        """Every event that a service committed."""
        found = [await self.query(service, "SELECT body FROM witness.events") for service in SUBSCRIPTIONS]
        return [parse(bytes(row[0])) for rows in found for row in rows]

    async def deliver_again(self, listener: str, count: int, *, source: str, login: str) -> None:
        """Put so many messages into a service's queue: events that it has handled, which its inbox passes over.

        Args:
            source: the service whose events they are.
            login: its own URL of the broker.
        """
        handled = {str(row[0]) for row in await self.query(listener, "SELECT event_id FROM processed_events")}
        known = [
            event for event in await self.committed() if event.source == source and str(event.message_id) in handled
        ]
        signed = urlsplit(login).username
        async with await aio_pika.connect(login) as connection:
            channel = await connection.channel(publisher_confirms=False)
            exchange = await channel.get_exchange(self._names.exchange, ensure=False)
            for event in itertools.islice(itertools.cycle(known), count):
                message = aio_pika.Message(event.to_bytes(), message_id=str(event.message_id), user_id=signed)
                await exchange.publish(message, routing_key(event.type, listener))
            await channel.close()

    async def confirmed(self) -> list[str]:
        """The ids of the events that the broker took, as often as it took them; forged ones left out."""
        async with await aio_pika.connect(self._broker) as connection, connection.channel() as channel:
            queue = await channel.get_queue(self._tap)
            taken = []
            while (message := await queue.get(no_ack=True, fail=False)) is not None:
                if message.app_id != FORGER:
                    taken.append(str(message.message_id))
        return taken


async def _depth(channel: AbstractChannel, queue: str) -> int:
    found = await channel.declare_queue(queue, passive=True)
    return found.declaration_result.message_count or 0
