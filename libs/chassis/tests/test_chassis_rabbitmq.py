"""What only a real broker can do to us: be away, come back, keep things, and return them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.abc import FieldTable
from chassis.database import Database
from chassis.inbox import Inbox
from chassis.transports import RabbitTransport, TransportDown, Unroutable
from contracts import Event, NotificationFailed, RegistrationConfirmed
from contracts.topology import SUBSCRIPTIONS, Names
from testkit.brokers import BrokerPrefix
from testkit.example.recording_listener import RecordingListener, message
from testkit.example.service import SERVICE, cancelled, effects, example_handlers
from testkit.golden import golden
from testkit.polling import eventually
from testkit.tcp_proxy import TcpProxy

Open = Callable[..., RabbitTransport]


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
async def wire(rabbitmq_url: str) -> AsyncIterator[TcpProxy]:
    """The wire between a transport and its broker."""
    async with TcpProxy(rabbitmq_url) as proxy:
        yield proxy


@pytest.fixture
async def channel(rabbitmq_url: str) -> AsyncIterator[AbstractChannel]:
    """The broker as its administrator sees it."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection, connection.channel() as channel:
        yield channel


async def take(channel: AbstractChannel, queue: str) -> AbstractIncomingMessage:
    """The next message of `queue`, taken off it."""

    async def found() -> AbstractIncomingMessage | None:
        return await (await channel.get_queue(queue)).get(fail=False, no_ack=True)

    message = await eventually(found)
    assert message is not None
    return message


async def publish_patiently(transport: RabbitTransport, events: Iterable[Event[Any]]) -> None:
    """As a relay does: again and again until the broker has confirmed."""
    for event in events:
        while True:
            try:
                await transport.publish(message(event))
                break
            except (TransportDown, Unroutable, TimeoutError):
                await asyncio.sleep(0.05)


async def test_an_event_waits_for_a_service_that_never_ran(
    open_transport: Open, names: Names, channel: AbstractChannel
) -> None:
    sender, event = open_transport(), golden(RegistrationConfirmed)
    await sender.start()

    await sender.publish(message(event))
    await sender.stop()

    waiting = await take(channel, names.queue("checkin"))
    assert waiting.body == event.to_bytes()
    later = open_transport()
    box = RecordingListener().at(later, "notification")
    await later.start()
    await eventually(lambda: box.bodies == [event.to_bytes()])


async def test_a_message_says_what_it_is_and_outlives_the_broker(
    open_transport: Open, names: Names, channel: AbstractChannel
) -> None:
    sender, event = open_transport(), golden(RegistrationConfirmed)
    await sender.start()

    await sender.publish(message(event))

    found = await take(channel, names.queue("checkin"))
    assert found.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
    assert (found.message_id, found.type) == (str(event.message_id), "registration.confirmed")
    assert (found.correlation_id, found.content_type) == (event.correlation_id, "application/json")
    assert found.routing_key == "to.checkin.registration.confirmed"


async def test_an_exchange_without_queues_is_nobody(
    open_transport: Open, names: Names, channel: AbstractChannel
) -> None:
    await channel.declare_exchange(names.exchange, "topic", durable=True)
    sender = open_transport(declare=False)
    await sender.start()

    with pytest.raises(Unroutable, match=r"registration\.confirmed to \w+ was returned"):
        await sender.publish(message(golden(RegistrationConfirmed)))
    await sender.publish(message(golden(NotificationFailed)))


async def test_a_user_who_may_not_declare_listens_to_what_was_provisioned(open_transport: Open) -> None:
    provisioning = open_transport()
    await provisioning.start()
    listening = open_transport(declare=False)
    box = RecordingListener().at(listening, "checkin")
    await listening.start()

    await listening.publish(message(golden(RegistrationConfirmed)))

    await eventually(lambda: len(box.bodies) == 1)


