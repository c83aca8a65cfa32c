"""RabbitMQ transport: a topic exchange, a quorum queue per service, publisher confirms. Written for 3.10 up to 4.x.

Each subscriber gets a separate copy, published as mandatory, so that the broker reports which subscriber has no queue.
A single copy for all would be confirmed as soon as one queue received it.
"""

import asyncio
import logging
import random
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, DeliveryError, PublishError
from contracts.topology import SUBSCRIPTIONS, Names, is_known, routing_key, subscribers_of
from faststream.middlewares import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from faststream.rabbit.annotations import RabbitMessage

from chassis.telemetry import logger
from chassis.transports import declarations
from chassis.transports.logins import Login
from chassis.transports.port import Deliver, Message, TransportDown, Unroutable

log = logger(__name__)

_START_SECONDS = 5.0
_PUBLISH_SECONDS = 4.0
_RECONNECT_SECONDS = 1.0
_BETWEEN_CHANNELS_SECONDS = 1.0
_STOP_SECONDS = 25.0  # time for running handlers; a connection that does not respond must not block a stop
_BETWEEN_INSPECTIONS_SECONDS = 10.0
_INSPECTION_SECONDS = 10.0
CONNECTION_TROUBLE = (AMQPError, OSError, RuntimeError)
"""Errors of the broker or of the connection to it."""


