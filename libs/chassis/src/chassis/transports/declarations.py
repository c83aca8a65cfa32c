"""Exchanges, queues and bindings on RabbitMQ: declaring them and finding missing ones."""

from collections.abc import Awaitable, Callable

import aio_pika
from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity
from contracts.topology import SUBSCRIPTIONS, Names, binding_keys
from faststream.rabbit import QueueType, RabbitQueue

CRASH_GUARD_DELIVERIES = 20
"""Deliveries after which a message that killed its process is moved to the dead queue.

Failures of handlers do not count: such events are parked in the service's database and acknowledged.
"""


_CONNECT_SECONDS = 10.0


def queue(names: Names, service: str, *, declare: bool = True) -> RabbitQueue:
    """Return the queue of a service."""
    return RabbitQueue(
        names.queue(service),
        QueueType.QUORUM,
        durable=True,
        declare=declare,
        arguments={
            "x-delivery-limit": CRASH_GUARD_DELIVERIES,
            "x-dead-letter-exchange": names.dead_exchange,
            "x-dead-letter-routing-key": service,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


def dead_queue(names: Names, service: str, *, declare: bool = True) -> RabbitQueue:
    """Return the queue for the messages that a service's crash guard set aside."""
    return RabbitQueue(names.dead_queue(service), QueueType.QUORUM, durable=True, declare=declare)


async def declare(connection: AbstractConnection, names: Names) -> None:
    """Declare the queues and bindings of every service; existing ones stay unchanged.

    All services are declared, not only the own one, so that events wait for a service that has never run yet.
    """
    async with connection.channel(publisher_confirms=False) as channel:
        exchange = await channel.declare_exchange(names.exchange, ExchangeType.TOPIC, durable=True)
        dead = await channel.declare_exchange(names.dead_exchange, ExchangeType.DIRECT, durable=True)
        for service in SUBSCRIPTIONS:
            await _bind(channel, dead_queue(names, service), dead, service)
            await _bind(channel, queue(names, service), exchange, *binding_keys(service))


async def _bind(
    channel: AbstractChannel, wanted: RabbitQueue, exchange: aio_pika.abc.AbstractExchange, *keys: str
) -> None:
    declared = await channel.declare_queue(wanted.name, durable=True, arguments=wanted.arguments)
    for key in keys:
        await declared.bind(exchange, routing_key=key)


async def missing(connection: AbstractConnection, names: Names) -> tuple[str, ...]:
    """Return the names of missing exchanges and queues, without declaring any. Missing bindings cannot be found."""
    exchanges = [names.exchange, names.dead_exchange]
    queues = [name for service in SUBSCRIPTIONS for name in (names.queue(service), names.dead_queue(service))]
    absent = [name for name in exchanges if not await _exists(connection, name, _look_for_exchange)]
    return (*absent, *[name for name in queues if not await _exists(connection, name, _look_for_queue)])


async def _look_for_exchange(channel: AbstractChannel, name: str) -> None:
    await channel.get_exchange(name)


async def _look_for_queue(channel: AbstractChannel, name: str) -> None:
    await channel.get_queue(name)


async def _exists(
    connection: AbstractConnection, name: str, look: Callable[[AbstractChannel, str], Awaitable[None]]
) -> bool:
    """Return whether `look` succeeds. The broker closes a channel after such an error, so each call opens its own."""
    async with connection.channel(publisher_confirms=False) as channel:
        try:
            await look(channel, name)
        except ChannelNotFoundEntity:
            return False
    return True


async def declare_at(url: str, names: Names) -> None:
    """Call `declare` over a separate connection."""
    async with await aio_pika.connect(url, timeout=_CONNECT_SECONDS) as connection:
        await declare(connection, names)


async def missing_at(url: str, names: Names) -> tuple[str, ...]:
    """Call `missing` over a separate connection."""
    async with await aio_pika.connect(url, timeout=_CONNECT_SECONDS) as connection:
        return await missing(connection, names)


async def remove(url: str, names: Names) -> None:
    """Delete the exchanges and queues of `names` with all their messages."""
    async with await aio_pika.connect(url, timeout=_CONNECT_SECONDS) as connection:
        channel = await connection.channel()
        for service in SUBSCRIPTIONS:
            await channel.queue_delete(names.queue(service))
            await channel.queue_delete(names.dead_queue(service))
        await channel.exchange_delete(names.exchange)
        await channel.exchange_delete(names.dead_exchange)
