"""The service as a whole: migrations, settings, worker, transports, what happens when things are down."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import structlog
from chassis.migrations import downgrade, drift, upgrade
from chassis.settings import MissingSettings, load
from chassis.telemetry import configure_logging
from chassis.transports import InProcessTransport, RabbitTransport, Transport
from chassis.transports.port import Message
from contracts import AccessLinksRequested, AccessReplaced, ContactKind, Event, Payload
from contracts.topology import SUBSCRIPTIONS, Names
from notification.handlers import handlers
from notification.messages.rules import Channel
from notification.service import SERVICE
from notification.settings import Settings
from notification.tables import Base
from simulators.testing import Stage
from testkit.brokers import BrokerPrefix
from testkit.example.recording_listener import message as on_its_way
from testkit.harness import ManualClock
from testkit.plugin import FreshDatabase
from testkit.polling import eventually

from .notification_world import WEBHOOK_SECRET, PostOffice, runner, settings_for

REQUIRED = ("DATABASE_URL", "BROKER_URL", "SECRET_KEYS", "STAFF_JWKS_URL")


@pytest.fixture
def logging_put_back() -> Iterator[None]:
    """Leaves logging to the next test as it was found."""
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    yield
    root.handlers = kept
    root.setLevel(level)
    structlog.reset_defaults()


async def test_migrations_lead_up_and_down_and_agree_with_the_tables(
    fresh_database: FreshDatabase, clock: ManualClock
) -> None:
    url = await fresh_database("notification")
    assert await asyncio.to_thread(drift, url, Base.metadata) == []
    await asyncio.to_thread(downgrade, url, "notification")
    office = PostOffice(settings_for(url), clock=clock)
    left = await office.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert left == [{"tablename": "alembic_version"}]
    await asyncio.to_thread(upgrade, url, "notification")
    entry = await office.registered()
    assert await office.told(entry) == [("registration.created", "pending")]
    await office.close()


def test_a_start_without_settings_names_all_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in REQUIRED:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingSettings) as stopped:
        load(Settings)
    assert all(name in str(stopped.value) for name in REQUIRED)


@pytest.mark.usefixtures("logging_put_back")
async def test_the_application_starts_from_the_environment_alone(
    fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(await fresh_database("notification"))
    values = (
        settings.database_url,
        "amqp://unused",
        settings.secret_keys.get_secret_value(),
        "http://identity.test/jwks",
    )
    for name, value in zip(REQUIRED, values, strict=True):
        monkeypatch.setenv(name, value)
    app = SERVICE.create_app()
    async with app.router.lifespan_context(app):
        assert app.state.database.service == "notification"
        assert (await app.state.checks["database"]()) is True


def test_every_event_the_service_listens_to_has_a_handler() -> None:
    assert handlers.kinds == {(payload.TYPE, payload.VERSION) for payload in SUBSCRIPTIONS["notification"]}


@asynccontextmanager
async def working(office: PostOffice, transport: Transport) -> AsyncIterator[None]:
    worker = SERVICE.build_worker(office.settings, office.database, transport)
    await transport.start()
    await worker.start()
    try:
        yield
    finally:
        await transport.stop()
        await worker.stop()


def message(payload: Payload, office: PostOffice) -> Message:
    event = Event[Any].of(
        payload,
        source="registration",
        subject=payload.registration_id,  # type: ignore[attr-defined]  # every payload here has it
        occurred_at=office.database.clock(),
        correlation_id="story",
    )
    return on_its_way(event)


async def a_ticket_told_over(office: PostOffice, stage: Stage, transport: Transport) -> None:
    """The confirmation comes before the registration, everything twice; each runner gets one ticket on each channel."""
    await office.put_settings(whatsapp_delay_seconds=0, email_delay_seconds=0)
    entry = office.an_entry(runner("Ani"), runner("Bima", is_pic=False))
    async with working(office, transport):
        for each in (message(entry.confirmed(), office), message(entry.created(), office)):
            await transport.publish(each)
            await transport.publish(each)

        async def everybody_has_a_ticket() -> bool:
            rows = await office.rows(
                "SELECT 1 FROM notifications WHERE event_type = 'registration.confirmed'"
                " AND status IN ('sent', 'delivered')"
            )
            return len(rows) == 4

        await eventually(everybody_has_a_ticket, within=20)
    tickets = [item for item in await stage.items("mail") if item.get("attachments")]
    assert sorted(item["to"] for item in tickets) == sorted(each.email for each in entry.runners)
    codes = set(entry.codes.values())
    linked = [item["text"] for item in await stage.items("whatsapp") if any(code in item["text"] for code in codes)]
    assert len(linked) == 2


async def test_a_ticket_in_one_process(connected: PostOffice, stage: Stage) -> None:
    transport = InProcessTransport()
    for service in SUBSCRIPTIONS:
        if service != "notification":
            transport.listen(service, deliver=_pass_over, dead_letter=_pass_over)
    await a_ticket_told_over(connected, stage, transport)


async def _pass_over(_: bytes, __: str) -> None:
    """Other services hear the same news; here they are none of our business."""


async def test_a_ticket_over_rabbitmq(
    connected: PostOffice, stage: Stage, rabbitmq_url: str, broker_prefix: BrokerPrefix
) -> None:
    await a_ticket_told_over(connected, stage, RabbitTransport(rabbitmq_url, names=Names(broker_prefix)))


async def test_the_worker_finds_what_a_dead_one_left(connected: PostOffice, clock: ManualClock) -> None:
    await connected.registered()
    await connected.execute(
        "UPDATE notifications SET status = 'sending', lease = gen_random_uuid(), leased_until = now() - interval '1 s'"
    )

    async def both_were_sent() -> bool:
        return {each["status"] for each in await connected.log()} == {"sent"}

    async with working(connected, InProcessTransport()):
        await eventually(both_were_sent)


async def test_with_the_database_down_every_route_says_so(clock: ManualClock) -> None:
    nowhere = PostOffice(settings_for("postgresql+asyncpg://postgres@127.0.0.1:1/none"), clock=clock)
    for method, path, body in (
        ("GET", "/notifications", None),
        ("POST", "/notifications/retry-failed", None),
        ("GET", "/settings", None),
        ("PUT", "/settings", {}),
        ("GET", "/senders", None),
        ("GET", "/templates", None),
        ("POST", f"/webhooks/fonnte/{WEBHOOK_SECRET}", {"id": "1"}),
    ):
        answer = await nowhere.call(method, path, nowhere.admin, body)
        assert (answer.status, answer.code) == (503, "unavailable"), (method, path)
    await nowhere.close()


@pytest.mark.usefixtures("logging_put_back")
async def test_no_secret_and_no_person_reaches_the_logs(
    connected: PostOffice, stage: Stage, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    # given
    configure_logging("DEBUG")
    await connected.put_settings(fonnte_api_key="canary-token", smtp_username="race", smtp_password="canary-password")
    canary = runner("Zulkarnain Canary", email="canary@example.com", whatsapp="6281298765432")
    entry = connected.an_entry(canary)
    await connected.hear(
        entry.created(access=entry.code()),
        entry.confirmed(),
        AccessReplaced(registration_id=entry.id, access=entry.code(2)),
    )
    # when
    for mode in ("failing", "disconnected", "timeout", "ok"):
        await stage.mode("whatsapp", mode)
        await connected.ticketed(canary.model_copy(update={"participant_id": connected.an_entry().id}))
        await connected.send(Channel.WHATSAPP, rounds=2)
    for mode in ("failing", "deferred", "down", "ok"):
        await stage.mode("mail", mode)
        await connected.send(Channel.EMAIL, rounds=2)
    await connected.call("POST", f"/webhooks/fonnte/{WEBHOOK_SECRET}", body={"id": "1", "state": "sent"})
    links = (entry.link(3),)
    request = AccessLinksRequested(request_id=entry.id, kind=ContactKind.WHATSAPP, contact=canary.whatsapp, links=links)
    await connected.deliver(request, subject=request.request_id)
    clock.advance(timedelta(minutes=1))
    await connected.send(Channel.WHATSAPP)
    # then
    said = "".join(capsys.readouterr())
    assert "message_attempted" in said
    codes = [entry.code(version).code for version in (1, 2, 3)]
    assert any(codes[2] in item["text"] for item in await stage.items("whatsapp"))
    secrets = ("canary", "Zulkarnain", "81298765432", WEBHOOK_SECRET, *entry.codes.values(), *codes)
    for secret in secrets:
        assert secret not in said.replace("test_no_secret", ""), secret
