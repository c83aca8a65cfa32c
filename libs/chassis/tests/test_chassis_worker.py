"""A worker goes on through failures, finishes what it has begun when it is told to stop, and then ends well."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from chassis.database import Database
from chassis.process import BackgroundServer, health_application
from chassis.secrets import new_key
from chassis.transports import InProcessTransport, RabbitTransport
from chassis.worker import HandlersDiffer, Periodic, Worker
from contracts import Payload, PaymentRejected, PaymentVerified, RegistrationCancelled, envelope
from contracts.topology import SUBSCRIPTIONS, Names
from testkit.brokers import BrokerPrefix
from testkit.example.recording_listener import RecordingListener, message
from testkit.example.service import SERVICE, cancelled, complete, effects, example_handlers, leave_effect, rows
from testkit.example.tables import service_tables
from testkit.golden import golden
from testkit.polling import eventually
from testkit.tcp_proxy import TcpProxy

WORKER = Path(__file__).parent / "programs" / "example_worker.py"

MakeWorker = Callable[..., Worker]


@pytest.fixture
async def make_worker(database: Database) -> AsyncIterator[MakeWorker]:
    """Makes workers of the example in this process; they are stopped after the test."""
    async with AsyncExitStack() as stopping:

        def make(transport: InProcessTransport, *, on: Database = database, **options: Any) -> Worker:
            worker = Worker(on, transport, complete(example_handlers()), **options)
            stopping.push_async_callback(worker.stop)
            stopping.push_async_callback(transport.stop)
            return worker

        yield make


async def test_a_worker_takes_events_in_and_sends_events_out(database: Database, make_worker: MakeWorker) -> None:
    transport = InProcessTransport()
    boxes = [RecordingListener().at(transport, service) for service in ("registration", "notification", "checkin")]
    worker = make_worker(transport)
    await transport.start()
    await worker.start()
    event = cancelled()

    await transport.publish(message(event))
    async with database.work() as work:
        work.publish(golden(PaymentRejected).payload, subject=event.subject)

    assert await effects(database) == [event.message_id]
    await eventually(lambda: boxes[0].bodies)


async def test_a_worker_without_a_handler_for_a_subscription_is_refused(database: Database) -> None:
    transport = InProcessTransport()
    heard = sorted(
        f"{kind.TYPE} v{kind.VERSION}" for kind in SUBSCRIPTIONS[SERVICE] if kind is not RegistrationCancelled
    )

    with pytest.raises(HandlersDiffer) as refused:
        Worker(database, transport, example_handlers())

    assert str(refused.value) == f"{SERVICE} has no handler for {', '.join(heard)}"


async def test_a_worker_with_a_handler_that_its_service_does_not_subscribe_to_is_refused(database: Database) -> None:
    handlers = complete(example_handlers())
    handlers.on(PaymentVerified)(leave_effect)

    with pytest.raises(HandlersDiffer) as refused:
        Worker(database, InProcessTransport(), handlers)

    assert str(refused.value) == f"{SERVICE} has handlers without a subscription for payment.verified v1"


async def test_a_refusal_names_handlers_of_both_kinds(database: Database) -> None:
    handlers = example_handlers()
    handlers.on(PaymentVerified)(leave_effect)

    with pytest.raises(HandlersDiffer, match=r"^payment has no handler for .+; payment has handlers without a .+ v1$"):
        Worker(database, InProcessTransport(), handlers)


async def test_a_handler_of_another_version_is_not_enough(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelope, "_registry", dict(envelope._registry))

    class CancelledByVote(Payload):
        TYPE: ClassVar[str] = "registration.cancelled"
        VERSION: ClassVar[int] = 2

    monkeypatch.setattr("chassis.worker.SUBSCRIPTIONS", {SERVICE: (CancelledByVote,)})

    with pytest.raises(HandlersDiffer) as refused:
        Worker(database, InProcessTransport(), example_handlers())

    assert str(refused.value) == (
        f"{SERVICE} has no handler for registration.cancelled v2;"
        f" {SERVICE} has handlers without a subscription for registration.cancelled v1"
    )


async def test_work_that_fails_now_and_then_is_done_the_next_time(make_worker: MakeWorker, logs: list[Any]) -> None:
    rounds: list[str] = []

    async def sweep() -> None:
        rounds.append("begun")
        if len(rounds) < 3:
            raise LookupError("sari@example.com")

    worker = make_worker(InProcessTransport(), periodic=[Periodic("sweep", timedelta(seconds=0.02), sweep)])
    await worker.start()

    await eventually(lambda: len(rounds) > 4)
    failed = [log for log in logs if log["event"] == "periodic_job_failed"]
    assert [(log["job"], log["error"]) for log in failed] == [("sweep", "LookupError")] * 2


async def test_a_round_that_hangs_is_ended_and_the_next_one_begins(make_worker: MakeWorker, logs: list[Any]) -> None:
    rounds: list[str] = []

    async def hang_at_first() -> None:
        rounds.append("begun")
        if len(rounds) == 1:
            await asyncio.Event().wait()

    every, limit = timedelta(seconds=0.02), timedelta(seconds=0.05)
    await make_worker(InProcessTransport(), periodic=[Periodic("ask", every, hang_at_first, limit=limit)]).start()

    await eventually(lambda: len(rounds) > 2)
    failed = [log for log in logs if log["event"] == "periodic_job_failed"]
    assert [(log["job"], log["error"]) for log in failed] == [("ask", "TimeoutError")]


def test_every_periodic_job_has_a_limit() -> None:
    async def nothing() -> None:
        pass

    assert Periodic("often", timedelta(seconds=1), nothing).limit_seconds == 60
    assert Periodic("rarely", timedelta(hours=1), nothing).limit_seconds == 3600


async def test_stopping_ends_periodic_work_even_in_its_middle(make_worker: MakeWorker) -> None:
    begun = asyncio.Event()

    async def never_end() -> None:
        begun.set()
        await asyncio.Event().wait()

    worker = make_worker(InProcessTransport(), periodic=[Periodic("long", timedelta(hours=1), never_end)])
    await worker.start()
    await begun.wait()

    await asyncio.wait_for(worker.stop(), timeout=10)


async def test_a_worker_starts_without_its_database_and_works_when_it_comes(
    database: Database, wired: Database, proxy: TcpProxy, make_worker: MakeWorker
) -> None:
    transport = InProcessTransport()
    boxes = [RecordingListener().at(transport, service) for service in ("registration", "notification")]
    await proxy.disconnect()
    worker = make_worker(transport, on=wired)
    await transport.start()
    await asyncio.wait_for(worker.start(), timeout=10)
    async with database.work() as work:
        work.publish(golden(PaymentRejected).payload, subject=cancelled().subject)

    await proxy.connect()

    await eventually(lambda: all(box.bodies for box in boxes), within=20)
    assert await rows(database, service_tables.dead_letters) == 0


@dataclass
class Process:
    """A worker in a process of its own."""

    running: asyncio.subprocess.Process

    async def says(self, word: str) -> None:
        """Wait for it to say so."""
        assert self.running.stdout
        async for line in self.running.stdout:
            if line.decode().strip() == word:
                return
        raise AssertionError(f"it ended without saying {word}")

    async def ends(self) -> tuple[int, list[dict[str, Any]]]:
        """Its exit code, and what it logged."""
        _, logged = await asyncio.wait_for(self.running.communicate(), timeout=25)
        return self.running.returncode or 0, [json.loads(line) for line in logged.decode().splitlines()]


@asynccontextmanager
async def worker_process(url: str, broker_url: str, prefix: str) -> AsyncIterator[Process]:
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": url,
        "BROKER_URL": broker_url,
        "BROKER_PREFIX": prefix,
        "SECRET_KEYS": new_key(),
        "STAFF_JWKS_URL": "http://identity.test/jwks.json",
        "WORKER_PORT": "0",
    }
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(
        sys.executable, str(WORKER), env=environment, stdout=pipe, stderr=pipe
    )
    try:
        yield Process(running)
    finally:
        if running.returncode is None:
            running.kill()
            await running.communicate()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_told_to_stop_finishes_what_it_has_begun_and_exits_with_0(
    url: str, database: Database, rabbitmq_url: str, broker_prefix: BrokerPrefix, signum: signal.Signals
) -> None:
    sender = RabbitTransport(rabbitmq_url, names=Names(broker_prefix))
    await sender.start()
    async with worker_process(url, rabbitmq_url, broker_prefix) as worker:
        await worker.says("tick")
        event = cancelled()
        await sender.publish(message(event))
        await worker.says("begun")
        assert await effects(database) == []

        worker.running.send_signal(signum)
        code, logged = await worker.ends()

    assert code == 0, logged
    assert await effects(database) == [event.message_id]
    assert not [line for line in logged if line["level"] in ("error", "critical")]
    reader = RabbitTransport(rabbitmq_url, names=Names(broker_prefix))
    box = RecordingListener().at(reader, SERVICE)
    await reader.start()
    other = cancelled()
    await sender.publish(message(other))
    await eventually(lambda: box.bodies == [other.to_bytes()])
    await reader.stop()
    await sender.stop()


async def test_a_worker_that_is_killed_leaves_its_event_to_the_next(
    url: str, database: Database, rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> None:
    sender = RabbitTransport(rabbitmq_url, names=Names(broker_prefix))
    await sender.start()
    event = cancelled()
    async with worker_process(url, rabbitmq_url, broker_prefix) as worker:
        await sender.publish(message(event))
        await worker.says("begun")
        worker.running.kill()
        await worker.running.communicate()
    assert await effects(database) == []

    async with worker_process(url, rabbitmq_url, broker_prefix):
        await eventually(lambda: effects(database), within=20)

    assert await effects(database) == [event.message_id]
    await sender.stop()


async def test_a_worker_answers_for_its_health_over_http(database: Database) -> None:
    transport = InProcessTransport()
    server = BackgroundServer(health_application(database, transport), host="127.0.0.1")
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as http:
            assert (await http.get("/health/live")).status_code == 200
            ready = await http.get("/health/ready")
            assert (ready.status_code, ready.json()["broker"]) == (503, False)
            await transport.start()
            assert (await http.get("/health/ready")).status_code == 200
            assert "startline_" in (await http.get("/metrics")).text
    finally:
        await server.stop()


async def test_a_port_that_is_taken_stops_the_start_and_is_named(database: Database) -> None:
    application = health_application(database, InProcessTransport())
    first = BackgroundServer(application, host="127.0.0.1")
    await first.start()
    try:
        with pytest.raises(RuntimeError, match=f"cannot listen on 127.0.0.1:{first.port}"):
            await BackgroundServer(application, host="127.0.0.1", port=first.port).start()
    finally:
        await first.stop()
