"""A private RabbitMQ node: its own in every respect, and back after a kill."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import aio_pika
import pytest
from aio_pika.exceptions import AMQPError
from embedded import rabbitmq
from embedded.errors import FolderInUse, NotInstalled
from embedded.rabbitmq import PrivateRabbitMQ

_SECOND_A_NEW_QUORUM_QUEUE_NEEDS = 1.5


@pytest.fixture(scope="module")
def node() -> Iterator[PrivateRabbitMQ]:
    """Started once; tests leave it running."""
    folder = Path(tempfile.gettempdir()) / f"startline-embedded-{token_hex(6)}"
    node = PrivateRabbitMQ(folder)
    node.start()
    yield node
    node.remove()
    assert not folder.exists(), "remove() left something behind"


async def _put(url: str, queue: str, body: bytes) -> None:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, queue)


async def _get(url: str, queue: str) -> bytes:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        message = await (await channel.get_queue(queue)).get(timeout=10)
        assert message is not None
        await message.ack()
        return message.body


async def test_it_lets_only_its_own_user_in(node: PrivateRabbitMQ) -> None:
    place = node.url.rpartition("@")[2]

    connection = await aio_pika.connect(node.url)
    await connection.close()

    with pytest.raises(AMQPError):
        await aio_pika.connect(f"amqp://guest:guest@{place}")


def test_everything_it_writes_is_in_its_folder_and_it_is_not_root(node: PrivateRabbitMQ) -> None:
    folder = node._folder
    directory = folder / "rabbitmq"

    assert (directory / ".erlang.cookie").exists()
    assert (directory / "data" / "node").is_dir()
    assert list((directory / "log").glob("*.log"))
    assert node._node is not None
    owner = Path(f"/proc/{node._node.pid}").stat().st_uid
    assert owner != 0
    assert os.geteuid() in {0, owner}
    assert "password" not in (directory / "output.log").read_text()


def test_a_second_starter_is_refused(node: PrivateRabbitMQ) -> None:
    with pytest.raises(FolderInUse):
        PrivateRabbitMQ(node._folder).start()


async def test_what_was_confirmed_survives_a_kill_and_the_address_stays(node: PrivateRabbitMQ) -> None:
    address = node.url
    await _put(address, "kept", b"hello")
    time.sleep(_SECOND_A_NEW_QUORUM_QUEUE_NEEDS)  # noqa: ASYNC251  # nothing to poll: see PrivateRabbitMQ.kill

    node.kill()
    with pytest.raises((AMQPError, OSError)):
        await aio_pika.connect(address)
    node.start()

    assert node.url == address
    assert await _get(address, "kept") == b"hello"


async def test_a_node_left_by_a_killed_starter_is_ended_by_the_next_start(node: PrivateRabbitMQ) -> None:
    left = node._node
    assert left is not None
    node._lock.release()  # what the system does for a starter that is killed
    heir = PrivateRabbitMQ(node._folder)

    heir.start()
    try:
        assert left.wait(10) != 0
        connection = await aio_pika.connect(heir.url)
        await connection.close()
    finally:
        heir.stop()
        node.kill()


def test_without_rabbitmq_the_one_command_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq, "_PATH", str(tmp_path))
    monkeypatch.setattr(rabbitmq, "_SERVERS", (tmp_path / "rabbitmq-server",))

    with pytest.raises(NotInstalled, match="sudo apt-get install -y --no-install-recommends rabbitmq-server"):
        PrivateRabbitMQ(tmp_path / "node").start()

    assert not (tmp_path / "node").exists()
