"""What somebody removed on the broker comes back, and no listener misses what was published meanwhile."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from chassis.transports import RabbitTransport, TransportDown, Unroutable, declarations
from contracts import Event, RegistrationCreated
from contracts.topology import Names, binding_keys
from pamqp.commands import Basic
from testkit.brokers import BrokerPrefix
from testkit.example.recording_listener import RecordingListener, message
from testkit.golden import golden
from testkit.polling import eventually
from testkit.tcp_proxy import TcpProxy

Open = Callable[..., RabbitTransport]
CREATED = golden(RegistrationCreated)


@pytest.fixture
def names(broker_prefix: BrokerPrefix) -> Names:
    return Names(broker_prefix)


@pytest.fixture
async def open_transport(rabbitmq_url: str, names: Names) -> AsyncIterator[Open]:
    """Makes transports of this test's platform; they are stopped after the test."""
    async with AsyncExitStack() as stopping:

        def make(url: str = rabbitmq_url, **options: Any) -> RabbitTransport:
            transport = RabbitTransport(url, names=names, **options)
            stopping.push_async_callback(transport.stop)
            return transport

        yield make


@pytest.fixture
async def channel(rabbitmq_url: str) -> AsyncIterator[AbstractChannel]:
    """The broker as its administrator sees it."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection, connection.channel() as channel:
        yield channel


async def unbind(channel: AbstractChannel, names: Names, service: str) -> None:
    """Remove every binding of a service's queue."""
    queue = await channel.get_queue(names.queue(service), ensure=False)
    for key in binding_keys(service):
        await queue.unbind(names.exchange, routing_key=key)


async def unbind_payment(channel: AbstractChannel, names: Names) -> None:
    await unbind(channel, names, "payment")


async def delete_queue(channel: AbstractChannel, names: Names) -> None:
    await channel.queue_delete(names.queue("payment"))


async def delete_exchange(channel: AbstractChannel, names: Names) -> None:
    await channel.exchange_delete(names.exchange)


async def delete_everything(channel: AbstractChannel, names: Names) -> None:
    for service in ("payment", "notification"):
        await channel.queue_delete(names.queue(service))
    await channel.exchange_delete(names.exchange)


async def is_published(transport: RabbitTransport, event: Event[Any]) -> bool:
    """One try, as a relay's."""
    try:
        await transport.publish(message(event))
    except (TransportDown, Unroutable, TimeoutError):
        return False
    return True


MISHAPS = [unbind_payment, delete_queue, delete_exchange, delete_everything]


@pytest.mark.parametrize("mishap", MISHAPS)
async def test_what_is_published_after_a_mishap_reaches_every_listener(
    open_transport: Open, channel: AbstractChannel, names: Names, mishap: Callable[..., Any]
) -> None:
    sender, receiver = open_transport(), open_transport()
    boxes = [RecordingListener().at(receiver, service) for service in ("payment", "notification")]
    for transport in (sender, receiver):
        await transport.start()
    await mishap(channel, names)

    assert not await is_published(sender, CREATED), "one listener is not enough"
    await eventually(partial(is_published, sender, CREATED), within=9)

    await eventually(lambda: all(CREATED.to_bytes() in box.bodies for box in boxes), within=9)
    assert await sender.ready()


async def test_the_control_one_copy_for_all_counts_as_taken_when_one_queue_took_it(
    open_transport: Open, channel: AbstractChannel, names: Names
) -> None:
    transport = open_transport()
    await transport.start()
    await unbind(channel, names, "payment")
    exchange = await channel.get_exchange(names.exchange)

    confirmation = await exchange.publish(aio_pika.Message(b"{}"), routing_key=CREATED.type, mandatory=True)

    assert isinstance(confirmation, Basic.Ack), "the broker reports success although payment got nothing"


