"""Names of one's own on the broker, and cleaning them up."""

import aio_pika
import pytest
from aio_pika.exceptions import ChannelNotFoundEntity
from testkit.brokers import BrokerPrefix, purge


async def _exists(url: str, *, queue: str = "", exchange: str = "") -> bool:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        try:
            if queue:
                await channel.get_queue(queue)
            else:
                await channel.get_exchange(exchange)
        except ChannelNotFoundEntity:
            return False
        return True


def test_a_prefix_is_text_unlike_any_other() -> None:
    prefix, other = BrokerPrefix.new(), BrokerPrefix.new()

    assert prefix != other
    assert prefix.startswith("t")
    assert prefix.endswith(".")
    assert prefix.name("odd") == f"{prefix}odd"


def test_the_platforms_own_names_are_remembered_from_the_start() -> None:
    prefix = BrokerPrefix.new()

    assert {f"{prefix}startline.events", f"{prefix}startline.dead", f"{prefix}payment.events"} < set(prefix.names)


async def test_purging_removes_queues_with_their_messages_and_exchanges(
    rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> None:
    queue_name, exchange_name = broker_prefix.name("letters"), broker_prefix.name("post")
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(exchange_name, "topic", durable=True)
        queue = await channel.declare_queue(queue_name, durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(exchange, "#")
        await exchange.publish(aio_pika.Message(b"hello"), "x")
    assert await _exists(rabbitmq_url, queue=queue_name)

    await purge(rabbitmq_url, broker_prefix.names)

    assert not await _exists(rabbitmq_url, queue=queue_name)
    assert not await _exists(rabbitmq_url, exchange=exchange_name)


async def test_purging_what_does_not_exist_is_fine(rabbitmq_url: str) -> None:
    name = BrokerPrefix.new().name("never-declared")

    await purge(rabbitmq_url, [name, name])

    with pytest.raises(AssertionError):
        assert await _exists(rabbitmq_url, queue=name)
