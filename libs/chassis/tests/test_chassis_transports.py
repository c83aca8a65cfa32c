"""How every transport behaves, and so how it may be replaced by another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from chassis.transports import InProcessTransport, RabbitTransport, Transport, TransportDown, Unroutable
from contracts import NotificationFailed, RefundDue, RegistrationConfirmed, RegistrationCreated
from contracts.topology import SUBSCRIPTIONS, Names
from testkit.brokers import BrokerPrefix
from testkit.example.recording_listener import RecordingListener, message
from testkit.golden import golden
from testkit.polling import eventually


class Carrier:
    """Makes transports of one kind that reach each other, and stops them after the test."""

    def __init__(self, rabbitmq_url: str, prefix: BrokerPrefix) -> None:
        self._url = rabbitmq_url
        self._names = Names(prefix)
        self.stopping = AsyncExitStack()

    def over_rabbitmq(self) -> Transport:
        return self._tidied(RabbitTransport(self._url, names=self._names))

    def in_process(self) -> Transport:
        return self._tidied(InProcessTransport())

    def _tidied(self, transport: Transport) -> Transport:
        self.stopping.push_async_callback(transport.stop)
        return transport


@pytest.fixture(params=["in_process", "over_rabbitmq"])
async def transport(
    request: pytest.FixtureRequest, rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> AsyncIterator[Transport]:
    """A transport that was not started yet."""
    carrier = Carrier(rabbitmq_url, broker_prefix)
    async with carrier.stopping:
        yield getattr(carrier, request.param)()


async def test_every_service_that_listens_gets_the_event_and_no_other(transport: Transport) -> None:
    boxes = {service: RecordingListener().at(transport, service) for service in SUBSCRIPTIONS}
    await transport.start()
    event = golden(RegistrationConfirmed)

    await transport.publish(message(event))

    await eventually(lambda: boxes["notification"].bodies and boxes["checkin"].bodies)
    got = {service: box.bodies for service, box in boxes.items()}
    body = event.to_bytes()
    assert got == {"registration": [], "payment": [], "notification": [body], "checkin": [body]}


async def test_many_events_side_by_side_all_arrive(transport: Transport) -> None:
    boxes = [RecordingListener().at(transport, service) for service in ("payment", "notification")]
    await transport.start()
    events = [golden(RegistrationCreated).model_copy(update={"correlation_id": f"web-{n}"}) for n in range(50)]

    await asyncio.gather(*(transport.publish(message(event)) for event in events))

    await eventually(lambda: all(len(box.bodies) >= 50 for box in boxes))
    for box in boxes:
        assert sorted(box.bodies) == sorted(event.to_bytes() for event in events)


async def test_an_event_that_nobody_listens_to_is_published_all_the_same(transport: Transport) -> None:
    await transport.start()

    await transport.publish(message(golden(NotificationFailed)))


async def test_an_event_of_a_newer_release_that_none_can_take_stays_with_the_publisher(transport: Transport) -> None:
    await transport.start()
    newer = golden(RefundDue).model_copy(update={"type": "payment.split"})

    with pytest.raises(Unroutable, match=r"payment\.split"):
        await transport.publish(message(newer))


async def test_nothing_can_be_published_before_the_start_or_after_the_stop(transport: Transport) -> None:
    RecordingListener().at(transport, "payment")
    RecordingListener().at(transport, "notification")
    with pytest.raises(TransportDown):
        await transport.publish(message(golden(RegistrationCreated)))
    assert not await transport.ready()

    await transport.start()
    assert await transport.ready()
    await transport.publish(message(golden(RegistrationCreated)))

    await transport.stop()
    with pytest.raises(TransportDown):
        await transport.publish(message(golden(RegistrationCreated)))
    assert not await transport.ready()


async def test_stopping_lets_a_delivery_that_is_under_way_finish(transport: Transport) -> None:
    slow, other = RecordingListener().at(transport, "checkin"), RecordingListener().at(transport, "notification")
    await transport.start()
    slow.open.clear()
    publishing = asyncio.create_task(transport.publish(message(golden(RegistrationConfirmed))))
    await eventually(lambda: slow.knocks == 1 and other.bodies)

    stopping = asyncio.create_task(transport.stop())
    done, _ = await asyncio.wait({stopping}, timeout=0.2)
    assert not done
    assert slow.bodies == []
    slow.open.set()
    await asyncio.wait_for(stopping, timeout=10)

    assert len(slow.bodies) == 1
    await publishing


async def test_in_one_process_a_listener_that_is_missing_keeps_the_event_in_the_outbox() -> None:
    transport = InProcessTransport()
    box = RecordingListener().at(transport, "notification")
    await transport.start()

    with pytest.raises(Unroutable, match=r"registration\.created: payment"):
        await transport.publish(message(golden(RegistrationCreated)))
    assert box.bodies == [], "those who are there do not get it twice for one who is not"


async def test_in_one_process_what_a_listener_could_not_take_is_the_publishers_to_send_again() -> None:
    transport = InProcessTransport()
    box = RecordingListener().at(transport, "notification")

    async def refuse(_: bytes, __: str) -> None:
        raise ConnectionResetError

    transport.listen("payment", deliver=refuse, dead_letter=box.dead_letter)
    await transport.start()

    with pytest.raises(ConnectionResetError):
        await transport.publish(message(golden(RegistrationCreated)))


async def test_in_one_process_a_listener_that_never_ends_holds_up_the_stop_only_so_long() -> None:
    transport = InProcessTransport(grace_seconds=0.05)
    stuck, other = RecordingListener().at(transport, "payment"), RecordingListener().at(transport, "notification")
    stuck.open.clear()
    await transport.start()
    publishing = asyncio.create_task(transport.publish(message(golden(RegistrationCreated))))
    await eventually(lambda: stuck.knocks == 1 and other.bodies)

    await asyncio.wait_for(transport.stop(), timeout=5)

    with pytest.raises(TransportDown):
        await publishing
    assert stuck.bodies == []
