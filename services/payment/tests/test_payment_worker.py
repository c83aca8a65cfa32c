"""The two processes: events through a real broker and in one process, the settings, the doctor's view."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from chassis import process
from chassis.settings import MissingSettings, load
from chassis.transports import InProcessTransport, Message, RabbitTransport, Transport
from contracts import Event, RegistrationCreated
from contracts.topology import SUBSCRIPTIONS, Names
from payment.consistency import InvoiceState, snapshot
from payment.handlers import handlers
from payment.service import SERVICE
from payment.settings import Settings
from testkit.brokers import BrokerPrefix
from testkit.example.recording_listener import message as on_its_way
from testkit.polling import eventually

from .payment_world import Entry, Office


def message_of(office: Office, entry: Entry) -> Message:
    event = Event[RegistrationCreated].of(
        entry.created(), source="registration", subject=entry.id, occurred_at=office.clock(), correlation_id="journey-1"
    )
    return on_its_way(event)


@asynccontextmanager
async def at_work(office: Office, transport: Transport) -> AsyncIterator[None]:
    worker = SERVICE.build_worker(office.settings, office.database, transport)
    await transport.start()
    await worker.start()
    try:
        yield
    finally:
        await transport.stop()
        await worker.stop()


async def take_in_and_send_out(office: Office, transport: Transport) -> None:
    """Registration's event opens an invoice; the proof's event leaves the outbox."""
    entry = office.entry()
    message = message_of(office, entry)
    await transport.publish(message)
    await transport.publish(message)

    async def opened() -> bool:
        answer = await office.call("GET", f"/invoices/{entry.id}")
        return answer.status == 200

    await eventually(opened)
    await office.uploaded(entry)

    async def left() -> bool:
        return not await office.rows("SELECT 1 FROM outbox")  # looking at what was said would take it from the relay

    await eventually(left)


async def nobody_minds(_: bytes, __: str) -> None:
    """Another service that takes everything."""


async def test_events_come_in_and_go_out_within_one_process(office: Office) -> None:
    transport = InProcessTransport()
    for service in SUBSCRIPTIONS.keys() - {"payment"}:
        transport.listen(service, deliver=nobody_minds, dead_letter=nobody_minds)
    async with at_work(office, transport):
        await take_in_and_send_out(office, transport)


async def test_events_come_in_and_go_out_over_rabbitmq(
    office: Office, rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> None:
    transport = RabbitTransport(rabbitmq_url, names=Names(broker_prefix))
    async with at_work(office, transport):
        await take_in_and_send_out(office, transport)


def test_payment_reacts_to_exactly_what_it_is_sent() -> None:
    assert handlers.kinds == {(payload.TYPE, payload.VERSION) for payload in SUBSCRIPTIONS["payment"]}


def test_a_start_with_an_empty_environment_names_every_missing_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    with pytest.raises(MissingSettings) as stopped:
        load(Settings)
    for name in ("DATABASE_URL", "BROKER_URL", "SECRET_KEYS", "STAFF_JWKS_URL", "PROOF_STORE"):
        assert name in str(stopped.value)


async def test_the_application_starts_from_the_environment_and_closes_what_it_opened(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    _environment(monkeypatch, office)
    app = SERVICE.create_app()
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://startline.test") as client,
    ):
        assert (await client.get("/health/ready")).json() == {"ready": True, "database": True}
    assert app.state.database.engine.pool.checkedin() == 0


def test_the_worker_starts_from_the_environment(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started: list[tuple[str, int]] = []

    def run(settings: Settings, build: object, *, port: int) -> None:
        assert callable(build)
        worker = build(InProcessTransport())
        started.append((worker.database.service, port))

    _environment(monkeypatch, office)
    monkeypatch.setenv("WORKER_PORT", "0")
    monkeypatch.setattr(process, "run_worker", run)
    SERVICE.run_worker()
    assert started == [("payment", 0)]


def _environment(monkeypatch: pytest.MonkeyPatch, office: Office) -> None:
    settings = office.settings
    for name, value in {
        "DATABASE_URL": settings.database_url,
        "BROKER_URL": settings.broker_url,
        "SECRET_KEYS": settings.secret_keys.get_secret_value(),
        "STAFF_JWKS_URL": settings.staff_jwks_url,
        "RUNNER_JWKS_URL": settings.runner_jwks_url,
        "PROOF_STORE": settings.proof_store,
    }.items():
        monkeypatch.setenv(name, value)


async def test_the_doctor_sees_every_invoice_with_what_was_paid_waits_and_goes_back(office: Office) -> None:
    # given
    unpaid = await office.registered(amount=Decimal("99000.00"))
    waiting, waits = await office.waiting()
    paid, pays = await office.paid()
    owed, owes = await office.paid()
    done, given_back = await office.paid()
    for entry, payment in ((owed, owes), (done, given_back)):
        await office.hear(entry.cancelled(refund=payment))
    await office.call("POST", f"/refunds/{given_back}/done", json={"reference": "BCA 1"})
    await office.reject(waits)
    again = await office.uploaded(waiting)
    # when
    async with office.database.read() as session:
        seen = {state.registration_id: state async for state in snapshot(session)}
    # then
    assert list(seen) == sorted(seen)
    assert seen[unpaid.id] == InvoiceState(
        unpaid.id, seen[unpaid.id].status, Decimal("99000.00"), "IDR", unpaid.expires_at, 0, (), (), (), ()
    )
    assert {entry.number: str(seen[entry.id].status) for entry in (unpaid, waiting, paid)} == {
        unpaid.number: "open",
        waiting.number: "proof_uploaded",
        paid.number: "paid",
    }
    assert (seen[waiting.id].waiting_payment_ids, seen[waiting.id].sequence) == ((again,), 3)
    assert seen[paid.id].paid_payment_ids == (pays,)
    assert (seen[owed.id].refund_due_ids, seen[owed.id].refunded_ids) == ((owes,), ())
    assert (seen[done.id].refund_due_ids, seen[done.id].refunded_ids) == ((), (given_back,))