class RabbitTransport:
    """Publishes and receives events over one RabbitMQ.

    Exchanges, queues and bindings are declared at the start, then every ten seconds, and at once if an event could not
    be published: what an operator or a policy removed is restored, and the outbox keeps its events until then.

    Args:
        url: `amqp://…`; a short heartbeat is added so that a half-open connection is noticed.
        names: exchange and queue names.
        prefetch: events handled concurrently per service.
        unsigned: accept events without a sender, while publishers of an older release are running.
        declare: False if exchanges and queues are provisioned and this user may not declare them; missing ones then
            make the transport not ready and are logged.
    """

    def __init__(
        self, url: str, *, names: Names | None = None, prefetch: int = 24, declare: bool = True, unsigned: bool = False
    ) -> None:
        self._names = names or Names()
        self._declare = declare
        self._prefetch = prefetch
        self._url = _with_heartbeat(url)
        self._login = Login(url, unsigned=unsigned)
        self._broker = RabbitBroker(
            self._url,
            default_channel=Channel(on_return_raises=True),
            graceful_timeout=15.0,
            reconnect_interval=_RECONNECT_SECONDS,
            logger=logger("startline.rabbitmq"),
            log_level=logging.DEBUG,
        )
        self._exchanges: dict[str, AbstractExchange] = {}
        self._channels: dict[str, tuple[AbstractChannel, float]] = {}
        self._connected = asyncio.Event()
        self._failed = asyncio.Event()
        self._unreachable: set[str] = set()
        self._missing: tuple[str, ...] = ()
        self._running: asyncio.Task[None] | None = None
        self._inspector: AbstractConnection | None = None

    def listen(self, service: str, *, deliver: Deliver, dead_letter: Deliver) -> None:
        self._subscribe(declarations.queue(self._names, service, declare=self._declare), deliver, self._prefetch)
        self._subscribe(declarations.dead_queue(self._names, service, declare=self._declare), dead_letter, 1)

    def _subscribe(self, queue: RabbitQueue, take: Deliver, prefetch: int) -> None:
        @self._broker.subscriber(
            queue,
            ack_policy=AckPolicy.REJECT_ON_ERROR,
            channel=Channel(prefetch_count=prefetch),
            decoder=_raw_body,
        )
        async def receive(message: RabbitMessage) -> None:
            raw = message.raw_message
            await take(message.body, self._login.sender(raw.user_id, _published_under(raw)))

    async def start(self) -> None:
        self._running = asyncio.create_task(self._run())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._connected.wait(), timeout=_START_SECONDS)

    async def _run(self) -> None:
        while not self._connected.is_set():
            try:
                await self._connect()
            except CONNECTION_TROUBLE as error:
                log.warning("broker_unreachable", error=type(error).__name__)
                await self._drop_inspector()
                await asyncio.sleep(_RECONNECT_SECONDS)
        while True:
            await self._until_next_inspection()
            try:
                await self._inspect()
            except CONNECTION_TROUBLE as error:
                log.warning("topology_inspection_failed", error=type(error).__name__)
                await self._drop_inspector()

    async def _connect(self) -> None:
        await self._inspect()
        await self._broker.start()
        await self._open_exchanges()
        self._connected.set()

    async def _open_exchanges(self) -> None:
        """Open a channel per subscriber: on one channel, returned copies of an event differ only by message id."""
        for service in (*SUBSCRIPTIONS, _NO_ONE):
            await self._open_exchange(service)

    async def _open_exchange(self, service: str) -> None:
        connection = await self._broker.connect()
        channel = await connection.channel(on_return_raises=True)
        self._channels[service] = channel, asyncio.get_running_loop().time()
        self._exchanges[service] = await channel.get_exchange(self._names.exchange, ensure=False)

    async def _until_next_inspection(self) -> None:
        await asyncio.sleep(_RECONNECT_SECONDS)
        with suppress(TimeoutError):
            wait = (_BETWEEN_INSPECTIONS_SECONDS - _RECONNECT_SECONDS) * random.uniform(0.8, 1.2)  # noqa: S311
            await asyncio.wait_for(self._failed.wait(), timeout=wait)
        self._failed.clear()

    async def _inspect(self) -> None:
        async with asyncio.timeout(_INSPECTION_SECONDS):
            self._inspector = self._inspector or await aio_pika.connect(self._url)
            if self._declare:
                await declarations.declare(self._inspector, self._names)
            else:
                self._note_missing(await declarations.missing(self._inspector, self._names))
            self._unreachable.clear()  # bindings may be restored; the next returned copy marks the service again

    def _note_missing(self, missing: tuple[str, ...]) -> None:
        if missing != self._missing:
            log.warning("broker_lacks", missing=missing)
        self._missing = missing

    async def stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.wait({running}, timeout=_STOP_SECONDS)
        self._connected.clear()
        with suppress(*CONNECTION_TROUBLE):
            await asyncio.wait_for(self._broker.stop(), timeout=_STOP_SECONDS)
        await self._drop_inspector()

    async def _drop_inspector(self) -> None:
        inspector, self._inspector = self._inspector, None
        if inspector is not None:
            with suppress(*CONNECTION_TROUBLE):
                await asyncio.wait_for(inspector.close(), timeout=_RECONNECT_SECONDS)

    async def publish(self, message: Message) -> None:
        if not self._connected.is_set():
            await self._until_connected()
        subscribers = subscribers_of(message.event_type)
        if not subscribers:
            await self._send(message, _NO_ONE, message.event_type, mandatory=not is_known(message.event_type))
        # Subscribers without a queue first: while their copies fail, the others do not get another copy with each try.
        lacking = self._unreachable.intersection(subscribers)
        await self._send_copies(message, lacking)
        await self._send_copies(message, set(subscribers) - lacking)

    async def _until_connected(self) -> None:
        """Wait: to refuse at once would have relays try each event of a backlog, and starve what connects."""
        if self._running is None:
            raise TransportDown
        try:
            await asyncio.wait_for(self._connected.wait(), timeout=_PUBLISH_SECONDS)
        except TimeoutError:
            raise TransportDown("not connected") from None

    async def _send_copies(self, message: Message, services: Iterable[str]) -> None:
        copies = (self._send_copy(message, service) for service in services)
        for result in await asyncio.gather(*copies, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def _send_copy(self, message: Message, service: str) -> None:
        try:
            await self._send(message, service, routing_key(message.event_type, service), mandatory=True)
        except Unroutable:
            self._unreachable.add(service)
            raise
        self._unreachable.discard(service)

    async def _send(self, message: Message, service: str, key: str, *, mandatory: bool) -> None:
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                await self._exchanges[service].publish(
                    _amqp_message(message, self._login.user), routing_key=key, mandatory=mandatory
                )
        except PublishError as error:
            self._failed.set()
            raise Unroutable(f"{message.event_type} to {service} was returned") from error
        except DeliveryError as error:
            self._failed.set()
            await self._replace_channel(service)
            raise TransportDown("refused by the broker") from error
        except CONNECTION_TROUBLE as error:
            self._failed.set()
            raise TransportDown(type(error).__name__) from error

    async def _replace_channel(self, service: str) -> None:
        """Replace a channel whose publishes the broker nacks, at most once a second.

        RabbitMQ 3.10 nacks each of them after a failover, if the first one came before its queue had a new leader.
        """
        refused, opened_at = self._channels[service]
        now = asyncio.get_running_loop().time()
        if now - opened_at < _BETWEEN_CHANNELS_SECONDS:
            return
        self._channels[service] = refused, now  # concurrent nacks open no more channels
        with suppress(TimeoutError, *CONNECTION_TROUBLE):
            async with asyncio.timeout(_PUBLISH_SECONDS):
                await self._open_exchange(service)
                await refused.close()

    async def ready(self) -> bool:
        complete = not self._missing and not self._unreachable
        return self._connected.is_set() and complete and await self._broker.ping(timeout=2.0)


_NO_ONE = "any queue"


def _amqp_message(message: Message, user: str) -> aio_pika.Message:
    return aio_pika.Message(
        message.body,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        user_id=user,
        message_id=message.message_id,
        type=message.event_type,
        correlation_id=message.correlation_id,
        content_type="application/json",
    )


def _published_under(message: AbstractIncomingMessage) -> str:
    """Return the routing key that the publisher used, also of messages that the crash guard set aside.

    The broker puts its own `x-death` entry before any that the publisher wrote.
    """
    deaths: Any = message.headers.get("x-death")
    if message.routing_key in SUBSCRIPTIONS and deaths:
        return str(deaths[0]["routing-keys"][0])
    return message.routing_key or ""


async def _raw_body(message: RabbitMessage) -> bytes:
    """Return the unparsed body, so that an unreadable message reaches the inbox instead of being rejected before it."""
    return message.body


def _with_heartbeat(url: str) -> str:
    if "heartbeat=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}heartbeat=10"