@pytest.mark.parametrize("mishap", MISHAPS)
async def test_a_mishap_is_mended_even_when_nothing_is_published(
    open_transport: Open,
    channel: AbstractChannel,
    names: Names,
    mishap: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chassis.transports.rabbitmq._BETWEEN_INSPECTIONS_SECONDS", 1.5)
    transport = open_transport()
    box = RecordingListener().at(transport, "payment")
    await transport.start()

    await mishap(channel, names)

    await eventually(partial(_reaches, names, channel, box), within=9)


async def test_a_mishap_is_mended_after_all_connections_were_closed(
    open_transport: Open,
    channel: AbstractChannel,
    names: Names,
    rabbitmq_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chassis.transports.rabbitmq._BETWEEN_INSPECTIONS_SECONDS", 1.5)
    async with TcpProxy(rabbitmq_url) as wire:
        transport = open_transport(url=wire.url)
        box = RecordingListener().at(transport, "payment")
        await transport.start()
        await wire.disconnect()
        await wire.connect()

        await delete_queue(channel, names)

        await eventually(partial(_reaches, names, channel, box), within=20)
        await transport.stop()


async def _reaches(names: Names, channel: AbstractChannel, box: RecordingListener) -> bool:
    """Whether an older release's copy for all is delivered to the listener."""
    if channel.is_closed:
        await channel.reopen()
    try:
        exchange = await channel.get_exchange(names.exchange, ensure=False)
        await exchange.publish(aio_pika.Message(b"{}"), routing_key=CREATED.type)
    except aio_pika.exceptions.AMQPError:
        return False
    return bool(box.bodies)


async def test_while_one_listener_has_no_queue_the_others_do_not_get_a_copy_with_each_try(
    open_transport: Open, channel: AbstractChannel, names: Names
) -> None:
    await open_transport().start()
    sender = open_transport(declare=False)
    box = RecordingListener().at(sender, "notification")
    await sender.start()
    await channel.queue_delete(names.queue("payment"))

    tried = [await is_published(sender, CREATED) for _ in range(5)]

    assert tried == [False] * 5
    assert len(box.bodies) <= 1


async def test_a_user_who_may_not_declare_is_not_ready_and_says_what_is_missing(
    open_transport: Open, channel: AbstractChannel, names: Names, logs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.transports.rabbitmq._BETWEEN_INSPECTIONS_SECONDS", 1.5)
    provisioning, transport = open_transport(), open_transport(declare=False)
    await provisioning.start()
    await provisioning.stop()
    box = RecordingListener().at(transport, "payment")
    await transport.start()
    assert await transport.ready()

    await channel.queue_delete(names.queue("payment"))
    await channel.exchange_delete(names.dead_exchange)

    await eventually(lambda: _is_ready(transport, False), within=9)
    assert {"missing": (names.dead_exchange, names.queue("payment"))}.items() <= next(
        log for log in logs if log["event"] == "broker_lacks"
    ).items()
    await open_transport().start()
    await eventually(lambda: _is_ready(transport, True), within=9)
    await eventually(partial(is_published, transport, CREATED), within=9)
    await eventually(lambda: box.bodies == [CREATED.to_bytes()])


async def _is_ready(transport: RabbitTransport, expected: bool) -> bool:
    return await transport.ready() is expected


async def _unready_for_a_lost_binding(open_transport: Open, channel: AbstractChannel, names: Names) -> RabbitTransport:
    """A transport that may not declare, after it published what a listener without its binding did not get."""
    await (provisioning := open_transport()).start()
    await provisioning.stop()
    transport = open_transport(declare=False)
    await transport.start()
    await unbind(channel, names, "payment")
    assert not await is_published(transport, CREATED)
    assert not await transport.ready()
    return transport


async def test_a_lost_binding_makes_a_user_who_may_not_declare_unready_until_a_copy_is_taken(
    open_transport: Open, channel: AbstractChannel, names: Names
) -> None:
    transport = await _unready_for_a_lost_binding(open_transport, channel, names)

    await open_transport().start()

    assert await is_published(transport, CREATED)
    assert await transport.ready()


async def test_a_binding_that_is_back_makes_ready_again_who_has_nothing_more_to_publish(
    open_transport: Open, channel: AbstractChannel, names: Names
) -> None:
    transport = await _unready_for_a_lost_binding(open_transport, channel, names)

    await open_transport().start()

    await eventually(lambda: _is_ready(transport, True), within=9)


async def test_what_is_missing_is_named_and_nothing_is_declared(
    rabbitmq_url: str, names: Names, channel: AbstractChannel
) -> None:
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        before = await declarations.missing(connection, names)
        await declarations.declare(connection, names)
        after = await declarations.missing(connection, names)
        await channel.queue_delete(names.dead_queue("checkin"))
        then = await declarations.missing(connection, names)

    assert {names.exchange, names.dead_exchange, names.queue("payment"), names.dead_queue("payment")} < set(before)
    assert after == ()
    assert then == (names.dead_queue("checkin"),)
