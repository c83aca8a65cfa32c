"""The relay loses nothing, whatever happens to it; and what it repeats carries the same id."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import aio_pika
import pytest
from chassis.database import Database
from chassis.tables import OUTBOX_QUEUE
from chassis.transports import InProcessTransport, Message, RabbitTransport, TransportDown, Unroutable
from contracts import PaymentRejected, parse_head
from contracts.topology import Names, subscribers_of
from sqlalchemy import update
from testkit.brokers import BrokerPrefix
from testkit.example.recording_listener import RecordingListener
from testkit.example.service import Browse, BuildApp, Connect, cancelled, rows
from testkit.example.tables import service_tables
from testkit.golden import golden
from testkit.polling import eventually
from testkit.tcp_proxy import TcpProxy

from .conftest import Relaying

DIES = Path(__file__).parent / "programs" / "relay_that_dies.py"


class Recording(InProcessTransport):
    """Keeps what is published; `trouble` is raised instead while there is some."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[str] = []
        self.trouble: list[Exception] = []

    async def publish(self, message: Message) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.published.append(message.message_id)


async def publish(database: Database, count: int) -> list[str]:
    """Leave `count` events in the outbox; their ids."""
    async with database.work() as work:
        for _ in range(count):
            work.publish(golden(PaymentRejected).payload, subject=uuid4())
        return [str(event.message_id) for event in work._events]


async def leases_run_out(database: Database) -> None:
    """What a dead relay had taken on is anybody's again, as it would be a few seconds later."""
    outbox = service_tables.outbox
    async with database.work() as work:
        leased = update(outbox).where(outbox.c.acquired_at.is_not(None))
        await work.session.execute(leased.values(acquired_at=work.now - timedelta(minutes=1)))


async def waiting(database: Database) -> int:
    """How many events the outbox holds."""
    return await rows(database, service_tables.outbox)


async def is_drained(database: Database) -> bool:
    return await waiting(database) == 0


async def killed_relay(url: str, moment: str) -> Sequence[str]:
    """What a relay published before it was killed at that moment."""
    command = [sys.executable, str(DIES), url, moment]
    killed = await asyncio.to_thread(subprocess.run, command, stdout=subprocess.PIPE, check=False, timeout=25)
    assert killed.returncode == -signal.SIGKILL
    return killed.stdout.decode().split()


@pytest.mark.parametrize(
    ("moment", "published", "repeated"),
    [("before_publish", 0, 0), ("after_publish", 1, 1), ("after_delete", 25, 0)],
)
async def test_a_relay_killed_at_any_moment_loses_nothing_and_repeats_only_what_it_had_not_deleted(
    url: str, database: Database, relaying: Relaying, moment: str, published: int, repeated: int
) -> None:
    events = await publish(database, 30)

    first = await killed_relay(url, moment)
    assert len(first) == published
    assert await waiting(database) == 30 - published + repeated

    second = Recording()
    await leases_run_out(database)
    await relaying(database, second)
    await eventually(partial(is_drained, database))
    assert set(first) | set(second.published) == set(events)
    assert len(set(first) & set(second.published)) == repeated
    assert len(second.published) == 30 - published + repeated


async def test_what_a_living_relay_has_taken_on_is_left_to_it(url: str, database: Database, relaying: Relaying) -> None:
    """The control of the test above: without the lease running out, the second relay waits."""
    await publish(database, 3)
    await killed_relay(url, "after_publish")

    second = Recording()
    await relaying(database, second)
    other = await publish(database, 1)
    await eventually(lambda: second.published == other)
    assert await waiting(database) >= 3


@pytest.mark.parametrize("kind", ["in_process", "over_rabbitmq"])
async def test_what_a_killed_relay_had_taken_on_is_relayed_within_ten_seconds(
    url: str, database: Database, relaying: Relaying, rabbitmq_url: str, broker_prefix: BrokerPrefix, kind: str
) -> None:
    transport = (
        InProcessTransport() if kind == "in_process" else RabbitTransport(rabbitmq_url, names=Names(broker_prefix))
    )
    boxes = [RecordingListener().at(transport, service) for service in subscribers_of(PaymentRejected.TYPE)]
    await transport.start()
    await publish(database, 30)
    await killed_relay(url, "before_publish")
    killed_at = time.monotonic()

    await relaying(database, transport)

    await eventually(lambda: all(len(box.bodies) == 30 for box in boxes), within=10 - (time.monotonic() - killed_at))
    await transport.stop()


