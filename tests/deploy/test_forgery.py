"""A stolen login of one service, on a broker as `startline provision` leaves it, cannot speak for another service."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import httpx
import pytest
from aio_pika.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused, ChannelPreconditionFailed
from chassis.senders import Refusal, Refused, require_owner
from chassis.transports import RabbitTransport, TransportDown
from contracts import ParticipantCheckedIn, PaymentVerified
from contracts.topology import Names, routing_key
from embedded.rabbitmq import PrivateRabbitMQ, install_if_missing
from pydantic import SecretStr
from standalone.provisioning.broker import KEDA, provision_broker
from standalone.services import SERVICES
from testkit.example.recording_listener import RecordingListener, message
from testkit.golden import golden
from testkit.polling import eventually

pytestmark = [pytest.mark.integration, pytest.mark.slow]

PAID = golden(PaymentVerified)
KEYS = (PAID.type, *(routing_key(PAID.type, listener) for listener in ("registration", "notification", "payment")))
NOT_ALLOWED = (ChannelAccessRefused, ChannelPreconditionFailed)


class Platform:
    """A broker with a login for each service."""

    def __init__(self, node: PrivateRabbitMQ, passwords: Mapping[str, SecretStr]) -> None:
        self.node = node
        self._passwords = passwords

    def url(self, service: str) -> str:
        parts = urlsplit(self.node.url)
        return f"amqp://{service}:{self._passwords[service].get_secret_value()}@{parts.hostname}:{parts.port}/"

    async def provide(self) -> None:
        async def provided() -> bool:
            try:
                await provision_broker(self.node.url, self.node.api_url, self._passwords)
            except ConnectionError:
                return False
            return True

        await eventually(provided, within=60)

    def api(self, login: str | None = None) -> httpx.AsyncClient:
        parts = urlsplit(self.url(login) if login else self.node.url)
        return httpx.AsyncClient(base_url=self.node.api_url, auth=(parts.username or "", parts.password or ""))

    async def forget_topics(self, service: str) -> None:
        async with self.api() as api:
            (await api.delete(f"/api/topic-permissions/%2F/{service}")).raise_for_status()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    install_if_missing()
    folder = Path(tmp_path_factory.getbasetemp()) / f"broker-{secrets.token_hex(4)}"
    passwords = {name: SecretStr(secrets.token_hex(16)) for name in (KEDA, *(service.name for service in SERVICES))}
    node = PrivateRabbitMQ(folder, managed=True)
    node.start()
    try:
        platform = Platform(node, passwords)
        asyncio.run(platform.provide())
        yield platform
    finally:
        node.remove()


@pytest.fixture
async def registration(platform: Platform) -> AsyncIterator[RecordingListener]:
    """What reaches registration."""
    transport = RabbitTransport(platform.url("registration"), declare=False)
    box = RecordingListener().at(transport, "registration")
    await transport.start()
    yield box
    await transport.stop()


@pytest.fixture
async def stolen(platform: Platform) -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as closing:
        yield closing


async def channel_of(platform: Platform, service: str, closing: AsyncExitStack) -> AbstractChannel:
    connection = await closing.enter_async_context(await aio_pika.connect(platform.url(service)))
    return await connection.channel()


async def forge(channel: AbstractChannel, key: str, **properties: Any) -> None:
    exchange = await channel.get_exchange(Names().exchange, ensure=False)
    await exchange.publish(aio_pika.Message(PAID.to_bytes(), **properties), routing_key=key)


async def test_what_payment_says_reaches_registration_under_payments_name(
    platform: Platform, registration: RecordingListener
) -> None:
    payment = RabbitTransport(platform.url("payment"), declare=False)
    await payment.start()

    await payment.publish(message(PAID))

    await eventually(lambda: registration.senders == ["payment"])
    assert registration.bodies == [PAID.to_bytes()]
    require_owner(registration.bodies[0], registration.senders[0])
    await payment.stop()


@pytest.mark.parametrize("key", KEYS)
async def test_the_broker_takes_no_event_from_a_service_that_does_not_own_it(
    platform: Platform, registration: RecordingListener, stolen: AsyncExitStack, key: str
) -> None:
    channel = await channel_of(platform, "checkin", stolen)

    with pytest.raises(ChannelAccessRefused):
        await forge(channel, key)

    assert registration.bodies == []


async def test_no_service_writes_anothers_name_into_a_message(
    platform: Platform, registration: RecordingListener, stolen: AsyncExitStack
) -> None:
    channel = await channel_of(platform, "checkin", stolen)

    with pytest.raises(NOT_ALLOWED):
        await forge(channel, routing_key(ParticipantCheckedIn.TYPE, "registration"), user_id="payment")

    assert registration.bodies == []


@pytest.mark.parametrize(
    ("properties", "sender"),
    [({"user_id": "checkin"}, "checkin"), ({}, "unsigned:checkin")],
)
async def test_a_forged_body_under_a_key_of_ones_own_is_refused_by_who_hears_it(
    platform: Platform,
    registration: RecordingListener,
    stolen: AsyncExitStack,
    properties: dict[str, Any],
    sender: str,
) -> None:
    channel = await channel_of(platform, "checkin", stolen)

    await forge(channel, routing_key(ParticipantCheckedIn.TYPE, "registration"), **properties)

    await eventually(lambda: registration.senders == [sender])
    with pytest.raises(Refused) as refused:
        require_owner(registration.bodies[0], sender)
    assert refused.value.refusal is Refusal.FORGED


async def test_without_topic_permissions_the_broker_takes_it_and_who_hears_it_refuses(
    platform: Platform, registration: RecordingListener, stolen: AsyncExitStack
) -> None:
    """The negative control: it is these permissions that the broker refuses by, and the second lock holds alone."""
    await platform.forget_topics("checkin")
    stolen.push_async_callback(platform.provide)
    channel = await channel_of(platform, "checkin", stolen)

    await forge(channel, routing_key(PAID.type, "registration"), user_id="checkin")

    await eventually(lambda: registration.senders == ["checkin"])
    with pytest.raises(Refused, match="checkin sent it, payment owns its type"):
        require_owner(registration.bodies[0], "checkin")


async def test_a_service_that_would_publish_what_it_does_not_own_keeps_it(platform: Platform) -> None:
    checkin = RabbitTransport(platform.url("checkin"), declare=False)
    await checkin.start()

    with pytest.raises(TransportDown):
        await checkin.publish(message(PAID))

    await eventually(checkin.ready)
    await checkin.publish(message(golden(ParticipantCheckedIn)))
    await checkin.stop()


async def test_no_service_takes_all_of_the_brokers_connections(platform: Platform) -> None:
    async with platform.api() as api:
        limits = {each["user"]: each["value"] for each in (await api.get("/api/user-limits")).json()}

    assert limits == {each.name: {"max-connections": 64, "max-channels": 1024} for each in SERVICES}


async def test_the_login_of_keda_sees_how_long_queues_are_and_nothing_in_them(
    platform: Platform, stolen: AsyncExitStack
) -> None:
    queue = Names().queue("payment")
    async with platform.api(KEDA) as api:
        seen = (await api.get(f"/api/queues/%2F/{queue}")).raise_for_status().json()
        taken = await api.post(
            f"/api/queues/%2F/{queue}/get", json={"count": 1, "ackmode": "ack_requeue_true", "encoding": "auto"}
        )
        created = await api.put("/api/users/mallory", json={"password": "x", "tags": "administrator"})
    assert seen["name"] == queue
    assert not taken.is_success
    assert not created.is_success
    with pytest.raises(NOT_ALLOWED):
        await forge(await channel_of(platform, KEDA, stolen), PAID.type)
