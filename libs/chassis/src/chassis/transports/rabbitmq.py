"""RabbitMQ: a topic exchange, a quorum queue per service, publisher confirms. Written for 3.10 up to 4.x."""

import asyncio
import logging
from contextlib import suppress

import aio_pika
from aio_pika.exceptions import AMQPError, DeliveryError, PublishError
from contracts.topology import LISTENERS, Names, services_hearing
from faststream.middlewares import AckPolicy
from faststream.rabbit import Channel, ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage

from chassis.telemetry import logger
from chassis.transports.port import Deliver, Message, NobodyTookIt, TransportDown

log = logger(__name__)

CRASH_GUARD_DELIVERIES = 20
"""A message that took its reader down this often goes to the dead queue. Handlers' own failures never count here:
they are parked in the service's database and acknowledged."""

_START_SECONDS = 5.0
_PUBLISH_SECONDS = 4.0
_RECONNECT_SECONDS = 1.0
_CONNECTION_TROUBLE = (AMQPError, OSError, RuntimeError)


class RabbitTransport:
    """Events over one RabbitMQ.

    Args:
        url: `amqp://…`; a short heartbeat is added so that a half-open connection is noticed.
        names: exchange and queue names.
        prefetch: events handled side by side for each service.
        declare: off when exchanges and queues are provisioned and this user may not declare them.
    """

    def __init__(self, url: str, *, names: Names | None = None, prefetch: int = 24, declare: bool = True) -> None:
        self._names = names or Names()
        self._declare = declare
        self._prefetch = prefetch
        self._exchange = RabbitExchange(self._names.exchange, type=ExchangeType.TOPIC, durable=True, declare=declare)
        self._broker = RabbitBroker(
            _with_heartbeat(url),
            default_channel=Channel(on_return_raises=True),
            graceful_timeout=15.0,
            reconnect_interval=_RECONNECT_SECONDS,
            logger=logger("startline.rabbitmq"),
            log_level=logging.DEBUG,
        )
        self._connected = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None

    def listen(self, service: str, *, deliver: Deliver, bury: Deliver) -> None:
        self._subscribe(_queue(self._names, service, declare=self._declare), deliver, prefetch=self._prefetch)
        self._subscribe(_dead_queue(self._names, service, declare=self._declare), bury, prefetch=1)

    def _subscribe(self, queue: RabbitQueue, take: Deliver, *, prefetch: int) -> None:
        @self._broker.subscriber(
            queue,
            ack_policy=AckPolicy.REJECT_ON_ERROR,
            channel=Channel(prefetch_count=prefetch),
            decoder=_raw_body,
        )
        async def receive(message: RabbitMessage) -> None:
            await take(message.body)

    async def start(self) -> None:
        self._connecting = asyncio.create_task(self._connect())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._connected.wait(), timeout=_START_SECONDS)

    async def _connect(self) -> None:
        while True:
            try:
                await self._broker.connect()
                if self._declare:
                    await self._declare_topology()
                await self._broker.start()
            except _CONNECTION_TROUBLE as error:
                log.warning("broker_unreachable", error=type(error).__name__)
                await asyncio.sleep(_RECONNECT_SECONDS)
            else:
                self._connected.set()
                return

    async def _declare_topology(self) -> None:
        """Declare every service's queue, not only ours: an event then waits for services that never ran yet."""
        exchange = await self._broker.declare_exchange(self._exchange)
        dead = await self._broker.declare_exchange(RabbitExchange(self._names.dead_exchange, durable=True))
        for service, heard in LISTENERS.items():
            dead_queue = await self._broker.declare_queue(_dead_queue(self._names, service))
            await dead_queue.bind(dead, routing_key=service)
            queue = await self._broker.declare_queue(_queue(self._names, service))
            for payload in heard:
                await queue.bind(exchange, routing_key=payload.TYPE)

    async def stop(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            with suppress(asyncio.CancelledError):
                await self._connecting
        self._connected.clear()
        await self._broker.stop()

    async def publish(self, message: Message) -> None:
        if not self._connected.is_set():
            raise TransportDown
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):  # FastStream passes no timeout on to RabbitMQ
                await self._broker.publish(
                    message.body,
                    exchange=self._exchange,
                    routing_key=message.event_type,
                    mandatory=bool(services_hearing(message.event_type)),
                    persist=True,
                    message_id=message.event_id,
                    message_type=message.event_type,
                    correlation_id=message.correlation_id,
                    content_type="application/json",
                )
        except PublishError as error:
            raise NobodyTookIt(f"{message.event_type} was returned") from error
        except (DeliveryError, *_CONNECTION_TROUBLE) as error:
            raise TransportDown(type(error).__name__) from error

    async def ready(self) -> bool:
        return self._connected.is_set() and await self._broker.ping(timeout=2.0)


async def remove_topology(url: str, names: Names) -> None:
    """Delete the exchanges and queues under `names` with everything in them."""
    connection = await aio_pika.connect(url, timeout=10)
    async with connection:
        channel = await connection.channel()
        for service in LISTENERS:
            await channel.queue_delete(names.queue(service))
            await channel.queue_delete(names.dead_queue(service))
        await channel.exchange_delete(names.exchange)
        await channel.exchange_delete(names.dead_exchange)


async def _raw_body(message: RabbitMessage) -> bytes:
    """The body as it came, so that what cannot be parsed reaches the inbox instead of being rejected before it."""
    return message.body


def _with_heartbeat(url: str) -> str:
    if "heartbeat=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}heartbeat=10"


def _queue(names: Names, service: str, *, declare: bool = True) -> RabbitQueue:
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


def _dead_queue(names: Names, service: str, *, declare: bool = True) -> RabbitQueue:
    return RabbitQueue(names.dead_queue(service), QueueType.QUORUM, durable=True, declare=declare)