async def test_an_event_of_a_newer_release_is_relayed_as_it_is(database: Database, relaying: Relaying) -> None:
    transport = Recording()
    newer = cancelled().to_bytes().replace(b'"version":1', b'"version":9').replace(b'"reason"', b'"why"')
    async with database.work() as work:
        await database.outbox.insert(work.session, queue=OUTBOX_QUEUE, payload=newer, headers={})

    await relaying(database, transport)

    await eventually(partial(is_drained, database))
    assert transport.published == [str(parse_head(newer).message_id)]


async def test_events_go_out_as_soon_as_they_are_committed(database: Database, relaying: Relaying) -> None:
    transport = Recording()
    await relaying(database, transport)

    events = await publish(database, 3)

    await eventually(lambda: sorted(transport.published) == sorted(events))
    await eventually(partial(is_drained, database))


async def test_two_relays_at_once_publish_nothing_twice(url: str, connect: Connect, relaying: Relaying) -> None:
    database = connect(url)
    events = await publish(database, 300)
    transports = [Recording(), Recording()]

    for transport in transports:
        await relaying(connect(url), transport)
    await eventually(partial(is_drained, database), within=20)

    assert sorted(transports[0].published + transports[1].published) == sorted(events)


async def test_what_could_not_be_published_stays_and_is_tried_again(database: Database, relaying: Relaying) -> None:
    transport = Recording()
    transport.trouble = [TransportDown(), Unroutable("payment"), TimeoutError(), RuntimeError("no idea")]
    events = await publish(database, 4)

    await relaying(database, transport)

    await eventually(lambda: sorted(transport.published) == sorted(events))
    await eventually(partial(is_drained, database))


async def test_while_the_broker_is_away_the_outbox_grows_and_then_it_drains(
    database: Database, relaying: Relaying, rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> None:
    names = Names(broker_prefix)
    async with TcpProxy(rabbitmq_url) as wire:
        transport = RabbitTransport(wire.url, names=names)
        await transport.start()
        await wire.disconnect()
        await relaying(database, transport)
        await publish(database, 2)
        await publish(database, 3)
        assert await waiting(database) == 5

        await wire.connect()
        await eventually(partial(is_drained, database), within=25)
        await transport.stop()

    assert await delivered(rabbitmq_url, names.queue("registration")) == 5


async def test_a_relay_survives_its_database(
    database: Database, wired: Database, proxy: TcpProxy, relaying: Relaying
) -> None:
    transport = Recording()
    await proxy.disconnect()
    await relaying(wired, transport)
    events = await publish(database, 2)
    assert transport.published == []

    await proxy.connect()

    await eventually(lambda: sorted(transport.published) == sorted(events), within=20)
    await eventually(partial(is_drained, database))


async def test_an_event_that_is_stuck_makes_the_service_late_but_neither_dead_nor_unready(
    database: Database, build_app: BuildApp, browse: Browse
) -> None:
    http = browse(build_app(on=database))
    base = "http://startline.test/health"
    await publish(database, 1)
    assert (await http.get(f"{base}/late")).json()["late"] is False

    async with database.work() as work:
        await work.session.execute(update(service_tables.outbox).values(created_at=work.now - timedelta(minutes=2)))

    late = await http.get(f"{base}/late")
    assert (late.status_code, late.json()["late"]) == (503, True)
    assert late.json()["oldest_outbox_seconds"] > 60
    assert (await http.get(f"{base}/live")).status_code == 200
    assert (await http.get(f"{base}/ready")).json() == {"ready": True, "database": True}


async def delivered(url: str, queue: str) -> int:
    """How many messages wait in `queue`."""
    connection = await aio_pika.connect(url)
    async with connection, connection.channel() as channel:
        return int((await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0)