async def test_two_readers_of_one_service_share_its_events(open_transport: Open) -> None:
    sender = open_transport()
    readers = [open_transport(prefetch=1) for _ in range(2)]
    boxes = [RecordingListener().at(reader, SERVICE) for reader in readers]
    for transport in (sender, *readers):
        await transport.start()
    events = [cancelled() for _ in range(20)]

    await asyncio.gather(*(sender.publish(message(event)) for event in events))

    await eventually(lambda: sum(len(box.bodies) for box in boxes) >= 20)
    assert sorted(boxes[0].bodies + boxes[1].bodies) == sorted(event.to_bytes() for event in events)


async def test_with_the_broker_away_it_starts_says_so_and_connects_when_the_broker_comes(
    wire: TcpProxy, open_transport: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.transports.rabbitmq._START_SECONDS", 0.2)
    await wire.disconnect()
    transport = open_transport(wire.url)
    box = RecordingListener().at(transport, SERVICE)

    await asyncio.wait_for(transport.start(), timeout=3)
    with pytest.raises(TransportDown):
        await transport.publish(message(cancelled()))
    assert not await transport.ready()

    await wire.connect()
    await eventually(transport.ready)
    event = cancelled()
    await transport.publish(message(event))
    await eventually(lambda: box.bodies == [event.to_bytes()])


async def test_an_event_waits_for_the_first_connection_and_is_not_refused_at_once(
    wire: TcpProxy, open_transport: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.transports.rabbitmq._START_SECONDS", 0.2)
    monkeypatch.setattr("chassis.transports.rabbitmq._PUBLISH_SECONDS", 30.0)
    await wire.disconnect()
    transport = open_transport(wire.url)
    box = RecordingListener().at(transport, SERVICE)
    await transport.start()
    event = cancelled()

    publishing = asyncio.create_task(transport.publish(message(event)))
    await asyncio.wait({publishing}, timeout=0.3)
    assert not publishing.done()
    await wire.connect()
    await publishing
    await eventually(lambda: box.bodies == [event.to_bytes()])


async def test_a_cable_pulled_again_and_again_loses_no_event_and_repeats_no_effect(
    wire: TcpProxy, open_transport: Open, database: Database
) -> None:
    sender, receiver = open_transport(), open_transport(wire.url)
    inbox = Inbox(database, example_handlers())
    receiver.listen(SERVICE, deliver=inbox.deliver_with_backoff, dead_letter=RecordingListener().dead_letter)
    await sender.start()
    await receiver.start()
    events = [cancelled() for _ in range(60)]

    async def pull_now_and_then() -> None:
        for enough in (5, 20, 40):
            await eventually(partial(_at_least, database, enough), within=30)
            await wire.disconnect()
            await wire.connect()

    await asyncio.gather(publish_patiently(sender, events), pull_now_and_then())

    await eventually(partial(_at_least, database, 60), within=30)
    assert Counter(await effects(database)) == {event.message_id: 1 for event in events}


async def test_a_publisher_whose_cable_is_pulled_is_told_and_goes_on_by_itself(
    wire: TcpProxy, open_transport: Open
) -> None:
    receiver, sender = open_transport(), open_transport(wire.url)
    box = RecordingListener().at(receiver, SERVICE)
    await receiver.start()
    await sender.start()
    await wire.disconnect()

    with pytest.raises((TransportDown, TimeoutError)):
        await sender.publish(message(cancelled()))
    await eventually(partial(_is_not_ready, sender))

    await wire.connect()
    event = cancelled()
    await asyncio.wait_for(publish_patiently(sender, [event]), timeout=20)
    await eventually(lambda: event.to_bytes() in box.bodies)


async def test_what_no_reader_can_take_is_put_aside_and_buried(open_transport: Open) -> None:
    transport, box, event, fine = open_transport(), RecordingListener(), cancelled(), cancelled()

    async def choke(body: bytes, sender: str) -> None:
        box.knocks += 1
        if body == event.to_bytes():
            raise ValueError("poison")
        await box.deliver(body, sender)

    transport.listen(SERVICE, deliver=choke, dead_letter=box.dead_letter)
    await transport.start()
    await transport.publish(message(event))
    await transport.publish(message(fine))

    await eventually(lambda: box.dead_lettered == [event.to_bytes()])
    await eventually(lambda: box.bodies == [fine.to_bytes()])


async def test_a_foreign_body_reaches_the_inbox_as_it_came(
    open_transport: Open, names: Names, channel: AbstractChannel
) -> None:
    transport = open_transport()
    box = RecordingListener().at(transport, SERVICE)
    await transport.start()
    exchange = await channel.get_exchange(names.exchange)

    for content_type in ("application/json", "text/plain", None):
        body = aio_pika.Message(b"\x00\xff not an event", content_type=content_type)
        await exchange.publish(body, routing_key="registration.cancelled")

    await eventually(lambda: box.bodies == [b"\x00\xff not an event"] * 3)


async def test_every_queue_is_durable_replicated_and_guarded(
    open_transport: Open, names: Names, rabbitmq_url: str
) -> None:
    transport = open_transport()
    await transport.start()

    guard: FieldTable = {
        "x-queue-type": "quorum",
        "x-delivery-limit": 20,
        "x-dead-letter-exchange": names.dead_exchange,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    for service in SUBSCRIPTIONS:
        # Declaring again with other arguments is refused by the broker: what is accepted is what is there.
        connection = await aio_pika.connect(rabbitmq_url)
        async with connection, connection.channel() as channel:
            arguments: FieldTable = {**guard, "x-dead-letter-routing-key": service}
            await channel.declare_queue(names.queue(service), durable=True, arguments=arguments)
            await channel.declare_queue(names.dead_queue(service), durable=True, arguments={"x-queue-type": "quorum"})


async def test_an_address_without_a_virtual_host_means_the_default_one(open_transport: Open, rabbitmq_url: str) -> None:
    for url in (rabbitmq_url.rstrip("/"), f"{rabbitmq_url.rstrip('/')}/?heartbeat=30"):
        transport = open_transport(url)
        await transport.start()
        assert await transport.ready()


async def _is_not_ready(transport: RabbitTransport) -> bool:
    return not await transport.ready()


async def _at_least(database: Database, enough: int) -> bool:
    return len(await effects(database)) >= enough


async def test_a_channel_that_the_broker_refuses_is_replaced_at_most_once_a_second(
    open_transport: Open, names: Names, channel: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _full_queue(channel, names, "checkin")
    opened = _counted_channels(monkeypatch)
    monkeypatch.setattr("chassis.transports.rabbitmq._BETWEEN_CHANNELS_SECONDS", 0.3)
    sender = open_transport(declare=False)
    await sender.start()
    opened_at_the_start = len(opened)
    first = sender._channels["checkin"][0]

    started = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - started < 1.0:
        with pytest.raises(TransportDown, match="refused"):
            await sender.publish(message(golden(RegistrationConfirmed)))
    assert 1 <= len(opened) - opened_at_the_start <= 4
    assert all(each.is_closed for each in (first, *opened[opened_at_the_start:-1]))

    queue = await channel.get_queue(names.queue("checkin"))
    await queue.purge()
    await sender.publish(message(golden(RegistrationConfirmed)))


async def _full_queue(channel: AbstractChannel, names: Names, full: str) -> None:
    """Declare the queues of all services; that of `full` takes one event and refuses the next."""
    exchange = await channel.declare_exchange(names.exchange, "topic", durable=True)
    for service in SUBSCRIPTIONS:
        bounds: FieldTable = {"x-max-length": 1, "x-overflow": "reject-publish"} if service == full else {}
        queue = await channel.declare_queue(names.queue(service), durable=True, arguments=bounds)
        await queue.bind(exchange, routing_key=f"to.{service}.#")
    await exchange.publish(aio_pika.Message(b"{}"), routing_key=f"to.{full}.registration.confirmed")


def _counted_channels(monkeypatch: pytest.MonkeyPatch) -> list[AbstractChannel]:
    opened: list[AbstractChannel] = []
    make = aio_pika.RobustConnection.channel

    def channel(connection: aio_pika.RobustConnection, *positional: Any, **named: Any) -> AbstractChannel:
        opened.append(make(connection, *positional, **named))
        return opened[-1]

    monkeypatch.setattr(aio_pika.RobustConnection, "channel", channel)
    return opened
